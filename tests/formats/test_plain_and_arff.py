# ruff: noqa: RUF001 - text of other scripts is what some of these tests are about
from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from amltui.errors import Unreadable, UnsupportedDataType
from amltui.formats import file_name, format_of, guess_data_type
from amltui.tables import first_rows
from tests.support.tables import all_rows, read_in_pieces

ARFF = format_of("ARFF")
PLAIN = format_of("PlainText")


def arff(data):
    return first_rows(data.encode(), ARFF, whole=True)


def test_each_line_of_plain_text_is_a_row_also_an_empty_one():
    found = first_rows(b'a,"b\n\n c \r\nd\re', PLAIN, whole=True)
    assert all_rows(found) == [['a,"b'], [""], [" c "], ["d"], ["e"]]
    assert not found.malformed


@settings(max_examples=100, deadline=None)
@given(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\r\n\0\ufeff"))))
def test_lines_of_plain_text_are_read_as_written(lines):
    data = "".join(line + "\n" for line in lines).encode()
    assert all_rows(first_rows(data, PLAIN, whole=True)) == [[line] for line in lines]
    assert read_in_pieces(data, "PlainText", 3)[1] == [[line] for line in lines]


HEADER = """% a comment
@RELATION 'two words'

@attribute 'sepal length' NUMERIC
@ATTRIBUTE class {Iris-a, 'Iris b', "c,d"}
@attribute note string
@attribute seen DATE "yyyy-MM-dd"
@DATA
"""


def test_attributes_name_the_columns_and_nominal_ones_are_text():
    found = arff(HEADER + "5.1,Iris-a,x,2020-01-01\n4.9,Iris-a,y,2021-01-01\n")
    assert [column.name for column in found.columns] == ["sepal length", "class", "note", "seen"]
    assert [column.type for column in found.columns] == ["float", "text", "text", "date"]
    assert all_rows(found)[1] == ["4.9", "Iris-a", "y", "2021-01-01"]


def test_quotes_escapes_comments_and_question_marks_mean_what_weka_means():
    found = arff(
        HEADER + "% not data\n1 , 'Iris b' ,'it\\'s, \\n\"so\"', ?\n\n2,\"c,d\",'?',\"\"\n?,?,?,?\n"
    )
    assert all_rows(found) == [
        ["1", "Iris b", 'it\'s, \n"so"', None],
        ["2", "c,d", "?", ""],
        [None, None, None, None],
    ]


def test_a_sparse_row_omits_zeros_and_first_values():
    found = arff(HEADER + "{0 1.5, 2 'a b'}\n{}\n{1 'Iris b', 3 2020-01-01}\n{9 1}\n{x\n")
    assert all_rows(found)[:3] == [
        ["1.5", "Iris-a", "a b", None],
        ["0", "Iris-a", None, None],
        ["0", "Iris b", None, "2020-01-01"],
    ]
    assert [(bad.row, bad.reason) for bad in found.malformed] == [
        (3, "column 9 of 4"),
        (4, "sparse row never closed"),
    ]


def test_ragged_and_badly_quoted_rows_are_kept_and_reported():
    found = arff(HEADER + "1,a\n1,a,b,c,d\n1,'a,b,c\n")
    assert [len(row) for row in all_rows(found)] == [4, 4, 4]
    assert [bad.line for bad in found.malformed] == [9, 10, 11]


def test_an_instance_weight_is_no_field():
    assert all_rows(arff(HEADER + "1,'Iris b',x,?,{0.5}\n")) == [["1", "Iris b", "x", None]]


def test_a_file_without_an_arff_header_is_unreadable():
    with pytest.raises(Unreadable, match="Not an ARFF file"):
        arff("a,b\n1,2\n")


def test_fast_and_slow_reading_agree():
    rows = [f"{i}.5, Iris-a , t{i},2020-01-01" for i in range(50)]
    fast = arff(HEADER + "\n".join(rows) + "\n")
    slow = arff(HEADER + "% comment\n" + "\n".join(rows) + "\n")
    assert all_rows(fast) == all_rows(slow)


def test_an_arff_file_cut_at_any_byte_is_read_as_far_as_it_goes_or_called_unreadable():
    data = (HEADER + "1,'Iris b','x\\'y',?\r\n{0 2}\n3,a\n").encode()
    for end in range(len(data) + 1):
        try:
            found = first_rows(data[:end], ARFF, whole=True)
        except Unreadable:
            assert end < len(HEADER)
            continue
        for row in all_rows(found):
            assert len(row) == len(found.columns)


VALUES = st.one_of(
    st.none(), st.text(st.characters(codec="utf-8", exclude_characters="\r\n\0"), max_size=5)
)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.lists(VALUES, min_size=2, max_size=2), max_size=5))
def test_quoted_arff_values_are_read_as_written(rows):
    def cell(value):
        if value is None:
            return "?"
        return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"

    body = "".join(",".join(map(cell, row)) + "\n" for row in rows)
    found = arff("@relation r\n@attribute a string\n@attribute b string\n@data\n" + body)
    assert all_rows(found) == rows
    assert not found.malformed


