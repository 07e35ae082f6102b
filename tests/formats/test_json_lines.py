"""JSON Lines and JSON arrays: what Python's json writes reads back, and nothing else harms."""

import io
import json
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from amltui.errors import Unreadable
from amltui.formats.json_array import JsonArray
from amltui.formats.lens import look
from amltui.formats.reader import RowReader
from amltui.formats.registry import JSON_LINES
from amltui.tables import open_table
from amltui.tables.file_rows import content_table
from amltui.tables.index_making import index_rows
from amltui.tables.indexed import IndexedRows
from amltui.tables.row_index import FileIdentity
from amltui.tables.source import FileStream, OpenFile
from tests.support.tables import Pieces, all_rows

LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"]))
)
# A few of each: what is drawn takes the time of these tests, not what is read.
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
OBJECTS = st.lists(
    st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), VALUES, max_size=5),
    max_size=6,
)


def read(data, size=1 << 20):
    """Columns, rows and malformed rows."""
    reader = RowReader(Pieces(data, size), JSON_LINES)
    reader.read_header()
    rows, malformed = [], []
    for _, parsed in reader.parsed():
        assert parsed.batch.validate(full=True) is None
        columns = [column.to_pylist() for column in parsed.batch.columns]
        rows += zip(*columns, strict=True)
        malformed += parsed.malformed
    return list(reader.columns), rows, malformed


def cell(value):
    return value if value is None or isinstance(value, str) else json.dumps(value)


def lines(objects, **options):
    return b"".join(json.dumps(one, **options).encode() + b"\n" for one in objects)


@settings(deadline=None)
@given(objects=OBJECTS, size=st.integers(1, 500), ascii_only=st.booleans())
def test_what_json_writes_reads_back_and_the_columns_are_all_keys(objects, size, ascii_only):
    keys = list(dict.fromkeys(key for one in objects for key in one))
    columns, rows, malformed = read(lines(objects, ensure_ascii=ascii_only), size)
    assert len(columns) == max(1, len(keys))
    assert not malformed
    assert len(rows) == len(objects)
    for row, one in zip(rows, objects, strict=True):
        for text, key in zip(row, keys, strict=False):
            value = one.get(key)
            if isinstance(value, dict | list):  # escapes are kept as they stand
                assert json.loads(text) == value
            else:
                assert text == cell(value)


@settings(deadline=None)
@given(objects=OBJECTS, indent=st.none() | st.integers(0, 3), size=st.integers(1, 300))
def test_the_elements_of_an_array_are_its_lines(objects, indent, size):
    stream, text = JsonArray(Pieces(json.dumps(objects, indent=indent).encode(), size)), b""
    while data := stream.read(size):
        text += data
    assert [json.loads(line) for line in text.splitlines()] == objects
    stream.seek(len(text) // 2)
    assert stream.read(1) == text[len(text) // 2 : len(text) // 2 + 1]


def test_an_array_cut_at_any_byte_says_so():
    data = json.dumps([{"a": 'x"[{', "b": [1, {"c": None}]}, {"a": "\\"}]).encode()
    for stop in range(1, len(data)):
        stream = JsonArray(io.BytesIO(data[:stop]))
        with pytest.raises(Unreadable, match="cut off"):
            b"".join(iter(partial(stream.read, 100), b""))
    with pytest.raises(Unreadable, match="more after the end"):
        JsonArray(io.BytesIO(data + b"[")).read(100)


def test_lines_cut_at_any_byte_give_the_rows_before_and_a_malformed_one():
    whole = lines([{"a": 1, "b": "é"}, {"a": [1, "]"], "c": None}, {"d": {"e": 2}}])
    _, expected, _ = read(whole)
    for stop in range(1, len(whole)):
        _, rows, malformed = read(whole[:stop])
        assert len(malformed) <= 1
        good = rows[:-1] if malformed else rows
        for row, full in zip(good, expected, strict=False):
            assert row == full[: len(row)]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"nonsense", "not a JSON object"),
        (b"[1, 2]", "not a JSON object"),
        (b"null", "not a JSON object"),
        (b'{"a": 1', "no JSON"),
        (b'{"a": 1}}', "no JSON"),
        (b'{"a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "nested too deeply"),
        (b'{"a": "' + b"x" * (9 << 20) + b'"}', "a line of more than 8 MiB"),
    ],
    ids=["text", "array", "null", "cut", "trailing", "deep", "enormous"],
)
def test_a_line_that_is_no_object_is_a_malformed_row_without_values(line, reason):
    columns, rows, malformed = read(b'{"a": 7}\n\n' + line + b'\n{"a": 8}\n')
    assert columns == ["a"]
    assert rows == [("7",), (None,), ("8",)]
    assert [(bad.row, bad.line) for bad in malformed] == [(1, 3)]
    assert malformed[0].reason.startswith(reason)
    assert len(malformed[0].text) <= 4_096


