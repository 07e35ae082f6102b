"""ARFF as Weka itself reads it."""

from __future__ import annotations

import io

import pandas as pd
import pytest

from amltui.formats import format_of
from amltui.formats.frames import deserialize_dataframe
from amltui.tables import first_rows
from tests.support.tables import all_rows, read_in_pieces


def arff(text):
    found = first_rows(text.encode(), format_of("ARFF"), whole=True)
    assert not found.malformed
    assert read_in_pieces(text.encode(), "ARFF", 5)[1] == all_rows(found)
    return found


def frame_of(text):
    return deserialize_dataframe(io.BytesIO(text.encode()), "ARFF")


FOUR = (
    "@attribute n numeric\n@attribute kind {'B cells',T}\n@attribute x real\n@attribute s string\n"
)


@pytest.mark.parametrize(
    "row",
    [
        "1 'B cells' .5 y",
        "1\t'B cells'\t.5\ty",
        "1,B cells,.5,y",
        "1 , 'B cells' .5 y",
        "1,'B cells',.5,y,",
    ],
)
def test_blanks_tabs_and_commas_separate_values(row):
    assert all_rows(arff(f"{FOUR}@data\n{row}\n")) == [["1", "B cells", ".5", "y"]]
    assert frame_of(f"{FOUR}@data\n{row}\n")["kind"].tolist() == ["B cells"]


def test_a_percent_sign_outside_quotes_begins_a_comment_anywhere():
    text = "@relation r % c\n@attribute x numeric % {a}\n"
    text += "@attribute label {1,-1} % {yes, no}\n@data % go\n"
    rows = "3,1 % first\n4,'-1'% second\n% none\n"
    assert all_rows(arff(text + rows)) == [["3", "1"], ["4", "-1"]]
    assert frame_of(text + rows)["label"].tolist() == ["1", "-1"]
    quoted = "@attribute '% of it' string\n@data\n'5 % of it'\n"
    assert all_rows(arff(quoted)) == [["5 % of it"]]
    assert [column.name for column in arff(quoted).columns] == ["% of it"]


def test_a_row_on_the_line_of_data_is_not_lost():
    assert all_rows(arff("@attribute a numeric\n@attribute b numeric\n@data 10,20\n30,40\n")) == [
        ["10", "20"],
        ["30", "40"],
    ]


def test_a_relational_attribute_is_one_column_of_text():
    text = (
        "@attribute id {a,b}\n@attribute bag relational\n@attribute f1 numeric\n"
        "@attribute f2 numeric\n@end bag\n@attribute class {0,1}\n@data\na,'1,2\\n3,4',1\n"
    )
    assert [column.name for column in arff(text).columns] == ["id", "bag", "class"]
    assert all_rows(arff(text)) == [["a", "1,2\n3,4", "1"]]
    assert frame_of(text).iloc[0].tolist() == ["a", "1,2\n3,4", "1"]


@pytest.mark.parametrize(
    "row", ["1,x,{5}", "1,x, {5}", "1 x {5}", "{0 1, 1 x}, {5}", "{0 1, 1 'x'}, {5}"]
)
def test_the_weight_of_a_row_is_no_value(row):
    text = f"@attribute a numeric\n@attribute b string\n@data\n{row}\n{{}}\n"
    assert all_rows(arff(text)) == [["1", "x"], ["0", None]]


@pytest.mark.parametrize(
    ("pattern", "written", "meant"),
    [
        ('"M/d/yyyy"', "4/1/2015", "2015-04-01"),
        ("yy-MM-dd", "99-01-31", "1999-01-31"),
        ("'dd-MMM-yyyy'", "03-Apr-2001", "2001-04-03"),
        ('"yyyy-MM-dd HH:mm:ss.SSS"', '"2001-05-03 12:59:55.250"', "2001-05-03 12:59:55.250"),
        ("\"dd.MM.yyyy 'at' h:mm a\"", "'3.4.2001 at 1:30 PM'", "2001-04-03 13:30:00"),
        ("", "2001-04-03T12:12:12", "2001-04-03T12:12:12"),
    ],
)
def test_dates_are_read_by_the_pattern_of_their_column(pattern, written, meant):
    text = f"@attribute t date {pattern}\n@data\n{written}\n?\n"
    found = arff(text)
    assert all_rows(found) == [[meant], [None]]
    assert found.columns[0].type in {"date", "datetime"}
    assert frame_of(text)["t"][0] == pd.Timestamp(meant)


def test_ranges_after_a_type_are_no_part_of_it():
    text = "@attribute a integer [0,9]\n@attribute b real[0,1]\n@data\n5,0.5\n"
    assert frame_of(text).iloc[0].tolist() == [5, 0.5]
    assert str(frame_of(text)["a"].dtype) == "int64"
