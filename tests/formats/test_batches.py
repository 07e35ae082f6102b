"""Parquet, Arrow, Excel and SQLite: what the usual writers write reads back, damage is said."""

import datetime as dt
import decimal
import json
import sqlite3

import openpyxl
import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from amltui.errors import NotFound, Unreadable, UnsupportedDataType
from amltui.formats.batches import open_batches
from amltui.formats.lens import look
from amltui.formats.registry import ARROW, EXCEL, PARQUET, SQLITE, format_of
from amltui.tables.batched import batch_rows
from amltui.tables.file_rows import content_table, lens_of_file
from amltui.tables.grouped import GroupedRows
from tests.support.tables import all_rows

MOMENT = dt.datetime(2024, 2, 29, 10, 30)  # noqa: DTZ001  a local time is what is tested
TABLE = pa.table(
    {
        "int": [1, None, -3],
        "big": pa.array([2**63, 0, None], pa.uint64()),
        "float": [1.5, float("inf"), None],
        "bool": [True, False, None],
        "text": ["007", "", None],
        "day": [MOMENT.date(), None, None],
        "moment": [MOMENT, MOMENT.replace(microsecond=5), None],
        "zone": pa.array([MOMENT, None, None], pa.timestamp("ms", "UTC")),
        "time": [MOMENT.time(), None, None],
        "decimal": [decimal.Decimal("1.50"), None, None],
        "list": [[1, None], [], None],
        "struct": [{"a": "é", "b": [b"x"]}, None, None],
        "map": pa.array([[("k", 1.5)], [], None], pa.map_(pa.string(), pa.float64())),
        "category": pa.array(["x", "y", "x"]).dictionary_encode(),
        "bytes": [b"\xff\0", b"plain", None],
        "nothing": pa.nulls(3),
    }
)
CELLS = [
    ["1", "9223372036854775808", "1.5", "true", "007", "2024-02-29", "2024-02-29 10:30:00",
     "2024-02-29 10:30:00Z", "10:30:00", "1.50", "[1,null]", '{"a":"é","b":["x"]}', '{"k":1.5}',
     "x", "ff00", None],
    [None, "0", "inf", "false", "", None, "2024-02-29 10:30:00.000005", None, None, None, "[]",
     None, "[]", "y", "plain", None],
    ["-3", None, None, None, None, None, None, None, None, None, None, None, None, "x", None, None],
]  # fmt: skip


def not_utf8(values):
    """Bytes in an array that calls them text."""
    found = pa.array(values, pa.binary())
    missing, offsets, data = found.buffers()
    return pa.StringArray.from_buffers(len(found), offsets, data, missing)


def write_stream(table, path):
    with pa.ipc.new_stream(path, table.schema) as writer:
        writer.write_table(table)


WRITERS = {
    "x.parquet": pq.write_table,
    "x.feather": pyarrow.feather.write_feather,
    "x.arrows": write_stream,
}
ALL = pytest.mark.parametrize("name", WRITERS)


def written(path, table=TABLE, **options):
    WRITERS[path.name](table, str(path), **options)
    return path


def workbook(path, **sheets):
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    book.save(path)
    return path


def database(path, **tables):
    base = sqlite3.connect(path)
    for name, (columns, rows) in tables.items():
        base.execute(f"create table {name} ({', '.join(columns)})")
        marks = ", ".join("?" * len(columns))
        base.executemany(f"insert into {name} values ({marks})", rows)
    base.commit()
    base.close()
    return path


@ALL
def test_every_type_has_a_text_and_both_ways_to_read_agree(name, tmp_path):
    path = written(tmp_path / name)
    rows = batch_rows(path, lens_of_file(path).fmt)
    assert [column.name for column in rows.columns] == TABLE.column_names
    assert all_rows(rows) == CELLS
    with content_table(path, tmp_path / "scratch") as table:
        assert all_rows(table) == CELLS
        assert [column.type for column in table.columns[:7]] == [
            "int", "int", "float", "bool", "text", "date", "datetime",
        ]  # fmt: skip


