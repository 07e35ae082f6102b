"""Making the index of a content's rows while its bytes arrive, or over a file that is there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np

from amltui.formats.blocks import CELLS, Block, Codec
from amltui.formats.dialect import dialect_text
from amltui.formats.input import Stream
from amltui.formats.json_lines import JsonLinesCodec
from amltui.formats.reader import RowReader
from amltui.formats.registry import Format
from amltui.formats.scan import NO_QUOTES, as_array, ends_lines
from amltui.tables.row_index import PIECE, Beginning, RowIndex

_PER_COLUMN: Final = 256
"""Bytes of a piece for each column at least: every column of a piece costs something."""
_LARGEST: Final = 2 * 1024 * 1024
_CELLS: Final = CELLS // 4
"""Cells of a piece at most, but for a single row."""

Report = Callable[[RowIndex, Codec], None]


def index_rows(
    stream: Stream,
    fmt: Format,
    report: Report = lambda _index, _codec: None,
    *,
    piece: int = PIECE,
    check: Callable[[], None] = lambda: None,
    begun: RowIndex | None = None,
) -> RowIndex:
    """Find the rows of a content; blocks until its end.

    Args:
        stream: the content from its first byte on.
        fmt: a format that has rows.
        report: given the index, and what parses its pieces, once the columns are known and after
            each block of rows. What it raises ends the work.
        piece: bytes of a piece, where the columns are not too many for that.
        check: called at the stream's end; it raises where that is not the content's end.
        begun: an index of the first rows of these bytes, which is gone on with. Where it is none
            of this format's, all is looked at.

    Raises:
        Unreadable: the bytes are not what the format says.
        Cancelled: the stream was cancelled.
    """
    reader = RowReader(stream, fmt, codec=None if begun is None else surveyed(begun, fmt))
    reader.read_header()
    size = max(piece, min(_LARGEST, _PER_COLUMN * len(reader.columns) * piece // PIECE))
    keys: tuple[str, ...] = getattr(reader.codec, "keys", ())
    beginning = Beginning(
        fmt.data_type_id,
        reader.consumed,
        reader.lines,
        reader.input_encoding,
        keys,
        reader.codec.declared if keys else (),
        dialect_text(fmt),
    )
    most = max(1, _CELLS // max(1, len(reader.columns)))
    if begun is None:
        index = RowIndex(beginning, size, most)
        index.text_encoding = reader.text_encoding
    elif begun.beginning == beginning:
        index = begun
        index.cut_into(size, most)
        reader.go_on_at(index.stop, index.text_encoding)
    else:
        stream.seek(0)
        return index_rows(stream, fmt, report, piece=piece, check=check)
    report(index, reader.codec)
    start = reader.consumed
    for block in reader.blocks():
        index.text_encoding = reader.text_encoding
        if block.oversized is not None:
            index.add(reader.consumed, 1, block.oversized.lines, oversized=True)
        else:
            _add(index, reader, block, start, size=size, most=most)
        start = reader.consumed
        report(index, reader.codec)
    check()
    index.complete = True
    report(index, reader.codec)
    return index


def surveyed(index: RowIndex, fmt: Format) -> Codec | None:
    """What reads the rows of an index, where a survey of all bytes found the columns; else None."""
    keys = index.beginning.keys
    if not keys:
        return None
    codec = JsonLinesCodec(fmt)
    codec.name(keys, index.beginning.declared)
    return codec


def _add(
    index: RowIndex, reader: RowReader, block: Block, start: int, *, size: int, most: int
) -> None:
    """Cut a block into pieces of about `size` bytes and at most `most` rows."""
    data = block.data
    found = NO_QUOTES if block.scan is None else block.scan
    ends = reader.codec.row_ends(data, found, reader.text_encoding)
    lines = ends_lines(data, as_array(data))
    wanted = np.arange(size, len(data), size)
    # Not numpy's union of arrays, with which numpy.ma comes, before the first rows are drawn.
    cuts = {*(np.searchsorted(ends, wanted) + 1).tolist(), *range(most, len(ends), most)}
    rows = [*sorted(row for row in cuts if row < len(ends)), len(ends)]
    stops = [*(int(ends[row - 1]) for row in rows[:-1]), len(data)]
    had = at = 0
    for row, stop in zip(rows, stops, strict=True):
        start += reader.size_of(memoryview(data)[at:stop])
        index.add(start, row - had, int(np.count_nonzero(lines[at:stop])))
        had, at = row, stop
