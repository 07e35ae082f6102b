"""Several Parquet files put together without reading their pages."""

from __future__ import annotations

import contextlib
import io
from datetime import time

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from amltui.formats.parquet_constant import ConstantColumns
from amltui.formats.parquet_join import MAGIC, TAIL, NotParquet, footer_length, joined


def written(table, **options):
    out = io.BytesIO()
    pq.write_table(table, out, **options)
    return out.getvalue()


def parts(data):
    length = footer_length(data[-TAIL:])
    return len(data), data[-TAIL - length : -TAIL]


def together(files, constants=None):
    found = joined([parts(data) for data in files], constants)
    if found is None:
        return None
    pieces = [
        data[start:stop] + between
        for data, (start, stop), between in zip(files, found.kept, found.between, strict=True)
    ]
    return MAGIC + b"".join(pieces) + found.footer


COLUMNS = {
    "number": st.integers(-(2**63), 2**63 - 1) | st.none(),
    "text": st.text(max_size=8) | st.none(),
    "flag": st.booleans() | st.none(),
    "list": st.lists(st.integers(0, 9), max_size=3) | st.none(),
}
SCHEMA = pa.schema(
    [("number", pa.int64()), ("text", pa.string()), ("flag", pa.bool_()),
     ("list", pa.list_(pa.int32()))]
)  # fmt: skip
ROWS = st.lists(st.fixed_dictionaries(COLUMNS), max_size=20)


@settings(deadline=None)  # the first one loads pyarrow
@given(
    st.lists(
        st.tuples(
            ROWS,
            st.sampled_from(["NONE", "SNAPPY", "ZSTD", "GZIP"]),
            st.integers(1, 7),
            st.booleans(),
            st.sampled_from(["1.0", "2.6"]),
        ),
        min_size=1,
        max_size=4,
    )
)
def test_what_is_put_together_reads_as_the_files_one_after_the_other(files):
    tables = [pa.Table.from_pylist(rows, SCHEMA) for rows, *_ in files]
    made = together(
        [
            written(
                table,
                compression=packed,
                row_group_size=rows,
                use_dictionary=coded,
                write_page_index=coded,
                version=version,
            )
            for table, (_, packed, rows, coded, version) in zip(tables, files, strict=True)
        ]
    )
    assert pq.read_table(io.BytesIO(made)).equals(pa.concat_tables(tables))


def test_a_single_group_of_it_is_read_with_its_statistics():
    files = [written(pa.table({"a": range(at, at + 1000)}), row_group_size=100) for at in (0, 5000)]
    whole = pq.ParquetFile(io.BytesIO(together(files)))
    assert (whole.num_row_groups, whole.metadata.num_rows) == (20, 2000)
    assert whole.read_row_group(13)["a"].to_pylist() == list(range(5300, 5400))
    assert whole.metadata.row_group(13).column(0).statistics.min == 5300
    filtered = pq.read_table(io.BytesIO(together(files)), filters=[("a", ">", 5990)])
    assert filtered["a"].to_pylist() == list(range(5991, 6000))


KEPT = pa.schema([("a", pa.int16()), ("list", pa.list_(pa.int32()))])
VALUES = {
    pa.int64(): [2024, -1, None],
    pa.float64(): [0.0, float("inf"), None],
    pa.bool_(): [True, None, False],
    pa.string(): ["é/ x", "", None],
    pa.date32(): ["2024-02-29", "0001-01-01", None],
    pa.timestamp("us"): ["2024-01-01 10:00", None, "0001-01-01 00:00"],
    pa.timestamp("us", "UTC"): ["2024-01-01T10:00Z", None, None],
    pa.timestamp("ns"): ["2024-01-01 10:00", None, "2000-01-01 00:00:00.000000001"],
    pa.time64("us"): [time(10, 30), None, time(0)],
}


@pytest.mark.parametrize("kind", VALUES, ids=str)
@pytest.mark.parametrize("arrow", [True, False])
def test_a_column_that_is_added_has_one_value_in_each_file(kind, arrow, tmp_path):
    tables = [
        pa.table({"a": [*range(rows)], "list": [[1], None] * (rows // 2)}, KEPT)
        for rows in (300, 8, 0)
    ]
    files = [written(one, row_group_size=100, store_schema=arrow) for one in tables]
    values = pa.array(VALUES[kind])
    if values.type != kind:
        values = values.cast(kind)
    made = together(files, ConstantColumns(["k", "part"], [pa.array([1, 2, 3]), values]))
    expected = values.take([0] * 300 + [1] * 8)
    found = pq.read_table(io.BytesIO(made))
    assert found.column_names == ["k", "part", "a", "list"]
    assert found.schema.field("part").type == kind
    assert found["part"].combine_chunks().equals(expected)
    assert found.select(["a", "list"]).equals(pa.concat_tables(tables))
    found.validate(full=True)
    (tmp_path / "t.parquet").write_bytes(made)
    there = duckdb.sql(f"select part from '{tmp_path}/t.parquet'").to_arrow_table()
    assert there["part"].cast(kind).combine_chunks().equals(expected)


def test_who_asks_for_one_value_of_it_reads_the_pages_of_its_files_only(tmp_path):
    files = [written(pa.table({"a": [str(at)] * 10})) for at in range(3)]
    made = bytearray(together(files, ConstantColumns(["k"], [pa.array([5, 6, 7])])))
    made[4 : len(files[0]) // 2] = bytes(len(files[0]) // 2 - 4)  # the first file is damaged
    (tmp_path / "t.parquet").write_bytes(made)
    found = duckdb.sql(f"select a from '{tmp_path}/t.parquet' where k = 7").fetchall()
    assert found == [("2",)] * 10


def test_a_column_of_the_files_with_the_name_of_one_that_is_added_is_called_otherwise():
    table = pa.table({"a": [1, 2], "k": [[3], None], "k.1": [4, 5]})
    for options in ({}, {"store_schema": False}):
        made = together([written(table, **options)], ConstantColumns(["k"], [pa.array(["x"])]))
        found = pq.read_table(io.BytesIO(made))
        assert found.to_pydict() == {
            "k": ["x", "x"], "a": [1, 2], "k.1": [[3], None], "k.1.1": [4, 5],
        }  # fmt: skip


def test_files_of_other_schemas_are_no_one_table():
    one = written(pa.table({"a": [1]}))
    for other in (pa.table({"a": ["x"]}), pa.table({"b": [1]}), pa.table({"a": [1], "b": [1]})):
        assert together([one, written(other)]) is None


@pytest.mark.parametrize("data", [b"", b"PAR1", b"a,b\n1,2\n", b"x" * 100, b"PAR1\xff\0\0\0PARE"])
def test_what_is_no_parquet_file_is_refused(data):
    with pytest.raises(NotParquet):
        joined([parts(data)])


@given(st.binary(max_size=60))
def test_a_damaged_footer_is_refused_or_read_and_nothing_else(footer):
    with contextlib.suppress(NotParquet):
        joined([(1000, footer)])


def test_every_cut_of_a_footer_is_refused():
    size, footer = parts(written(pa.table({"a": [1, 2], "b": ["x", "y"]})))
    for cut in range(len(footer)):
        with pytest.raises(NotParquet):
            joined([(size, footer[:cut])])
