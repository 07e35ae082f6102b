"""Dialects: what can be said of a text, and what is found by itself."""

from __future__ import annotations

import io
import os
from dataclasses import replace

import pandas as pd
import pytest

from amltui.errors import UsageError
from amltui.formats import format_of
from amltui.formats.detection import detect, offer
from amltui.formats.dialect import Dialect, dialect_text, format_with, with_dialect
from amltui.formats.reader import RowReader
from amltui.tables import first_rows, ingest, open_table
from amltui.tables.index_making import index_rows
from amltui.tables.indexed import IndexedRows
from amltui.tables.source import FileStream, OpenFile
from tests.support.dialects import written
from tests.support.tables import Pieces, all_rows

CSV = format_of("GenericCSV")


def rows_of(data, dialect, data_type_id="GenericCSV"):
    """Names and rows, a missing value as None."""
    found = first_rows(data, with_dialect(format_of(data_type_id), dialect), whole=True)
    return [column.name for column in found.columns], all_rows(found)


def outcome(table, dialect):
    """Whether a table that was written reads back equal in a dialect."""
    names, rows = rows_of(table.data, dialect)
    if table.names is None:
        names = None if not dialect.header else names
    return (names, [[cell or "" for cell in row] for row in rows]) == (table.names, table.rows)


@pytest.mark.parametrize(
    ("data", "dialect", "names", "rows"),
    [
        (b"a;b\n1;2,5\n", Dialect(";", decimal=","), ["a", "b"], [["1", "2.5"]]),
        (
            b"a;b\n1.234,5;x 1,2\n-1.000;1.5\n",
            Dialect(";", decimal=",", thousands="."),
            ["a", "b"],
            [["1234.5", "x 1,2"], ["-1000", "1.5"]],
        ),
        (b"a|b\n'x|y'|it''s\n", Dialect("|", quote="'"), ["a", "b"], [["x|y", "it''s"]]),
        (b"a|'b'\n'x|''y'|\"z\"\n", Dialect("|", quote="'"), ["a", "b"], [["x|'y", '"z"']]),
        (b'a,b\n"x,y"\n', Dialect(quote=""), ["a", "b"], [['"x', 'y"']]),
        (
            b'a,b\n"say \\"so\\", then \\\\",x\\,y\n',
            Dialect(escape="\\"),
            ["a", "b"],
            [['say "so", then \\', "x,y"]],
        ),
        (b"made by\n\na,b\n1,2\n", Dialect(skip=2), ["a", "b"], [["1", "2"]]),
        (
            b'# "made, by\na,b\n# unit\n1,2\n"# no\n#comment",3\n',
            Dialect(comment="#"),
            ["a", "b"],
            [["1", "2"], ["# no\n#comment", "3"]],
        ),
        (b"1\t2\n3\t4\n", Dialect("\t", header=False), ["Col1", "Col2"], [["1", "2"], ["3", "4"]]),
        (b"a b\n1 2\n", Dialect(" "), ["a", "b"], [["1", "2"]]),
        (
            b"a,b\n-99,x\nn.k.,-9\n",
            Dialect(missing=("-99", "n.k.")),
            ["a", "b"],
            [[None, "x"], [None, "-9"]],
        ),
        (
            "größe;1\nä;2\n".encode("cp850"),
            Dialect(";", encoding="cp850"),
            ["größe", "1"],
            [["ä", "2"]],
        ),
        ("ä;b\n1;2\n".encode("utf-16"), Dialect(";"), ["ä", "b"], [["1", "2"]]),
        (
            "ä;b\n'1;ü';2\n".encode("utf-16-be"),
            Dialect(";", "'", encoding="utf-16-be"),
            ["ä", "b"],
            [["1;ü", "2"]],
        ),
    ],
)  # fmt: skip
def test_rows_are_read_as_a_dialect_says(data, dialect, names, rows, tmp_path):
    assert rows_of(data, dialect) == (names, rows)
    # The index and the table read the same.
    fmt = with_dialect(CSV, dialect)
    source = tmp_path / "source"
    source.write_bytes(data)
    ingest(source, fmt, tmp_path / "table")
    with open_table(tmp_path / "table", source) as table:
        assert all_rows(table) == rows
    for size in (1, 3, 1_000):
        index = index_rows(Pieces(data, size), fmt)
        indexed = IndexedRows(OpenFile.at(source), index)
        assert ([column.name for column in indexed.columns], all_rows(indexed)) == (names, rows)
        indexed.close()


def test_a_plain_text_can_be_read_as_a_table_and_a_table_of_another_delimiter_is_one():
    data = b"a;b\n1;2\n"
    assert rows_of(data, Dialect(";"), "PlainText") == (["a", "b"], [["1", "2"]])
    assert rows_of(data, Dialect(";"), "GenericTSVNoHeader") == (["a", "b"], [["1", "2"]])


