"""Cells too long to hold, read in parts."""

from __future__ import annotations

import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from amltui.formats.blocks import Cut
from amltui.formats.dialect import Dialect, format_with
from amltui.formats.encoding import decode
from amltui.formats.registry import format_of
from amltui.formats.row_fields import split_row
from amltui.tables import long_fields
from amltui.tables.beginning import BytesStream
from amltui.tables.long_fields import field_parts, unquoted

CSV = format_of("GenericCSV")


@settings(max_examples=500, deadline=None)
@given(st.text(alphabet='a"', max_size=12), st.integers(1, 5))
def test_quotes_are_undone_in_parts_as_they_are_in_one(text, size):
    raw = b'"' + text.encode()
    pieces = [raw[at : at + size] for at in range(0, len(raw), size)]
    assert b"".join(unquoted(pieces)) == split_row(raw, b",", skip_space=False).texts[0]


@pytest.mark.parametrize("size", [1, 2, 7, 1 << 20])
@pytest.mark.parametrize(
    ("raw", "encoding"),
    [
        ("é€😀x" * 9, None),
        ("é€x".encode("cp1252") * 9, "cp1252"),
        ("é€x".encode("cp1252") * 9, "utf-8+cp1252"),
        (b"\x81\xff", "cp1252"),
        ("日本".encode("cp932") * 9, "cp932"),
    ],
)
def test_parts_are_decoded_as_the_whole_is(raw, encoding, size, monkeypatch):
    monkeypatch.setattr(long_fields, "_PIECE", size)
    data = raw if isinstance(raw, bytes) else raw.encode()
    stream = BytesStream(b"ab," + data + b"\n")
    cut = Cut(0, 1, 3, len(data), quoted=False)
    parts = field_parts(stream, cut, CSV, stream_encoding="utf-8", encoding=encoding)
    assert "".join(parts) == decode(data, encoding)


def test_parts_are_read_as_a_dialect_means_them(monkeypatch):
    monkeypatch.setattr(long_fields, "_PIECE", 3)
    fmt = format_with("GenericCSV", Dialect(quote="'", escape="\\").to_text())
    raw = b"'it\\'s \"so\" \\\\ far'"
    stream = BytesStream(raw + b",1\n")
    parts = field_parts(
        stream, Cut(0, 0, 0, len(raw), quoted=True), fmt, stream_encoding="utf-8", encoding=None
    )
    assert "".join(parts) == 'it\'s "so" \\ far'


def test_a_long_cell_is_never_in_memory_as_a_whole(make_table):
    size = 60_000_000
    table = make_table(b'a,b\n1,"' + b"x" * size + b'"\n')
    tracemalloc.start()
    try:
        assert sum(map(len, table.cell_parts(0, 1))) == size
        assert tracemalloc.get_traced_memory()[1] < 16_000_000
    finally:
        tracemalloc.stop()
