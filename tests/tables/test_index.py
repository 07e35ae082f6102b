"""The row index: any window of a content gives the rows that the whole parse gives."""

from __future__ import annotations

import contextlib
import os
import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from amltui.errors import Unreadable
from amltui.formats import format_of
from amltui.formats.registry import JSON_LINES
from amltui.tables import ingest, open_table
from amltui.tables.index_making import index_rows
from amltui.tables.indexed import IndexedRows
from amltui.tables.row_index import PIECE, FileIdentity, RowIndex, noted_size
from amltui.tables.source import FileStream, OpenFile
from tests.support.tables import Pieces, all_rows, read_in_pieces

TYPES = ("GenericCSV", "GenericCSVNoHeader", "GenericTSV", "PlainText", "ARFF")
ARFF = b"@relation r\n@attribute a numeric\n@attribute 'b c' {x,y}\n@data\n"
TOKENS = (
    b"a", b"7", b",", b"\t", b"\n", b"\r\n", b"\r", b'"', b'""', b" ", b"'", b"%", b"{1 y}",
    b"\\", b"\xc3\xa9", b"\xe9", b"\xa0", b"\x0b", b"\0", b"\n\n", b'"x\ny"', b"\n% c\n", b"?",
)  # fmt: skip
NOTHING = object()


def parsed(data, data_type_id, *, size=1 << 30):
    """Columns, rows and malformed rows of the whole parse; what is wrong where it is none."""
    try:
        return read_in_pieces(data, data_type_id, size)
    except Unreadable as error:
        return str(error)


def indexed(data, data_type_id, path, *, size=1 << 30, piece=64):
    """The same by the index, window by window from the last to the first."""
    path.write_bytes(data)
    try:
        index = index_rows(Pieces(data, size), format_of(data_type_id), piece=piece)
    except Unreadable as error:
        return str(error)
    rows = IndexedRows(OpenFile.at(path), index)
    try:
        assert rows.complete
        cells = [
            [column[0] for column in rows.window(row, row + 1, range(len(rows.columns)))]
            for row in reversed(range(rows.row_count))
        ]
        malformed = [rows.malformed[row] for row in sorted(rows.malformed)]
        assert all_rows(rows) == cells[::-1]
        assert not rows.changed
        return tuple(column.name for column in rows.columns), cells[::-1], malformed
    finally:
        rows.close()


@settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.sampled_from(TYPES),
    st.lists(st.sampled_from(TOKENS), max_size=60).map(b"".join),
    st.integers(1, 200),
    st.sampled_from((1, 7, 64)),
)
def test_windows_give_the_rows_of_the_whole_parse(tmp_path_factory, kind, data, size, piece):
    data = (ARFF if kind == "ARFF" else b"a,b\tc\n") + data
    path = tmp_path_factory.mktemp("index") / "content"
    expected = parsed(data, kind, size=size)
    assert indexed(data, kind, path, size=size, piece=piece) == expected


@pytest.mark.parametrize("kind", TYPES)
def test_a_content_cut_at_any_byte_has_the_same_rows_by_its_index(kind, tmp_path):
    rows = b'1,x\n2,"y\nz"\n\n  \n3, "q ""r""",surplus\n\xe9,\xc3\xa9\r\n4,"open\n5,\n% c\n{1 y}\n"'
    data = (ARFF if kind == "ARFF" else b"a,b\n") + rows.replace(b",", b"\t" * 1) * 2
    for cut in range(len(data) + 1):
        found = indexed(data[:cut], kind, tmp_path / "content", piece=8)
        assert found == parsed(data[:cut], kind), cut


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be", "utf-32", "utf-8-sig"])
def test_wide_encodings_are_read_piece_by_piece(encoding, tmp_path):
    text = "a,b\n" + "".join(f'{i},"é😀\n{i}"\n' for i in range(500))
    for data in (text.encode(encoding), text.encode(encoding)[:-1]):
        assert indexed(data, "GenericCSV", tmp_path / "content") == parsed(data, "GenericCSV")


def write(path, data, data_type_id="GenericCSV"):
    path.write_bytes(data)
    with FileStream(path) as stream:
        return index_rows(stream, format_of(data_type_id))


def test_rows_too_large_for_a_block_are_cut_in_windows_and_whole_as_cells(tmp_path):
    long, path = "é " * 5_000_000, tmp_path / "content"
    data = f'a,b\n1,x\n2,"{long}""q"\n3,y\n'.encode()
    index = write(path, data)
    rows = IndexedRows(OpenFile.at(path), index)
    assert [row[0] for row in all_rows(rows)] == ["1", "2", "3"]
    assert rows.cell(1, 1) == long + '"q'
    assert rows.cell(2, 1) == "y"
    rows.close()


