from __future__ import annotations

import csv
import io

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from amltui.formats import format_of
from amltui.formats.encoding import sniff
from amltui.tables import first_rows
from tests.formats.reference import columns_of, fitted, parse
from tests.support.tables import all_rows, read_in_pieces

CSV, TSV = "GenericCSV", "GenericTSV"
BARE_CSV, BARE_TSV = "GenericCSVNoHeader", "GenericTSVNoHeader"


def rows_of(data, data_type_id=BARE_CSV):
    return first_rows(data, format_of(data_type_id), whole=True)


def test_a_header_names_the_columns_and_is_no_row():
    found = rows_of(b"a,b\n1,2\n", CSV)
    assert [column.name for column in found.columns] == ["a", "b"]
    assert all_rows(found) == [["1", "2"]]


def test_without_a_header_the_first_row_is_data():
    found = rows_of(b"a,b\n1,2\n")
    assert [column.name for column in found.columns] == ["Col1", "Col2"]
    assert all_rows(found) == [["a", "b"], ["1", "2"]]


def test_nothing_between_delimiters_is_missing_and_empty_quotes_are_an_empty_string():
    assert all_rows(rows_of(b'x,,""\n')) == [["x", None, ""]]


def test_text_stays_as_it_is_written():
    assert all_rows(rows_of(b"007,1.50,+3,NA,TRUE\n")) == [["007", "1.50", "+3", "NA", "TRUE"]]


def test_csv_drops_spaces_after_a_delimiter_and_tsv_keeps_them():
    assert all_rows(rows_of(b' a,  "b, c", d\n')) == [["a", "b, c", "d"]]
    assert all_rows(rows_of(b" a\t  b\t c\n", BARE_TSV)) == [[" a", "  b", " c"]]


def test_spaces_inside_quotes_and_before_delimiters_stay():
    assert all_rows(rows_of(b'" a, b" ,c \n')) == [[" a, b ", "c "]]


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
@pytest.mark.parametrize("last", [True, False])
def test_every_line_end_ends_a_row_and_the_last_may_have_none(mark, end, last):
    data = mark + end.join([b"a,b", b'1,"x' + end + b'y"', b"2,z"]) + (end if last else b"")
    found = rows_of(data, CSV)
    assert [column.name for column in found.columns] == ["a", "b"]
    assert all_rows(found) == [["1", "x" + end.decode() + "y"], ["2", "z"]]
    assert not found.malformed


def test_empty_and_header_only_files_have_no_rows():
    assert all_rows(rows_of(b"", CSV)) == []
    assert rows_of(b"", CSV).columns == ()
    found = rows_of(b"a,b", CSV)
    assert ([column.name for column in found.columns], found.row_count) == (["a", "b"], 0)
    assert rows_of(b"\n\r\n\n", CSV).row_count == 0


def test_duplicate_and_empty_names_are_told_apart_as_pandas_does():
    found = rows_of(b"a,,a,a.1,,a\n1,2,3,4,5,6\n", CSV)
    names = [column.name for column in found.columns]
    assert names[:3] == ["a", "Unnamed: 1", "a.1"]
    assert len(set(names)) == 6


def test_rows_with_too_few_or_too_many_fields_stay_in_the_table_and_are_reported():
    found = rows_of(b'a,b,c\n1,2,3\n4\n\n5,6,7,"8",9\n"x\ny",2,3\n7,8\n', CSV)
    assert all_rows(found) == [
        ["1", "2", "3"],
        ["4", None, None],
        ["5", "6", '7,"8",9'],
        ["x\ny", "2", "3"],
        ["7", "8", None],
    ]
    assert [(bad.row, bad.line, bad.text) for bad in found.malformed] == [
        (1, 3, "4"),
        (2, 5, '5,6,7,"8",9'),
        (4, 8, "7,8"),
    ]
    assert found.malformed[0].reason == "1 fields, 3 expected"


