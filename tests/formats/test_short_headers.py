"""Headers with fewer names than the rows have fields, and lines that name the delimiter."""

from __future__ import annotations

import io

import pytest

from amltui.errors import Unreadable
from amltui.formats import format_of
from amltui.formats.frames import deserialize_dataframe, deserialize_table
from amltui.tables import first_rows, ingest, open_table
from amltui.tables.index_making import index_rows
from amltui.tables.indexed import IndexedRows
from amltui.tables.source import FileStream, OpenFile
from tests.support.tables import all_rows, read_in_pieces


def at_every_door(data, data_type_id="GenericCSV"):
    """Names and rows, equal in preview, index, frame and Arrow table."""
    found = first_rows(data, format_of(data_type_id), whole=True)
    names, rows = [column.name for column in found.columns], all_rows(found)
    assert not found.malformed
    # In pieces that end anywhere in a row; of a long content a thousand of them tell enough.
    slow, in_pieces, _ = read_in_pieces(data, data_type_id, max(7, len(data) // 1000))
    assert (list(slow), in_pieces) == (names, rows)
    table = deserialize_table(io.BytesIO(data), data_type_id)
    frame = deserialize_dataframe(io.BytesIO(data), data_type_id)
    texts = [[None if v is None else str(v) for v in row.values()] for row in table.to_pylist()]
    assert texts == rows
    if format_of(data_type_id).header:
        assert table.column_names == list(frame.columns) == names
    assert list(frame.index) == list(range(len(rows)))
    return names, rows


@pytest.mark.parametrize("rows", [1, 2, 300, 30_000])
def test_row_names_without_a_header_are_a_column_at_every_door(rows):
    data = b"a,b\n" + b"".join(b"r%d,%d,x\n" % (row, row) for row in range(rows))
    names, found = at_every_door(data)
    assert names == ["Unnamed: 0", "a", "b"]
    assert found[-1] == [f"r{rows - 1}", str(rows - 1), "x"]


def test_a_delimiter_at_the_end_of_every_row_makes_a_last_column_without_a_name():
    assert at_every_door(b"a,b\n1,2,\n3,4,\n") == (
        ["a", "b", "Unnamed: 2"],
        [["1", "2", None], ["3", "4", None]],
    )


def test_a_value_in_the_last_field_of_one_row_makes_the_first_column_the_nameless_one():
    assert at_every_door(b"a,b\nr1,2,\nr2,4,5.5\n")[0] == ["Unnamed: 0", "a", "b"]


def test_a_title_above_the_table_hides_no_column():
    assert at_every_door(b"Report\nx,y,w\nz,v,u\n") == (
        ["Report", "Unnamed: 1", "Unnamed: 2"],
        [["x", "y", "w"], ["z", "v", "u"]],
    )


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16-le"])
@pytest.mark.parametrize("rows", [2, 300])
def test_a_short_first_row_without_a_header_hides_no_column_at_any_door(rows, encoding):
    data = "a,x\n" + "".join(f"b{row},y,z{row}\n" for row in range(rows))
    found = first_rows(data.encode(encoding), format_of("GenericCSVNoHeader"), whole=True)
    assert [(bad.row, bad.reason) for bad in found.malformed] == [(0, "2 fields, 3 expected")]
    assert all_rows(found)[:2] == [["a", "x", None], ["b0", "y", "z0"]]
    slow, in_pieces, _ = read_in_pieces(data.encode(encoding), "GenericCSVNoHeader", 7)
    assert (len(slow), in_pieces) == (3, all_rows(found))
    frame = deserialize_dataframe(io.BytesIO(data.encode(encoding)), "GenericCSVNoHeader")
    assert list(frame.columns) == [0, 1, 2]
    assert frame.iloc[-1].tolist() == [f"b{rows - 1}", "y", f"z{rows - 1}"]
    assert frame[2].isna().sum() == 1


def test_a_short_first_row_of_a_large_content_hides_no_column_of_a_frame():
    data = b"a,x\n" + b"bb,yy,zz\n" * 200_000
    frame = deserialize_dataframe(io.BytesIO(data), "GenericCSVNoHeader")
    assert frame.shape == (200_001, 3)
    assert frame[2].isna().sum() == 1


def test_comments_above_a_table_leave_its_values_in_their_columns_at_every_door():
    data = b"# made by a tool\n# units: m\nt,h\n0,1.5\n1,1.7\n"
    found = first_rows(data, format_of("GenericCSV"), whole=True)
    frame = deserialize_dataframe(io.BytesIO(data), "GenericCSV")
    assert [column.name for column in found.columns] == list(frame.columns)
    assert frame.astype(object).where(frame.notna(), None).values.tolist() == all_rows(found)


def test_one_long_row_does_not_make_the_header_short():
    data = b"a,b\n1,2,3\n4,5\n6,7\n"
    found = first_rows(data, format_of("GenericCSV"), whole=True)
    assert [column.name for column in found.columns] == ["a", "b"]
    assert [(bad.line, bad.reason) for bad in found.malformed] == [(2, "3 fields, 2 expected")]
    with pytest.raises(Unreadable):
        deserialize_dataframe(io.BytesIO(data), "GenericCSV")


@pytest.mark.parametrize("line", [b"sep=;\r\n", b'"sep=;"\n', b"SEP=;\n", b"\xef\xbb\xbfsep=;\r"])
def test_the_line_that_names_the_delimiter_for_excel_is_no_row(line):
    assert at_every_door(line + b"a;b\n1;x,y\n") == (["a", "b"], [["1", "x,y"]])
    assert at_every_door(line + b"1;x\n2;y\n", "GenericCSVNoHeader")[1] == [["1", "x"], ["2", "y"]]


def test_a_column_may_be_named_sep():
    assert at_every_door(b"sep=,x\n1,2\n")[0] == ["sep=", "x"]
    assert at_every_door(b"sep\n1\n")[0] == ["sep"]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le"])
@pytest.mark.parametrize("data_type_id", ["GenericCSV", "GenericTSV"])
def test_utf_16_and_32_read_the_same_at_every_door(encoding, data_type_id):
    text = "name,city\nJosé,Málaga\n東京,北京\n".replace(",", format_of(data_type_id).delimiter)
    assert at_every_door(text.encode(encoding), data_type_id) == (
        ["name", "city"],
        [["José", "Málaga"], ["東京", "北京"]],
    )


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-be", "utf-32"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_plain_text_has_the_same_rows_at_every_door(encoding, end):
    lines = ["über", "", "zwei", "drei drei"]
    data = end.join(lines).encode(encoding)
    assert deserialize_dataframe(io.BytesIO(data), "PlainText")[0].tolist() == lines
    assert all_rows(first_rows(data, format_of("PlainText"), whole=True)) == [[x] for x in lines]


def test_a_long_value_is_read_whole_by_the_delimiter_that_the_first_line_names(tmp_path):
    long, path = "x" * 9_000_000, tmp_path / "content"
    path.write_bytes(f'sep=;\na;b\n"{long}"and, more;2\n3;4\n'.encode())
    ingest(path, format_of("GenericCSV"), tmp_path / "table")
    with open_table(tmp_path / "table", path) as table:
        assert table.cell(0, 0) == long + "and, more"
        assert table.cell(0, 1) == "2"
    with FileStream(path) as stream:
        index = index_rows(stream, format_of("GenericCSV"))
    rows = IndexedRows(OpenFile.at(path), index)
    assert rows.cell(0, 0) == long + "and, more"
    rows.close()