def test_a_quote_that_never_closes_and_a_content_without_a_line_end_are_indexed(tmp_path):
    path = tmp_path / "content"
    index = write(path, b'a,b\n0,"open\n' + b"".join(b"%d,x\n" % i for i in range(1_500_000)))
    rows = IndexedRows(OpenFile.at(path), index)
    assert rows.row_count == 1_500_001
    assert rows.window(0, 2, [1]) == [['"open', "x"]]
    assert rows.window(1_500_000, 1_500_001, [0]) == [["1499999"]]
    assert [bad.reason for bad in rows.malformed.values()] == ["quote never closed"]
    rows.close()
    index = write(path, b"x" * 20_000_000, "PlainText")
    rows = IndexedRows(OpenFile.at(path), index)
    assert (rows.row_count, len(rows.cell(0, 0))) == (1, 20_000_000)
    rows.close()


def test_the_table_of_a_content_and_its_index_agree(tmp_path):
    path = tmp_path / "content"
    line = b'%d,"a\n%d",\xe9\n'
    data = b"a,b,c\n" + b"".join(line % (i, i) for i in range(90_000)) + b"1,2\n"
    index = write(path, data)
    ingest(path, format_of("GenericCSV"), tmp_path / "table")
    rows = IndexedRows(OpenFile.at(path), index)
    with open_table(tmp_path / "table", path) as table:
        assert rows.row_count == table.row_count == 90_001
        for start in (0, 1, 44_990, 89_990):
            window = start, start + 50, range(3)
            assert rows.window(*window) == table.window(*window)
        assert rows.malformed[90_000].line == int(table.malformed.cell(0, 0))
        assert rows.encoding == table.encoding
        names = [(column.name, column.type) for column in rows.columns]
        assert names == [(column.name, column.type) for column in table.columns]
        assert all(column.sampled for column in rows.columns)
    rows.close()


def saved(tmp_path, data=b"a,b\n" + b"1,2\n" * 50_000):
    path = tmp_path / "content"
    index = write(path, data)
    file = OpenFile.at(path)
    (tmp_path / "index").write_bytes(index.to_bytes(FileIdentity.of(file)))
    return path, file


def loaded(tmp_path, path, data_type_id="GenericCSV"):
    file = OpenFile.at(path)
    try:
        data = (tmp_path / "index").read_bytes()
        return RowIndex.from_bytes(data, FileIdentity.of(file), format_of(data_type_id))
    finally:
        file.close()


def test_a_saved_index_opens_a_content_without_reading_it_again(tmp_path):
    path, file = saved(tmp_path)
    index = loaded(tmp_path, path)
    rows = IndexedRows(file, index)
    assert (rows.row_count, rows.complete) == (50_000, True)
    assert rows.window(49_999, 50_001, [0, 1]) == [["1"], ["2"]]
    assert (tmp_path / "index").stat().st_size < 2_000
    rows.close()


@pytest.mark.parametrize("damage", ["other bytes", "cut", "version", "torn", "type"])
def test_an_index_of_other_bytes_or_another_version_is_not_used(tmp_path, damage):
    path, file = saved(tmp_path)
    file.close()
    index, data_type_id = tmp_path / "index", "GenericCSV"
    if damage == "other bytes":  # of the same size and age
        before = path.stat()
        path.write_bytes(path.read_bytes().replace(b"1,2", b"3,4"))
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    elif damage == "cut":
        os.truncate(path, 1_000)
    elif damage == "version":
        other, count = re.subn(rb'"version": \d', b'"version": 0', index.read_bytes())
        assert count == 1
        index.write_bytes(other)
    elif damage == "torn":
        index.write_bytes(index.read_bytes()[:-9])
    else:
        data_type_id = "PlainText"
    assert loaded(tmp_path, path, data_type_id) is None


@pytest.mark.parametrize("how", ["shrinks", "changes"])
def test_a_file_that_changes_while_it_is_shown_is_never_shown_wrong(tmp_path, how):
    path, file = saved(tmp_path)
    identity = FileIdentity.of(file)
    rows = IndexedRows(file, loaded(tmp_path, path), identity=identity)
    assert rows.window(0, 1, [0]) == [["1"]]
    if how == "shrinks":
        os.truncate(path, 100)
    else:
        path.write_bytes(b"a,b\n" + b'"",\n' * 50_000)
    assert rows.window(49_000, 49_002, [0, 1]) == [[None, None], [None, None]]
    assert rows.changed
    rows.close()


class Stopped(Exception):
    """Somebody left."""


