"""What is a value of a type: one definition for header, statistics, sorting, filters and SQL."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from amltui import help as documentation
from amltui.formats.arrays import strings
from amltui.tables.queries import Condition, filter_rows, sort, sql, statistics
from amltui.tables.queries.values import SortKey
from amltui.tables.rows import Column, about_type
from amltui.tables.types import FAMILIES, MISSING, missing_mask, typed
from tests.support.tables import all_rows

READINGS = {reading for family in FAMILIES for reading in family.readings}


def table_of_types():
    """Rows of the table in `amltui help types`: type, notation, values, no values, SQL's type."""
    lines = documentation.read("types").splitlines()
    for line in (line for line in lines if re.match(r"\| (?!type|-)", line)):
        kind, good, bad, in_sql = (cell.strip() for cell in line.strip("|").split("|"))
        type_, _, notation = kind.rstrip(")").partition(" (")
        yield type_, notation, re.findall("`(.*?)`", good), re.findall("`(.*?)`", bad), in_sql


TABLE = list(table_of_types())


def test_the_help_on_types_has_every_notation_and_every_spelling_of_a_missing_value():
    assert {row[:2] for row in TABLE} == {(one.type, one.notation) for one in READINGS}
    text = documentation.read("types")
    assert [spelling for spelling in MISSING if spelling and f"`{spelling}`" not in text] == []


@pytest.mark.parametrize("row", TABLE, ids=lambda row: f"{row[0]} {row[1]}".strip())
def test_the_table_in_help_is_true(make_table, row):
    kind, notation, good, bad, in_sql = row
    column = Column("x", kind, notation=notation)
    assert typed(strings(good), column).null_count == 0
    assert typed(strings(bad), column).null_count == len(bad)
    table = make_table(b"x\n" + "".join(f'"{text}"\n' for text in good * 40).encode())
    found = table.columns[0]
    assert (found.type, found.notation, found.misfits) == (kind, notation, 0)
    with sql(table, "select typeof(x), count(x) from data group by 1") as answer:
        kind_in_sql, count = all_rows(answer)[0]
    assert count == str(len(good) * 40)
    assert kind_in_sql == in_sql.replace("TIMESTAMPTZ", "TIMESTAMP WITH TIME ZONE")


def test_what_help_calls_text_is_text(make_table):
    columns = ['5 %,$5,"1,000",1_0,0x1F,P1D', '7 %,$7,"2,000",2_0,0x2F,P2D']
    table = make_table(b"a,b,c,d,e,f\n" + "\n".join(columns * 20).encode())
    assert {column.type for column in table.columns} == {"text"}


ODD = [
    *("1_000", "yes", "no", "1", "0x1F", "1e3", "+7", "-0", "007", "9223372036854775808", "1.50"),
    *("nan", "NaN", "nan(x)", "inf", "-inf", "Infinity", "", "NA", "?", "-", "null", "t", "TRUE"),
    *("2024-02-30", "2024-02-29", "0000-01-01", "2024-1-1", "1/2/2024", "13/2/2024", "2/13/2024"),
    *("2024-01-01 10:00", "2024-01-01 23:30:00+09:00", "2024-01-01T10:00:00Z", "2024-01-01 24:00"),
    *("2024-01-01 10:00:00.1234567", "10:30", "9:30:01.5", "24:00", " 5 ", "infinity", "today"),
    *("9" * 38, "9" * 39, "1" * 19, "1e999", ".5", "5.", ".", "+", "é", "1e", "0b1", "12 34"),
]
USUAL = {
    "int": "7",
    "float": "7.5",
    "bool": "true",
    "date": "2024-01-31",
    "datetime": "2024-01-31 10:30:00",
    "time": "10:30:59",
}


def _only_float(text):
    large = Column("x", "int", notation="more than 64 bits")
    values = [typed(strings([text]), column)[0] for column in (Column("x", "float"), large)]
    return values[0].is_valid and not values[1].is_valid


@pytest.mark.parametrize("kind", USUAL)
def test_header_statistics_sorting_filters_and_sql_agree_on_every_odd_value(make_table, kind):
    odd = [text for text in ODD if kind != "int" or not _only_float(text)]
    lines = [USUAL[kind]] * (10 * len(odd)) + odd
    table = make_table(b"x\n" + "".join(f'"{line}"\n' for line in lines).encode())
    column = table.columns[0]
    assert column.type == {"date": "datetime"}.get(kind, kind)  # dates are datetimes, too
    values = typed(strings(lines), column)
    absent = missing_mask(strings(lines)).to_pylist()
    fitting = [row for row, value in enumerate(values) if value.is_valid]
    misfits = [row for row in range(len(lines)) if row not in set(fitting) and not absent[row]]
    assert (column.misfits, column.missing) == (len(misfits), sum(absent))
    assert column.first_misfit == misfits[0]
    about = statistics(table, 0)
    assert (about.misfits, about.missing) == (len(misfits), sum(absent))
    with sql(table, "select count(x), count(distinct x), count(*) from data") as answer:
        assert all_rows(answer) == [[str(len(fitting)), str(about.distinct), str(len(lines))]]
    ordered = sort(table, [SortKey(0)])
    last = ordered.row_numbers(len(fitting), len(lines))
    assert list(last) == [row for row in range(len(lines)) if row not in set(fitting)]
    missing = filter_rows(table, [Condition(0, "is missing")])
    assert list(missing.row_numbers(0, 999)) == [row for row, one in enumerate(absent) if one]
    least = filter_rows(table, [Condition(0, ">=", about.minimum)])
    assert list(least.row_numbers(0, 9999)) == fitting


