"""Writing a text table as Parquet."""

from __future__ import annotations

from datetime import date

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from amltui.formats import format_of
from amltui.tables import ingest, open_table
from amltui.tables.export import write_parquet


@pytest.fixture
def table(tmp_path):
    source = tmp_path / "data.csv"
    source.write_text(
        "whole,real,day,text,mixed,wide\n"
        "1,1.5,2024-02-29,007a,1,9\n"
        "-2,,2024-03-01,,x,99999999999999999999999\n"
        ",nan,,b,3,1\n"
    )
    ingest(source, format_of("GenericCSV"), tmp_path / "table")
    with open_table(tmp_path / "table", source) as found:
        yield found


def test_columns_keep_the_types_that_all_their_values_have(table, tmp_path):
    write_parquet(table, tmp_path / "out.parquet")
    written = pq.read_table(tmp_path / "out.parquet")
    assert written.schema.field("whole").type == pa.int64()
    assert written.schema.field("real").type == pa.float64()
    assert written.column("whole").to_pylist() == [1, -2, None]
    assert written.column("day").to_pylist() == [date(2024, 2, 29), date(2024, 3, 1), None]


def test_a_column_with_a_value_of_another_type_stays_text_as_a_whole(table, tmp_path):
    write_parquet(table, tmp_path / "out.parquet")
    written = pq.read_table(tmp_path / "out.parquet")
    assert written.column("mixed").to_pylist() == ["1", "x", "3"]
    assert written.column("wide").to_pylist() == [9, 99999999999999999999999, 1]
