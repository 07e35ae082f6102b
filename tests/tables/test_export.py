"""Writing a text table as Parquet."""

from __future__ import annotations

import json
import zipfile
from datetime import date, datetime

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from openpyxl.utils.escape import unescape

from amltui.errors import UsageError
from amltui.formats import format_of
from amltui.tables import ingest, open_table, workbook
from amltui.tables.export import export, write_parquet
from amltui.tables.file_rows import content_table
from amltui.tables.queries import SortKey, sort


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


HOSTILE = 'id,name,ok\n1,"a|b\n*c*",true\n2,,false\n3,"",NA\n'


def exported(tmp_path, ending, columns=(0, 1, 2)):
    path = tmp_path / "rows.csv"
    path.write_text(HOSTILE)
    (tmp_path / "scratch").mkdir()
    with content_table(path, tmp_path / "scratch") as table:
        target = tmp_path / f"out{ending}"
        shown = sort(table, [SortKey(0, descending=True)])
        assert export(shown, target, columns) == 3
        shown.close()
    assert [one.name for one in tmp_path.glob(".*")] == []
    return target


def test_rows_are_exported_in_the_order_in_which_they_are_shown(tmp_path):
    assert exported(tmp_path, ".csv").read_text() == (
        'id,name,ok\n3,"",NA\n2,,false\n1,"a|b\n*c*",true\n'
    )


def test_hidden_columns_are_left_out_of_an_export(tmp_path):
    assert exported(tmp_path, ".tsv", [2, 0]).read_text() == "ok\tid\nNA\t3\nfalse\t2\ntrue\t1\n"


def test_json_lines_have_numbers_and_nulls(tmp_path):
    lines = exported(tmp_path, ".jsonl").read_text().splitlines()
    assert [json.loads(line) for line in lines][1:] == [
        {"id": 2, "name": None, "ok": False},
        {"id": 1, "name": "a|b\n*c*", "ok": True},
    ]


def test_markdown_shows_what_stands_in_a_cell(tmp_path):
    assert exported(tmp_path, ".md").read_text().splitlines() == [
        "| id | name | ok |",
        "| ---: | --- | --- |",
        "| 3 |  | NA |",
        "| 2 |  | false |",
        r"| 1 | a\|b<br>\*c\* | true |",
    ]


def test_parquet_of_shown_rows_has_types(tmp_path):
    table = pq.read_table(exported(tmp_path, ".parquet"))
    assert table.column("id").to_pylist() == [3, 2, 1]


def workbook_of(tmp_path, text):
    """What Excel finds in a table of `text` that was exported: rows of (value, kind)."""
    (tmp_path / "rows.csv").write_text(text)
    (tmp_path / "scratch").mkdir()
    with content_table(tmp_path / "rows.csv", tmp_path / "scratch") as table:
        export(table, tmp_path / "out.xlsx", range(len(table.columns)))
    sheet = openpyxl.load_workbook(tmp_path / "out.xlsx").active
    assert sheet is not None
    return [[(cell.value, cell.data_type) for cell in row] for row in sheet.iter_rows()]


def test_a_workbook_has_numbers_truth_values_and_dates_where_they_are_exact(tmp_path):
    names, *rows = workbook_of(
        tmp_path,
        "n,x,ok,day,at,code\n"
        "1,0.5,true,2024-02-29,2024-02-29 10:00:00,007\n"
        "1234567890123456789,nan,false,1850-01-01,2024-02-29 10:00:00.25,008\n"
        ",,,,,\n",
    )
    assert [value for value, _ in names] == ["n", "x", "ok", "day", "at", "code"]
    assert [value for value, _ in rows[0]] == [
        1,
        0.5,
        True,
        datetime.fromisoformat("2024-02-29"),
        datetime.fromisoformat("2024-02-29 10:00"),
        "007",
    ]
    exact = ["1234567890123456789", None, False, "1850-01-01", "2024-02-29 10:00:00.25", "008"]
    assert [value for value, _ in rows[1]] == exact
    assert all(value is None for row in rows[2:] for value, _ in row)


@pytest.mark.parametrize(
    "hostile",
    [
        '=HYPERLINK("http://example.org")',
        "=1+1",
        "+1+1",
        "-cmd|' /C calc'!A0",
        "@SUM(A1)",
        "{=1}",
        "http://example.org",
        "mailto:a@example.org",
        "<script>&amp;",
        "\x1b[31m\x00",
        "_x0041_",
    ],
)
def test_hostile_cells_and_names_of_a_workbook_are_text_as_they_were(tmp_path, hostile):
    rows = workbook_of(tmp_path, '"{0}",b\n"{0}",x\n'.format(hostile.replace('"', '""')))
    for value, kind in (rows[0][0], rows[1][0]):
        assert (unescape(str(value)), kind) == (hostile, "s")
    with zipfile.ZipFile(tmp_path / "out.xlsx") as parts:
        assert b"<f>" not in parts.read("xl/worksheets/sheet1.xml")
        assert not [name for name in parts.namelist() if "rels" in name and "sheet1" in name]


def test_what_a_sheet_of_excel_cannot_hold_is_refused_and_nothing_is_left(tmp_path, monkeypatch):
    with pytest.raises(UsageError, match="row 1 of a"):
        workbook_of(tmp_path, "a,b\n" + "x" * 32_768 + ",1\n")
    monkeypatch.setattr(workbook, "ROWS", 1)
    (tmp_path / "few").mkdir()
    with pytest.raises(UsageError, match="holds 1 rows, and these are 2"):
        workbook_of(tmp_path / "few", "a,b\n1,2\n3,4\n")
    assert not list(tmp_path.rglob("*.xlsx"))


def test_an_ending_that_names_no_format_is_refused_before_anything_is_written(tmp_path):
    with pytest.raises(UsageError, match="ending"):
        exported(tmp_path, ".xyz")
    assert not (tmp_path / "out.xyz").exists()