def test_types_without_rows_are_refused():
    with pytest.raises(UnsupportedDataType):
        first_rows(b"PK", format_of("Zip"), whole=True)
    assert format_of("NoSuchType").preview == "bytes"
    assert not format_of("RData").has_rows


@pytest.mark.parametrize(
    ("name", "data", "expected"),
    [
        ("a.csv", b"x,y\n1,2\n", "GenericCSV"),
        ("a.csv", b"1,2\n3,4\n", "GenericCSVNoHeader"),
        ("a.tsv", b"x\ty\n1\t2\n", "GenericTSV"),
        ("a.tab", b"1\t2\n", "GenericTSVNoHeader"),
        ("a.txt", b"x,y\n1,2\n", "PlainText"),
        ("a.arff", b"", "ARFF"),
        ("a.data", b"x, y\n1, 2\n", "GenericCSV"),
        ("a", b"x\ty\nz\t2\n", "GenericTSV"),
        ("a", b"just some words\nand more\n", "PlainText"),
        ("a", b"% c\n@relation r\n", "ARFF"),
        ("a.zip", b"", "Zip"),
        ("a", b"PK\x03\x04rest", "Zip"),
        ("a", b"\x7fELF\0\0\1", "Binary"),
        ("a.rda", b"", "RData"),
        ("a.csv", "x,y\n1,2\n".encode("utf-16"), "GenericCSV"),
        ("a.csv", b"", "GenericCSV"),
    ],
)
def test_a_files_type_is_guessed_from_its_name_and_first_bytes(
    tmp_path: Path, name, data, expected
):
    path = tmp_path / name
    path.write_bytes(data)
    assert guess_data_type(path) == expected


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        (b"@attribute a{x,y}\n@data\nx\n", [["x"]]),
        (b"@attribute a {'p}q',c} % note\n@data % c\n'p}q'\nc\n", [["p}q"], ["c"]]),
        (b"@attribute a numeric\n@attribute b string\n@data\n{1 'x}y', 0 3}\n", [["3", "x}y"]]),
    ],
)
def test_braces_in_odd_places_mean_what_weka_means(text, rows):
    found = first_rows(text, format_of("ARFF"), whole=True)
    assert all_rows(found) == rows
    assert not found.malformed


@pytest.mark.parametrize(
    "data",
    [
        b"a,b,\n1,2,\n3,4,\n",
        b"x,x,\n1,2,3\n",
        b"a,,a\nu,1,2\nv,3,4\n",
        "город,число\nМосква,1\n".encode("cp1251"),
    ],
)
def test_names_above_numbers_are_a_header_also_when_one_is_empty_or_there_twice(data, tmp_path):
    path = tmp_path / "x.csv"
    path.write_bytes(data)
    assert guess_data_type(path) == "GenericCSV"
    path.write_bytes(b"1,2,\n3,4,\n")
    assert guess_data_type(path) == "GenericCSVNoHeader"
    path.write_bytes(b"u,u\nv,w\n")
    assert guess_data_type(path) == "GenericCSVNoHeader"


def test_a_file_that_is_a_zip_archive_keeps_its_own_extension():
    assert file_name("report.xlsx", "Zip") == "report.xlsx"
    assert file_name("report", "Zip") == "report.zip"