@ALL
def test_text_that_is_not_utf8_shows_which_bytes_it_has_wherever_it_stands(name, tmp_path):
    texts = not_utf8([b"caf\xe9", None, "café".encode(), b"\xff\xfe"])
    places = pa.array([0, None, 2, 3], pa.int32())
    fields = {
        "text": texts,
        "large": texts.cast(pa.large_string()),
        "category": pa.DictionaryArray.from_arrays(places, texts.fill_null("")),
        "list": pa.ListArray.from_arrays(pa.array([0, 1, 2, 3, 4], pa.int32()), texts),
        "struct": pa.StructArray.from_arrays([texts], ["a"]),
        "map": pa.MapArray.from_arrays(
            pa.array([0, 1, 2, 3, 4], pa.int32()), pa.array("kkkk"), texts
        ),
    }
    path = written(tmp_path / name, pa.table(fields))
    said = ["caf\\xe9", None, "café", "\\xff\\xfe"]
    inner = [json.dumps(one, ensure_ascii=False) for one in said]
    expected = [
        [one, one, one, f"[{within}]", f'{{"a":{within}}}', f'{{"k":{within}}}']
        for one, within in zip(said, inner, strict=True)
    ]
    assert all_rows(batch_rows(path, lens_of_file(path).fmt)) == expected
    with content_table(path, tmp_path / "scratch") as table:
        assert all_rows(table) == expected


@ALL
def test_a_file_cut_at_any_byte_is_said_to_be_unreadable(name, tmp_path):
    data = written(tmp_path / name, pa.table({"a": [1, 2], "b": ["x", None]})).read_bytes()
    cut = tmp_path / "cut"
    fmt = look(data, name, "Binary", whole=True).fmt
    said = 0
    for stop in range(8, len(data), 3):
        cut.write_bytes(data[:stop])
        try:
            batch_rows(cut, fmt)
        except Unreadable as error:
            said += str(error).startswith(f"The {fmt.data_type_id} file cannot be read")
    # An Arrow stream may end after any of its parts.
    assert said >= 0.9 * len(data[8:]) // 3


@settings(deadline=None)
@given(
    rows=st.lists(
        st.tuples(
            st.none() | st.integers(-(2**63), 2**63 - 1),
            st.none() | st.text(st.characters(exclude_categories=["Cs"])),
            st.none() | st.lists(st.integers(0, 9)),
        ),
        min_size=1,
    ),
    group=st.integers(1, 4),
)
def test_what_pyarrow_writes_reads_back_in_any_group(rows, group, tmp_path_factory):
    path = tmp_path_factory.mktemp("parquet") / "x.parquet"
    types = [("n", pa.int64()), ("s", pa.string()), ("l", pa.list_(pa.int64()))]
    columns = [list(column) for column in zip(*rows, strict=True)]
    pq.write_table(pa.table(columns, schema=pa.schema(types)), path, row_group_size=group)
    found = batch_rows(path, PARQUET)
    assert isinstance(found, GroupedRows)
    assert all_rows(found) == [
        [
            None if n is None else str(n),
            s,
            None if nested is None else json.dumps(nested, separators=(",", ":")),
        ]
        for n, s, nested in rows
    ]
    assert found.window(len(rows) - 1, len(rows) + 5, [1]) == [[rows[-1][1]]]
    found.close()


PLAIN = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1)
"""What XML may hold; a workbook has no empty text."""
CONTENTS = st.lists(
    st.tuples(
        st.integers(-(2**40), 2**40),
        st.none() | PLAIN,
        st.none() | st.floats(allow_nan=False, allow_infinity=False, width=32),
    ),
    min_size=1,
    max_size=8,
)


def texts_of(rows):
    return [[str(n), s, None if f is None else repr(f)] for n, s, f in rows]


@settings(deadline=None)
@given(rows=CONTENTS, end=st.sampled_from([".feather", ".arrows"]))
def test_what_arrow_writes_reads_back(rows, end, tmp_path_factory):
    kinds = {"n": pa.int64(), "s": pa.string(), "f": pa.float64()}
    columns = [list(column) for column in zip(*rows, strict=True)]
    table = pa.table(columns, schema=pa.schema(list(kinds.items())))
    path = written(tmp_path_factory.mktemp("arrow") / f"x{end}", table)
    with content_table(path, path.parent / "scratch") as found:
        cells = all_rows(found)
    assert [row[:2] for row in cells] == [row[:2] for row in texts_of(rows)]
    assert [row[2] and float(row[2]) for row in cells] == [row[2] for row in rows]