def test_malformed_rows_of_a_dialect_are_shown_as_they_stand_with_their_lines():
    data = b"# made by\na;b\n1;'x;y\n# unit\n1;2;3\n4;5\n"
    fmt = with_dialect(CSV, Dialect(";", quote="'", comment="#"))
    found = first_rows(data, fmt, whole=True)
    assert ("1;2;3", 5) in {(bad.text, bad.line) for bad in found.malformed}
    assert all_rows(found)[-1] == ["4", "5"]


def test_a_long_field_of_a_dialect_is_read_whole(tmp_path):
    long = "it's so; " * 1_200_000
    data = ("a;b\n1;'" + long.replace("'", "''") + "'\n").encode()
    fmt = with_dialect(CSV, Dialect(";", quote="'"))
    source = tmp_path / "source"
    source.write_bytes(data)
    with FileStream(source) as stream:
        rows = IndexedRows(OpenFile.at(source), index_rows(stream, fmt))
    assert rows.cell(0, 1) == long
    rows.close()
    ingest(source, fmt, tmp_path / "table")
    with open_table(tmp_path / "table", source) as table:
        assert table.cell(0, 1) == long


@pytest.mark.parametrize("seed", range(150))
def test_what_is_written_in_a_dialect_reads_back_and_what_is_certain_is_right(seed):
    table = written(seed)
    assert outcome(table, table.dialect)
    found = detect(table.data, whole=True)
    assert not found.certain or outcome(table, found.dialect)


@pytest.mark.slow
def test_of_all_tables_99_in_100_are_read_right_and_none_wrong_with_certainty():
    # `AMLTUI_TEST_TABLES=10000` takes some three minutes: the gate reads fewer.
    count = int(os.environ.get("AMLTUI_TEST_TABLES", "1000"))
    wrong = 0
    for seed in range(count):
        table = written(seed)
        found = detect(table.data, whole=True)
        right = outcome(table, found.dialect)
        wrong += not right
        assert right or not found.certain, seed
    assert wrong <= count // 100


@pytest.mark.parametrize(
    ("skipped", "delimiter", "names"),
    [("Report of 2024\n", " ", "a b\n"), ("made\nby a tool\n\n", "~", "a~b\n"), ("", "^", "")],
)
def test_commas_of_numbers_are_not_taken_for_what_separates_them(skipped, delimiter, names):
    rows = [("66594,22", "21373,0"), ("79178,51", "81,5174"), ("37246,0", "7,1"), ("961,1", "2,2")]
    table = "".join(f"{delimiter.join(row)}\n" for row in rows)
    data = f"{skipped}{names}{table}".encode()
    found = detect(data, whole=True).dialect
    assert (found.delimiter, found.decimal, found.header) == (delimiter, ",", bool(names))
    assert offer(data, CSV, whole=True) in {None, found, replace(found, skip_space=True)}


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"a;b;c\n1;2,5;x\n3;4,5;y\n", "separated by ;, decimal comma"),
        (b"date;temp\n2011-01-01;1\n2011-01-02;-1\n", "separated by ;"),
        (b"08/01/2016;A;-21.419,06\n12/01/2016;A;-21.375,00\n15/01/2016;B;37.996,97\n",
         "separated by ;, without a header, decimal comma, thousands ."),
        (b"# made by a lab tool\n# units: m\nt,h\n0,1.5\n1,2.5\n", "comments after #"),
        (b"Report of 2024\n\nid,name,v\n1,x,2\n3,y,4\n", "2 lines skipped"),
    ],
)  # fmt: skip
def test_another_dialect_is_offered_where_the_evidence_is_strong(data, words):
    found = offer(data, CSV, whole=True)
    assert found is not None
    assert found.describe(Dialect.of(CSV)) == words
    # What is read so needs no offer.
    assert offer(data, with_dialect(CSV, found), whole=True) is None


@pytest.mark.parametrize(
    "data",
    [
        b"a,b\n1,2\n3,4\n",
        b"name\nx; y\nz; w\n",
        b"t,v\n2024-01-31 10:30:00,1.5\n2024-01-31 10:31:00,2.5\n2024-01-31 10:32:00,\n",
        b"sep=;\na;b\n1;2\n3;4\n",
        b"url,n\nhttp://a.b/c?d;e,1\nhttp://a.b/f;g,2\n",
        b"",
        b"a",
        b"a\n\n\n",
        b"year,2019,2020\nA,1,2\nB,3,4\nC,5,6\n",
        b'"a;b","c;d"\n"1;2","3;4"\n"5;6","7;8"\n',
    ],
)
def test_nothing_is_offered_for_what_reads_well_or_may_be_anything(data):
    assert offer(data, CSV, whole=True) is None