def test_a_quote_that_is_never_closed_spoils_only_its_own_line():
    found = rows_of(b'a,b\n1,"x\n2,y\n3,"z"\n4,w\n', CSV)
    assert all_rows(found)[0][0] == "1"
    found = rows_of(b'a,b\n0,v\n1,"x\n2,y\n3,z\n', CSV)
    assert all_rows(found) == [["0", "v"], ["1", '"x'], ["2", "y"], ["3", "z"]]
    assert [(bad.row, bad.line, bad.reason) for bad in found.malformed] == [
        (1, 3, "quote never closed")
    ]


def test_after_a_quote_that_is_never_closed_others_keep_their_meaning():
    found = rows_of(b'a,b\n1,"x\n2,""\n3,y""z\n4,""\n' + b'5,""\n' * 10, CSV)
    assert all_rows(found)[:4] == [["1", '"x'], ["2", ""], ["3", 'y""z'], ["4", ""]]
    assert [bad.reason for bad in found.malformed] == ["quote never closed"]


def test_text_after_a_closing_quote_is_kept_and_reported():
    found = rows_of(b'a,b\n"x"y,2\n3,4\n', CSV)
    assert all_rows(found) == [["xy", "2"], ["3", "4"]]
    assert [(bad.line, bad.reason, bad.text) for bad in found.malformed] == [
        (2, "text after a closing quote", '"x"y,2')
    ]


def test_quotes_inside_plain_fields_are_characters():
    found = rows_of(b'5" pipe,a"b"\n6" pipe,"x, y"\n')
    assert all_rows(found) == [['5" pipe', 'a"b"'], ['6" pipe', "x, y"]]
    assert not found.malformed


def test_quotes_may_hold_a_line_end_in_the_header_and_have_spaces_after_them():
    found = rows_of(b'"a\nb",c\n1,2\n"x"  ,"y" \n', CSV)
    assert [column.name for column in found.columns] == ["a\nb", "c"]
    assert all_rows(found) == [["1", "2"], ["x  ", "y "]]
    assert not found.malformed
    assert all_rows(rows_of(b'"x\ty"\tz\n', BARE_TSV)) == [["x\ty", "z"]]


def test_nul_and_control_characters_are_kept():
    assert all_rows(rows_of(b"a\x00b,\x1b[31m\n\x00,\x07\n")) == [
        ["a\x00b", "\x1b[31m"],
        ["\x00", "\x07"],
    ]


def test_five_thousand_columns_are_read():
    names = ",".join(f"c{i}" for i in range(5000))
    row = ",".join(str(i) for i in range(5000))
    found = rows_of(f"{names}\n{row}\n{row}\n".encode(), CSV)
    assert len(found.columns) == 5000
    assert found.window(1, 2, [0, 4999]) == [["0"], ["4999"]]


def test_the_first_bytes_of_a_file_give_whole_rows_only():
    found = first_rows(b'a,b\n1,"x\ny"\n2,"z\nrest', format_of(CSV), whole=False)
    assert all_rows(found) == [["1", "x\ny"]]
    assert not found.complete
    assert not found.malformed


CELLS = st.one_of(
    st.none(),
    st.text(st.characters(codec="utf-8"), max_size=6),
    st.text(st.sampled_from('a",\t\n\r \x00é0'), max_size=6),
)


@st.composite
def tables(draw):
    width = draw(st.integers(2, 5))
    return draw(st.lists(st.lists(CELLS, min_size=width, max_size=width), min_size=1, max_size=8))


def write(rows, delimiter, end):
    """As spreadsheets write: quoted where it must be, or where a missing value is not meant."""

    def cell(value):
        if value is None:
            return ""
        if value == "" or value[0] == " " or set(value) & set('",\t\r\n'):
            return '"' + value.replace('"', '""') + '"'
        return value

    return "".join(delimiter.join(map(cell, row)) + end for row in rows).encode()