def begun_at(data, fmt, path, stop, *, size, piece):
    """The index of a content as it was kept when it was left at a byte, or after some reports."""
    kept = None

    def report(index, _codec):
        nonlocal kept
        if index.stop <= stop:
            path.write_bytes(data)
            file = OpenFile.at(path)
            kept = index.to_bytes(FileIdentity.of_first(file, index.stop))
            file.close()
        else:
            raise Stopped

    with contextlib.suppress(Stopped):
        index_rows(Pieces(data, size), fmt, report, piece=piece)
    return kept


def gone_on(data, fmt, kept, path, *, size, piece):
    file = OpenFile.at(path)
    try:
        identity = FileIdentity.of_first(file, noted_size(kept))
    finally:
        file.close()
    begun = RowIndex.from_bytes(kept, identity, fmt)
    assert begun is not None
    return index_rows(Pieces(data, size), fmt, piece=piece, begun=begun)


def body(index):
    return index.to_bytes(FileIdentity(0, 0, 0))


BEGINNINGS = {"ARFF": ARFF, "JsonLines": b'{"a":1,"b":"x"}\n'}
ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "utf-16-be", "utf-32")


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.sampled_from((*TYPES, "JsonLines")),
    st.lists(st.sampled_from((*TOKENS, b'{"a":2}\n', b'{"c":3}\n', b"9\n")), max_size=60),
    st.sampled_from(ENCODINGS),
    st.integers(0, 300),
    st.integers(1, 200),
    st.integers(1, 200),
    st.sampled_from((1, 7, 64)),
)
def test_an_index_gone_on_with_from_any_cut_is_that_of_the_whole(
    tmp_path_factory, kind, tokens, encoding, cut, size, again, piece
):
    data = BEGINNINGS.get(kind, b"a,b\tc\n") + b"".join(tokens)
    if encoding != "utf-8":
        data = data.decode("latin-1").encode(encoding)
    fmt = JSON_LINES if kind == "JsonLines" else format_of(kind)
    path = tmp_path_factory.mktemp("index") / "content"
    try:
        whole = index_rows(Pieces(data, size), fmt, piece=piece)
    except Unreadable:
        return
    kept = begun_at(data, fmt, path, cut, size=size, piece=piece)
    if kept is None:
        return
    index = gone_on(data, fmt, kept, path, size=again, piece=piece)
    assert index.complete
    assert (index.row_count, index.stop) == (whole.row_count, whole.stop)
    assert (index.beginning, index.text_encoding) == (whole.beginning, whole.text_encoding)
    path.write_bytes(data)
    rows, other = (IndexedRows(OpenFile.at(path), one) for one in (index, whole))
    assert all_rows(rows) == all_rows(other)
    assert (rows.malformed, rows.changed) == (other.malformed, False)
    rows.close()
    other.close()


@pytest.mark.parametrize("size", [1 << 20, 300_000])
def test_an_index_gone_on_with_is_that_of_the_whole_where_a_row_is_large_or_a_quote_stays_open(
    size, tmp_path
):
    line = '0,"x\ny",{}\n'
    rows = "".join(line.format("é" if i > 9_000 else "e") for i in range(20_000))
    data = ("a,b,c\n" + rows + "1," + "é" * 5_000_000 + ',z\n2,"open,q\n' + rows).encode()
    fmt, path = format_of("GenericCSV"), tmp_path / "content"
    whole = index_rows(Pieces(data, size), fmt)
    for cut in (6, 100_000, 260_000, 10_240_000, len(data) - 1):
        kept = begun_at(data, fmt, path, cut, size=size, piece=PIECE)
        index = gone_on(data, fmt, kept, path, size=size, piece=PIECE)
        assert (index.row_count, index.stop) == (whole.row_count, whole.stop)
        rows_of = [IndexedRows(OpenFile.at(path), one) for one in (index, whole)]
        for start in (0, 19_990, 20_000, 39_990):
            one, other = (found.window(start, start + 20, range(3)) for found in rows_of)
            assert one == other
        assert rows_of[0].malformed == rows_of[1].malformed
        for found in rows_of:
            found.close()


def test_a_begun_index_of_another_header_is_not_gone_on_with(tmp_path):
    data = b"a,b\n" + b"1,2\n" * 50_000
    fmt, path = format_of("GenericCSV"), tmp_path / "content"
    kept = begun_at(data, fmt, path, 1 << 30, size=10_000, piece=PIECE)
    other = b"a,bb" + data[3:]
    begun = RowIndex.from_bytes(kept, FileIdentity.of_first(OpenFile.at(path), len(data)), fmt)
    index = index_rows(Pieces(other, 10_000), fmt, begun=begun)
    assert body(index) == body(index_rows(Pieces(other, 10_000), fmt))