_PIECES = st.sampled_from([*ODD, *(text for row in TABLE for text in (*row[2], *row[3]))])
_TEXTS = st.one_of(_PIECES, st.text("0123456789-+/:. TZe_x", max_size=14), st.none())


@settings(max_examples=300, deadline=None)
@given(st.lists(_TEXTS, min_size=1, max_size=8), st.sampled_from(sorted(READINGS, key=str)))
def test_a_value_reads_the_same_alone_and_among_others(texts, reading):
    alone = [reading(strings([text]))[0] for text in texts]
    among = reading(strings([*texts, "no value of any type"]))
    assert [str(one) for one in alone] == [str(one) for one in among][:-1]
    assert among.type == reading.arrow
    assert not among[len(texts)].is_valid


@pytest.mark.parametrize("spelling", [spelling for spelling in MISSING if spelling])
def test_each_spelling_of_a_missing_value_is_missing_among_numbers_and_a_text_among_texts(
    make_table, spelling
):
    lines = [f"{n}.5,word{n}" for n in range(4)] + [f"{spelling},{spelling}"] * 3
    table = make_table(b"n,t\n" + "\n".join(lines).encode())
    number, text = table.columns
    assert (number.type, number.missing, number.spellings, number.misfits) == (
        "float", 3, (spelling,), 0,
    )  # fmt: skip
    assert table.cell(5, 0) == spelling
    assert statistics(table, 0).mean == 2.0
    about = statistics(table, 1)
    assert (text.type, about.missing, about.distinct) == ("text", 0, 5)


def test_the_header_says_how_many_values_are_missing_and_how_they_are_spelled(make_table):
    table = make_table(b"n,m\n" + b"1,1\n" * 94 + b"NA,?\n" * 5 + b"NA,\n")
    assert [about_type(column) for column in table.columns] == [
        "int, 6 % missing (NA)",
        "int, 6 % missing (?)",
    ]


def test_codes_with_leading_zeros_stay_text_and_padded_numbers_do_not(make_table):
    table = make_table(b"zip,n,one\n" + b"02134,07,0\n10001,5,1\n" * 30)
    assert [column.type for column in table.columns] == ["text", "int", "int"]
    with sql(table, "select min(zip), min(n) from data") as answer:
        assert all_rows(answer) == [["02134", "5"]]


def test_ids_of_nineteen_digits_and_larger_numbers_are_exact_everywhere(make_table):
    ids = [9_007_199_254_740_993_000 + n for n in range(10)]
    large = [18_446_744_073_709_551_614, 18_446_744_073_709_551_615] * 5
    lines = [f"{one},{two}" for one, two in zip(ids, large, strict=True)]
    table = make_table(b"id,u\n" + "\n".join(lines).encode() + b"\nNA,NA\n")
    assert [column.type for column in table.columns] == ["int", "int"]
    assert statistics(table, 0).quartiles[1] == "9007199254740993004.5"
    assert [statistics(table, index).distinct for index in (0, 1)] == [10, 2]
    with sql(table, "select count(distinct id), max(id), count(distinct u), sum(u) from data") as a:
        assert all_rows(a) == [["10", str(ids[-1]), "2", str(sum(large))]]
    found = filter_rows(table, [Condition(1, "<", "18446744073709551615")])
    assert list(found.row_numbers(0, 99)) == [0, 2, 4, 6, 8]
    assert list(sort(table, [SortKey(0, descending=True)]).row_numbers(0, 2)) == [9, 8]


def test_one_large_number_late_in_a_column_makes_it_exact_as_well(make_table):
    table = make_table(b"n\n" + b"7\n" * 50_000 + b"%d\n" % 2**64 + b"7\n" * 10)
    column = table.columns[0]
    assert (column.type, column.notation, column.misfits) == ("int", "more than 64 bits", 0)
    assert statistics(table, 0).maximum == str(2**64)


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        (["1/2/2024"] * 5_000 + ["13/2/2024"], ("date", "day/month/year", 0)),
        (["1/2/2024"] * 5_000 + ["2/13/2024"], ("date", "month/day/year", 0)),
        (["1/2/2024"] * 5_000, ("text", "", 0)),
        (["1/2/2024"] * 5_000 + ["2/13/2024", "13/2/2024"], ("text", "", 0)),
        (["1.2.2024"] * 50 + ["31.12.2024", "31.11.2024"], ("date", "day/month/year", 1)),
    ],
)
def test_a_day_above_the_twelfth_proves_the_order_of_a_columns_dates(make_table, days, expected):
    column = make_table(b"d\n" + "\n".join(days).encode() + b"\n").columns[0]
    assert (column.type, column.notation, column.misfits) == expected


def test_a_filter_on_local_dates_takes_them_as_they_stand_and_as_iso(make_table):
    table = make_table(b"d\n31/12/2023\n01/02/2024\n15/03/2024\n")
    for text in ("1/2/2024", "2024-02-01"):
        found = filter_rows(table, [Condition(0, ">=", text)])
        assert list(found.row_numbers(0, 9)) == [1, 2]


def test_times_with_zones_are_compared_in_utc(make_table):
    table = make_table(b"t\n2024-01-01T00:30:00+01:00\n2023-12-31 23:00:00Z\n2024-01-01 00:00+00\n")
    assert list(sort(table, [SortKey(0)]).row_numbers(0, 9)) == [1, 0, 2]
    assert statistics(table, 0).maximum == "2024-01-01 00:00:00+00"
    with sql(table, "select max(t) from data") as answer:
        assert all_rows(answer) == [["2024-01-01 00:00:00+00"]]


def test_a_column_of_one_word_is_no_bool_unless_it_is_true_or_false(make_table):
    table = make_table(b"a,b,c\n" + b"NO,true,y\n" * 30)
    assert [column.type for column in table.columns] == ["text", "bool", "text"]
