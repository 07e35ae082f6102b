"""The first rows of a content, as soon as its first bytes are here."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from amltui.formats.malformed import Malformed
from amltui.formats.registry import Format
from amltui.tables.memory import MemoryRows

HEAD = 256 * 1024
"""Bytes to fetch for the first rows."""


class BytesStream:
    """A `Stream` over bytes in memory."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def read(self, size: int) -> bytes:
        """See `Stream.read`."""
        data = self._data[self._at : self._at + size]
        self._at += len(data)
        return data

    def seek(self, offset: int) -> None:
        """See `Stream.seek`."""
        self._at = offset


class HeaderGoesOn(Exception):
    """The bytes end before the columns are known."""


def first_rows(data: bytes, fmt: Format, *, whole: bool) -> MemoryRows:
    """The rows in a content's first bytes.

    A row that the bytes end in is left out (quotes are counted, so a line end inside a field is
    not taken for a row's), unless it would be the only one. Rows that have very many cells for
    their bytes are not all taken. Column types are those of these rows.

    Args:
        data: the content from its first byte on.
        fmt: a format that has rows (`fmt.has_rows`).
        whole: `data` is the whole content, so its last row is complete.

    Raises:
        HeaderGoesOn: more bytes are needed.
        Unreadable: the bytes are not what the format says.
        UnsupportedDataType: the format has no rows; see `hex_rows`.
    """
    from amltui.formats.blocks import CELLS
    from amltui.formats.reader import RowReader
    from amltui.tables.inference import infer

    reader = RowReader(BytesStream(data), fmt, final=whole)
    if not reader.read_header():
        raise HeaderGoesOn
    batches: list[Any] = []
    malformed: list[Malformed] = []
    cells = 0
    for _, parsed in reader.parsed():
        batches.append(parsed.batch)
        malformed.extend(parsed.malformed)
        cells += parsed.batch.num_rows * len(reader.columns)
        if cells >= CELLS // 2:
            whole = whole and reader.consumed >= len(data)
            break
    columns = infer(reader.columns, reader.codec.declared, batches)
    return MemoryRows(
        [replace(column, sampled=not whole) for column in columns],
        batches,
        complete=whole,
        malformed=malformed,
        encoding=reader.encoding,
        goes_on=reader.goes_on,
        consumed=reader.consumed,
    )