@settings(max_examples=150, deadline=None)
@given(tables(), st.sampled_from([BARE_CSV, BARE_TSV]), st.sampled_from(["\n", "\r\n", "\r"]))
@example([["\ufeff", "x"]], BARE_CSV, "\n")
def test_what_is_written_is_read_again(rows, data_type_id, end):
    delimiter = format_of(data_type_id).delimiter
    data = write(rows, delimiter, end)
    if data.startswith(b"\xef\xbb\xbf"):
        rows = [[rows[0][0][1:] or None, *rows[0][1:]], *rows[1:]]
    assume(sniff(data)[0] == "utf-8")  # zeros at every other place are what UTF-16 looks like
    found = rows_of(data, data_type_id)
    assert all_rows(found) == rows
    assert not found.malformed
    for size in (1, 7):
        assert read_in_pieces(data, data_type_id, size)[1] == all_rows(found)


@settings(max_examples=100, deadline=None)
@given(tables())
def test_what_pythons_own_writer_writes_is_read_again(rows):
    rows = [["x", *(cell or "" for cell in row)] for row in rows]
    out = io.StringIO(newline="")
    csv.writer(out, quoting=csv.QUOTE_ALL).writerows(rows)
    assert all_rows(rows_of(out.getvalue().encode())) == rows


@settings(max_examples=400, deadline=None)
@given(st.text(st.sampled_from('ab",\n\r \t'), max_size=40), st.sampled_from([BARE_CSV, BARE_TSV]))
@example('a,b\n"x"y"z,"\n', BARE_CSV)
@example('"""', BARE_CSV)
@example(',"\r\n"",', BARE_CSV)
@example(',\n, ,"', BARE_CSV)
@example('",""', BARE_CSV)
def test_any_text_reads_as_the_plain_reference_reads_it(text, data_type_id):
    fmt = format_of(data_type_id)
    expected, unclosed = parse(text, fmt.delimiter, skip_space=fmt.skip_space)
    assert unclosed <= 1
    found = rows_of(text.encode(), data_type_id)
    columns = len(found.columns)
    assert found.row_count == len(expected)
    if expected and not unclosed:  # rows from a quote on that is never closed show no width
        assert columns == columns_of(expected)
    cells = all_rows(found)
    for cell, want in zip(cells, fitted(expected, columns), strict=True):
        assert cell[: len(want)] == want
    ragged = {row for row, raw in enumerate(expected) if len(raw) != columns}
    assert ragged <= {bad.row for bad in found.malformed}
    for size in (1, 3):
        assert read_in_pieces(text.encode(), data_type_id, size)[1] == cells


CORPUS = {
    "quotes": b'a,b,c\n1,"x, ""y""",3\n4,"p\nq",6\n',
    "crlf": b'a,b\r\n1,"x\r\ny"\r\n2,z\r\n',
    "lone cr": b'a,b\r1,"x"\r2,z\r',
    "mark": b'\xef\xbb\xbfa,b\n"1",2\n',
    "nul": b"a,b\n\x00,\x00\x00\n1,2\n",
    "latin": "a,b\nnaïve,Käse\nœuvre,1\n".encode("cp1252"),
    "utf16": 'a,b\n1,"é\n"\n'.encode("utf-16"),
    "ragged": b"a,b,c\n1\n1,2\n1,2,3\n1,2,3,4\n",
    "unbalanced": b'a,b\n1,"x\n2,y\n3,z\n',
    "names": b"a,a,,b,\n1,2,3,4,5\n",
    "spaces": b'a, b,  c\n 1,  "x" , 3\n   \n',
}


@pytest.mark.parametrize("name", CORPUS)
@pytest.mark.parametrize("data_type_id", [CSV, BARE_CSV, TSV, BARE_TSV, "PlainText"])
def test_a_file_cut_at_any_byte_is_read_as_far_as_it_goes(name, data_type_id):
    data = CORPUS[name]
    for end in range(len(data) + 1):
        part = data[:end]
        found = rows_of(part, data_type_id)
        cells = all_rows(found)
        assert len(found.columns) == len(cells[0] if cells else found.columns)
        columns, again, malformed = read_in_pieces(part, data_type_id, 2)
        assert (list(columns), again) == ([c.name for c in found.columns], cells)
        assert [bad.line for bad in malformed] == [bad.line for bad in found.malformed]
        head = first_rows(part, format_of(data_type_id), whole=False)
        assert head.row_count <= max(found.row_count, 1)