@settings(deadline=None)
@given(rows=CONTENTS)
def test_what_a_database_holds_reads_back(rows, tmp_path_factory):
    path = database(tmp_path_factory.mktemp("database") / "x.db", one=("nsf", rows))
    assert all_rows(batch_rows(path, SQLITE)) == texts_of(rows)


@settings(deadline=None, max_examples=40)
@given(rows=CONTENTS)
def test_what_a_workbook_holds_reads_back(rows, tmp_path_factory):
    # Openpyxl takes a text that begins so for a formula, which has no value before Excel opens it.
    rows = [(n, s and s.lstrip("="), f) for n, s, f in rows]
    rows = [(n, s or None, f) for n, s, f in rows]
    path = workbook(tmp_path_factory.mktemp("workbook") / "x.xlsx", one=[list("nsf"), *rows])
    found = all_rows(batch_rows(path, EXCEL))
    assert [row[:2] for row in found] == [row[:2] for row in texts_of(rows)]
    # It writes 16 digits.
    floats = [float(row[2] or 0) for row in found]
    assert floats == pytest.approx([row[2] or 0 for row in rows], rel=1e-15)
    assert [row[2] is None for row in found] == [row[2] is None for row in rows]


def test_ten_thousand_columns_of_a_parquet_file_are_read(tmp_path):
    wide = pa.table({f"c{at}": [at] for at in range(10_000)})
    rows = batch_rows(written(tmp_path / "x.parquet", wide), PARQUET)
    assert len(rows.columns) == 10_000
    assert rows.cell(0, 9_999) == "9999"
    rows.close()


def test_ten_thousand_columns_of_an_arrow_file_are_read(tmp_path):
    path = tmp_path / "x.arrow"
    pyarrow.feather.write_feather(pa.table({f"c{at}": [at] for at in range(10_000)}), path)
    rows = batch_rows(path, ARROW)
    assert len(rows.columns) == 10_000
    assert rows.cell(0, 9_999) == "9999"
    rows.close()


def test_ten_thousand_columns_of_a_workbook_are_read(tmp_path):
    names = [f"c{at}" for at in range(10_000)]
    path = workbook(tmp_path / "x.xlsx", one=[names, list(range(10_000))])
    rows = batch_rows(path, EXCEL)
    assert len(rows.columns) == 10_000
    assert rows.cell(0, 9_999) == "9999"


@ALL
def test_of_long_texts_as_much_is_kept_as_is_shown_and_a_cell_is_whole(name, tmp_path):
    texts = [f"{n}{'é' * 5_000}" for n in range(200)]
    path = written(tmp_path / name, pa.table({"s": texts}))
    rows = batch_rows(path, lens_of_file(path).fmt)
    [shown] = rows.window(0, 200, [0])
    assert shown == [f"{text[:999]}…" for text in texts]
    assert [rows.cell(row, 0) for row in (0, 150)] == [texts[0], texts[150]]
    if isinstance(rows, GroupedRows):
        assert sum(array.nbytes for array in rows._parts[0, 0]) < 200 * 2 * 1_100
        rows.close()


def nested(depth, make):
    array = pa.array([1])
    for _ in range(depth):
        array = make(array)
    return pa.table({"x": array, "y": [5]})


NESTING = {
    "structs": (lambda array: pa.StructArray.from_arrays([array], ["a"]), '{"a":', "}"),
    "lists": (
        lambda array: pa.ListArray.from_arrays(pa.array([0, 1], pa.int32()), array),
        "[",
        "]",
    ),
}


@pytest.mark.parametrize("kind", NESTING)
def test_values_in_values_are_json_up_to_where_parquet_is_not_read_any_more(tmp_path, kind):
    make, opens, closes = NESTING[kind]
    depth = 40
    pq.write_table(nested(depth, make), tmp_path / "x.parquet")
    rows = batch_rows(tmp_path / "x.parquet", PARQUET)
    assert rows.cell(0, 0) == f"{opens * depth}1{closes * depth}"
    assert rows.cell(0, 1) == "5"
    rows.close()
    for depth in (150, 1_000):
        path = tmp_path / "deep.parquet"
        pq.write_table(nested(depth, make), path)
        with pytest.raises(Unreadable, match="too deeply nested"):
            batch_rows(path, PARQUET)


