"""Several Parquet files put together without reading their pages."""

from __future__ import annotations

import contextlib
import io

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from amltui.formats.parquet_join import MAGIC, TAIL, NotParquet, footer_length, joined


def written(table, **options):
    out = io.BytesIO()
    pq.write_table(table, out, **options)
    return out.getvalue()


def parts(data):
    length = footer_length(data[-TAIL:])
    return len(data), data[-TAIL - length : -TAIL]


def together(files):
    found = joined([parts(data) for data in files])
    if found is None:
        return None
    pieces = [data[start:stop] for data, (start, stop) in zip(files, found.kept, strict=True)]
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
