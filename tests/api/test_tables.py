"""Frames of contents whose type the old client could not read: Parquet, JSON Lines, packed text."""

import gzip
import io
import json

import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet as pq
import pytest

from amltui.errors import AmltuiError

TABLE = pa.table({"n": [1, 2, None], "t": ["007", "b", None], "l": [[1], None, []]})


def parquet():
    sink = io.BytesIO()
    pq.write_table(TABLE, sink)
    return sink.getvalue()


def feather():
    sink = io.BytesIO()
    pyarrow.feather.write_feather(TABLE, sink)
    return sink.getvalue()


@pytest.mark.parametrize(("end", "make"), [("parquet", parquet), ("feather", feather)])
def test_a_table_with_types_of_its_own_keeps_them(ws, end, make):
    made = ws.datasets.add_from_raw_data(make(), "Binary", f"own types.{end}", "a table")
    assert made.to_arrow().equals(TABLE)
    assert made.to_dataframe()["n"].tolist()[:2] == [1.0, 2.0]


@pytest.mark.parametrize("end", ["parquet", "feather"])
def test_text_that_is_not_utf8_keeps_its_type_and_shows_which_bytes_it_has(ws, end):
    start, data = pa.py_buffer(b"\0\0\0\0\4\0\0\0\5\0\0\0"), pa.py_buffer(b"caf\xe9x")
    texts = pa.StringArray.from_buffers(2, start, data)
    table = pa.table({"s": texts, "l": pa.ListArray.from_arrays(pa.array([0, 1, 2]), texts)})
    sink = io.BytesIO()
    (pq.write_table if end == "parquet" else pyarrow.feather.write_feather)(table, sink)
    made = ws.datasets.add_from_raw_data(sink.getvalue(), "Binary", f"latin.{end}", "a table")
    assert made.to_arrow().to_pylist() == [
        {"s": "caf\\xe9", "l": ["caf\\xe9"]},
        {"s": "x", "l": ["x"]},
    ]
    assert made.to_arrow().schema.equals(table.schema)
    assert made.to_dataframe()["s"].tolist() == ["caf\\xe9", "x"]


def test_text_that_is_found_in_a_content_gets_types(ws):
    lines = b"".join(json.dumps({"i": i, "f": i / 2, "s": "x"}).encode() + b"\n" for i in range(9))
    made = ws.datasets.add_from_raw_data(gzip.compress(lines), "Binary", "lines.jsonl.gz", "json")
    found = made.to_arrow()
    assert [str(one.type) for one in found.schema] == ["int64", "double", "string"]
    assert found.column("f").to_pylist() == [i / 2 for i in range(9)]
    assert made.to_dataframe()["i"].sum() == 36


async def test_the_async_library_reads_them_too_and_says_what_is_no_table(ws, aws):
    ws.datasets.add_from_raw_data(parquet(), "Binary", "for async.parquet", "a table")
    ws.datasets.add_from_raw_data(b"\0\1\2" * 100, "Binary", "broken.parquet", "no table")
    made = await aws.datasets.get("for async.parquet")
    assert (await made.to_arrow()).equals(TABLE)
    broken = await aws.datasets.get("broken.parquet")
    with pytest.raises(AmltuiError):
        await broken.to_arrow()


def test_a_type_without_frames_has_none_where_its_name_says_nothing(ws):
    made = ws.datasets.add_from_raw_data(parquet(), "Zip", "no telling name", "a table")
    assert not hasattr(made, "to_dataframe")