def test_numbers_keep_their_spelling_and_what_only_python_writes_is_taken():
    data = (
        b'{"a": 1.50, "b": 1e5, "c": 123456789012345678901234567890}\n{"a": NaN, "b": -Infinity}\n'
    )
    _, rows, malformed = read(data)
    assert rows == [
        ("1.50", "1e5", "123456789012345678901234567890"),
        ("NaN", "-Infinity", None),
    ]
    assert not malformed
    assert read(b'{"a": "\\ud800 x", "b": [1 , 2]}\n')[1] == [("\\ud800 x", "[1,2]")]


def test_half_characters_stand_as_they_are_written_in_keys_too():
    first = b'{"k\\ud800": "a\\udfff", "k?": {"b\\ud800": 1}}\n'
    second = b'{"k\\ud801": 2, "k?": "\\ud83d\\ude00"}\n'
    columns, rows, malformed = read(first + second)
    assert columns == ["k\\ud800", "k?", "k\\ud801"]
    assert rows == [("a\\udfff", '{"b\\ud800":1}', None), (None, "\U0001f600", "2")]
    assert malformed == []


def test_of_a_key_that_is_there_twice_the_last_counts():
    assert read(b'{"a": 1, "b": 2, "a": 3}\n') == (["a", "b"], [("3", "2")], [])


def test_ten_thousand_keys_are_ten_thousand_columns():
    wide = [{f"k{at}": at for at in range(10_000)} for _ in range(3)]
    columns, rows, _ = read(lines(wide))
    assert len(columns) == 10_000
    assert rows[2][9_999] == "9999"


def test_a_key_with_values_of_several_kinds_is_text(tmp_path):
    rows = [{"n": i, "mixed": i if i % 20 else str(i), "s": str(i)} for i in range(100)]
    (tmp_path / "x.jsonl").write_bytes(lines(rows))
    with content_table(tmp_path / "x.jsonl", tmp_path / "scratch") as table:
        assert [column.type for column in table.columns] == ["int", "text", "int"]


def test_a_key_that_comes_late_is_a_column_of_the_index_and_of_the_table(tmp_path):
    path = tmp_path / "late.jsonl"
    path.write_bytes(lines([{"a": i} for i in range(60_000)]) + lines([{"late": "x", "a": 1}]))
    with FileStream(path) as stream:
        index = index_rows(stream, JSON_LINES)
    file = OpenFile.at(path)
    saved = type(index).from_bytes(
        index.to_bytes(FileIdentity.of(file)), FileIdentity.of(file), JSON_LINES
    )
    rows = IndexedRows(file, saved)
    assert [column.name for column in rows.columns] == ["a", "late"]
    assert rows.window(59_999, 60_001, [0, 1]) == [["59999", "1"], [None, "x"]]
    rows.close()
    with content_table(path, tmp_path / "scratch") as table:
        assert table.row_count == 60_001
        assert table.cell(60_000, 1) == "x"
        with open_table(table.directory, path) as again:
            assert again.columns == table.columns


def test_an_array_is_a_table_as_its_lines_are(tmp_path):
    objects = [{"a": i, "b": {"c": [i]}} for i in range(200)]
    (tmp_path / "x.json").write_bytes(json.dumps(objects, indent=1).encode())
    (tmp_path / "x.jsonl").write_bytes(lines(objects))
    with (
        content_table(tmp_path / "x.json", tmp_path / "one") as array,
        content_table(tmp_path / "x.jsonl", tmp_path / "two") as plain,
    ):
        assert all_rows(array) == all_rows(plain)
        assert all_rows(array)[3] == ["3", '{"c":[3]}']


@pytest.mark.parametrize(
    ("data", "name", "declared", "found"),
    [
        (b'{"a":1}\n{"a":2}\n', "x", "PlainText", "JSON Lines"),
        (b'{"a":1}', "x", "Binary", "JSON Lines"),
        (b'\n {"a":1}\n', "x.json", "PlainText", "JSON Lines"),
        (b'[ {"a":1}]', "x", "PlainText", "JSON Lines"),
        (b'{"a":1}\n{"a":2}\n', "x.jsonl", "GenericCSV", "JSON Lines"),
        (b'{"a":1}\n{"a":2}\n', "x.csv", "GenericCSV", "GenericCSV"),
        (b'{"a":1}\nwords\n', "x", "PlainText", "PlainText"),
        (b'{\n"a":1\n}\n', "x.json", "PlainText", "PlainText"),
        (b"[1, 2]", "x.json", "PlainText", "PlainText"),
        (b"{curly} text\n", "x", "PlainText", "PlainText"),
    ],
)
def test_json_is_found_by_its_bytes_where_the_type_promises_no_columns(data, name, declared, found):
    assert look(data, name, declared, whole=True).fmt.data_type_id == found