def test_the_text_of_a_dialect_brings_it_back_and_names_what_differs_only():
    dialect = Dialect(";", decimal=",", missing=("-99",), skip=2)
    assert dialect.to_text() == '{"decimal":",","delimiter":";","missing":["-99"],"skip":2}'
    assert Dialect.from_text(dialect.to_text()) == dialect
    fmt = with_dialect(CSV, dialect)
    assert format_with("GenericCSV", dialect_text(fmt)) == fmt
    assert dialect_text(with_dialect(CSV, Dialect.of(CSV))) == ""
    for wrong in ("", "[]", "1", '{"delimiter":"xx"}', '{"unknown":1}', "not json"):
        with pytest.raises(ValueError, match=r".*"):
            Dialect.from_text(wrong)


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ({"delimiter": ""}, "delimiter"),
        ({"delimiter": "ab"}, "delimiter"),
        ({"delimiter": "\n"}, "delimiter"),
        ({"delimiter": "a"}, "delimiter"),
        ({"delimiter": '"'}, "differ"),
        ({"decimal": ";"}, "decimal"),
        ({"decimal": ",", "thousands": ","}, "thousands"),
        ({"encoding": "utf-7"}, "encoding"),
        ({"encoding": "klingon"}, "encoding"),
        ({"encoding": "cp037"}, "encoding"),
        ({"skip": -1}, "lines to skip"),
        ({"comment": "#\n"}, "comment"),
    ],
)
def test_a_dialect_that_no_row_can_be_read_in_is_refused(words, why):
    with pytest.raises(UsageError, match=why):
        Dialect(**words)


@pytest.mark.parametrize(
    "dialect",
    [
        Dialect(";", decimal=","),
        Dialect("\t", quote="'"),
        Dialect("|", thousands=" ", header=False),
        Dialect(";", comment="#", skip=1, missing=("-9",)),
    ],
)
def test_a_dialect_reads_what_pandas_reads(dialect):
    frame = pd.DataFrame(
        {"n": [1234.5, -0.25, None], "text": ["a;b", "it's", 'say "so"'], "i": [1, -9, 3]}
    )
    text = frame.to_csv(
        sep=dialect.delimiter,
        quotechar=dialect.quote,
        decimal=dialect.decimal,
        index=False,
        header=dialect.header,
        lineterminator="\n",
    )
    data = (
        "skipped\n" * dialect.skip + text + (dialect.comment + " end\n") * bool(dialect.comment)
    ).encode()
    expected = pd.read_csv(
        io.BytesIO(data),
        sep=dialect.delimiter,
        quotechar=dialect.quote,
        decimal=dialect.decimal,
        skiprows=dialect.skip,
        comment=dialect.comment or None,
        na_values=list(dialect.missing),
        header=0 if dialect.header else None,
        thousands=dialect.thousands or None,
    )
    names, rows = rows_of(data, dialect)
    assert len(rows) == len(expected)
    for row, wanted in zip(rows, expected.to_numpy().tolist(), strict=True):
        for cell, value in zip(row, wanted, strict=True):
            if isinstance(value, float):
                assert (cell is None) == pd.isna(value)
                assert cell is None or float(cell) == value
            else:
                assert str(value) == cell
    assert not dialect.header or names == list(expected.columns)


@pytest.mark.parametrize(
    ("data", "names"),
    [
        (b",2023,,2024\ncity,a,b,a\nx,1,2,3\n", ["city", "2023_a", "2023_b", "2024_a"]),
        (b"day,temp,rain\n,C,mm\nx,1,2\n", ["day", "temp_C", "rain_mm"]),
        (b'"two\nlines",b\nc,d\n1,2\n', ["two\nlines_c", "b_d"]),
        (b"a,b\nc,d\nr,1,2\n", ["Unnamed: 0", "a_c", "b_d"]),
        (b"a,b\n", ["a", "b"]),
    ],
)
@pytest.mark.parametrize("size", [1, 7, 1 << 20])
def test_a_header_of_several_rows_is_joined(data, names, size):
    dialect = Dialect(header_rows=2)
    fmt = with_dialect(format_of("GenericCSV"), dialect)
    reader = RowReader(Pieces(data, size), fmt)
    reader.read_header()
    assert list(reader.columns) == names
    rows = sum(parsed.batch.num_rows for _, parsed in reader.parsed())
    assert rows == (1 if len(data) > 5 else 0)
    assert Dialect.from_text(dialect.to_text()) == dialect
    assert dialect.describe() == "header of 2 rows"


@pytest.mark.parametrize("count", [0, 21])
def test_a_header_has_a_sensible_number_of_rows(count):
    with pytest.raises(UsageError, match="1 to 20 rows"):
        Dialect(header_rows=count)