def test_a_workbook_gives_its_first_sheet_or_the_one_that_is_named(tmp_path):
    rows = [["n", "t", "when", "share"], [1, "a", MOMENT, 0.25], [None], [None, "b", None, 2.0]]
    path = workbook(tmp_path / "x.xlsx", First=rows, Other=[["q"], [True]])
    assert lens_of_file(path).fmt == EXCEL
    found = batch_rows(path, EXCEL)
    assert [column.name for column in found.columns] == ["n", "t", "when", "share"]
    assert all_rows(found) == [
        ["1", "a", "2024-02-29 10:30:00", "0.25"],
        [None, "b", None, "2"],
    ]
    assert found.complete
    assert all_rows(batch_rows(path, EXCEL, "Other")) == [["true"]]
    with pytest.raises(NotFound) as caught:
        batch_rows(path, EXCEL, "Othr")
    assert "Other" in caught.value.hint


def test_a_database_gives_its_first_table_or_the_one_that_is_named_and_is_not_changed(tmp_path):
    rows = [(1, "a", 1.5, b"\xff"), (None, "", 2.0, None)]
    path = database(tmp_path / "x.db", one=("abcd", rows), two=("z", [(7,)] * 70_000))
    before = path.read_bytes()
    assert lens_of_file(path).fmt == SQLITE
    assert all_rows(batch_rows(path, SQLITE)) == [["1", "a", "1.5", "ff"], [None, "", "2.0", None]]
    assert not batch_rows(path, SQLITE, "two").complete
    lens = lens_of_file(path).of("two")
    with content_table(path, tmp_path / "scratch", lens) as table:
        assert table.row_count == 70_000
    assert path.read_bytes() == before
    with pytest.raises(NotFound, match='no table "three"'):
        batch_rows(path, SQLITE, "three")


@pytest.mark.parametrize("make", [workbook, database], ids=["Excel", "SQLite"])
def test_a_workbook_or_database_that_is_cut_or_garbage_is_said_to_be_unreadable(make, tmp_path):
    content = {"t": [["a"], [1]]} if make is workbook else {"t": ("a", [(1,)] * 2_000)}
    data = make(tmp_path / "whole", **content).read_bytes() if make is database else None
    if data is None:
        data = workbook(tmp_path / "whole.xlsx", **content).read_bytes()
    fmt = SQLITE if make is database else EXCEL
    for stop in range(20, len(data) - 600, 97):
        (tmp_path / "cut").write_bytes(data[:stop])
        with pytest.raises(Unreadable):
            batch_rows(tmp_path / "cut", fmt)


def test_an_encrypted_parquet_file_and_garbage_with_its_signature_are_said_to_be_unreadable(
    tmp_path,
):
    for data in (b"PARE\x15\0" + bytes(100) + b"PARE", b"PAR1\x15\0" + bytes(100) + b"PAR1"):
        (tmp_path / "x").write_bytes(data)
        assert lens_of_file(tmp_path / "x").fmt == PARQUET
        with pytest.raises(Unreadable, match="The Parquet file cannot be read"):
            batch_rows(tmp_path / "x", PARQUET)


def test_sheets_are_of_workbooks_and_databases_only(tmp_path):
    path = written(tmp_path / "x.feather")
    with pytest.raises(NotFound, match="Only Excel workbooks and SQLite files"):
        lens_of_file(path).of("a")
    with pytest.raises(NotFound):
        open_batches(ARROW, path, "a")


def test_without_what_reads_workbooks_their_bytes_are_shown_and_the_note_says_how_to(
    monkeypatch, tmp_path
):
    path = workbook(tmp_path / "x.xlsx", a=[["b"]])
    monkeypatch.setattr("amltui.formats.lens.find_spec", lambda _name: None)
    lens = lens_of_file(path)
    assert not lens.has_rows
    assert "pip install 'amltui[excel]'" in lens.note
    monkeypatch.setitem(__import__("sys").modules, "python_calamine", None)
    with pytest.raises(UnsupportedDataType) as caught:
        open_batches(EXCEL, path)
    assert "amltui[excel]" in caught.value.hint


def test_a_type_that_a_workspace_calls_so_does_not_make_a_table_of_other_bytes():
    assert format_of("Parquet").has_rows
    assert not look(b"a,b\n1,2\n", "x", "Parquet", whole=True).has_rows
