"""Rows of a content by its index: a window is a read of some bytes and a parse of those."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

import numpy as np

from amltui.formats.blocks import CELLS, Block, Codec, Cut, Parsed
from amltui.formats.dialect import format_with
from amltui.formats.malformed import Malformed
from amltui.formats.reader import RowReader
from amltui.formats.registry import Format
from amltui.formats.scan import NO_QUOTES, as_array, scan
from amltui.tables.cells import texts
from amltui.tables.index_making import surveyed
from amltui.tables.inference import infer
from amltui.tables.long_fields import field_parts
from amltui.tables.row_index import FileIdentity, Piece, RowIndex
from amltui.tables.rows import Column
from amltui.tables.source import FileStream, OpenFile, Slice

_KEPT: Final = 32
"""Parsed pieces kept: several screens either way, some MiB."""
_CELLS_KEPT: Final = 2 * CELLS
"""Cells of all pieces kept, but for the one that is read."""
_TYPED: Final = 256 * 1024
"""Bytes of the first rows that the columns' types come from."""


@dataclass(slots=True)
class _PieceRows:
    """A piece parsed."""

    piece: Piece
    batches: list[Any] = field(default_factory=list)
    cuts: dict[tuple[int, int], Cut] = field(default_factory=dict)
    malformed: list[Malformed] = field(default_factory=list)

    @property
    def cells(self) -> int:
        return sum(batch.num_rows * batch.num_columns for batch in self.batches)


class IndexedRows:
    """`Rows` of a content whose index may still grow; closes the file. For one thread."""

    def __init__(
        self,
        file: OpenFile,
        index: RowIndex,
        codec: Codec | None = None,
        columns: Sequence[Column] = (),
        identity: FileIdentity | None = None,
    ) -> None:
        """Show rows.

        Args:
            file: the content; what the index knows of it is there.
            index: where its rows are.
            codec: what made the index. None: the file is whole, and its header is read again.
            columns: what is known of the columns' types, by first rows that were read before.
            identity: of the file, where it is whole. If it changes, no row is shown any more.
        """
        self._file = file
        self.index = index
        """Where the rows are; it may still grow."""
        self._fmt = format_with(index.beginning.data_type_id, index.beginning.dialect)
        self._codec = codec or _codec(file, self._fmt, index)
        self._identity = identity
        self._parsed: OrderedDict[int, _PieceRows] = OrderedDict()
        self._count, self._complete = 0, False
        self.malformed: dict[int, Malformed] = {}
        """Rows, by number, that were found malformed in the windows read so far."""
        self.changed = False
        """Whether the file was changed by somebody: its rows are unknown from then on."""
        self.refresh()
        known = [column.name for column in columns] == list(self._codec.columns)
        self._columns = tuple(columns) if known else self._first_types()

    def close(self) -> None:
        """Let go of the file."""
        self._parsed.clear()
        self._file.close()

    def refresh(self) -> bool:
        """Take in what the index learned since. Returns whether anything changed."""
        had = self._count, self._complete
        # In this order: the last rows are counted before the index is complete.
        self._complete = self.index.complete
        self._count = self.index.row_count
        return had != (self._count, self._complete)

    @property
    def columns(self) -> tuple[Column, ...]:
        """See `Rows.columns`. The types are those of the first rows."""
        return self._columns

    @property
    def row_count(self) -> int:
        """See `Rows.row_count`."""
        return self._count

    @property
    def complete(self) -> bool:
        """See `Rows.complete`."""
        return self._complete

    @property
    def encoding(self) -> str:
        """What the text was decoded from."""
        stream = self.index.beginning.encoding
        return stream if stream != "utf-8" else self.index.text_encoding or stream

    @property
    def consumed(self) -> int:
        """Bytes of the content that the rows come from."""
        return self.index.stop

    def window(self, start: int, stop: int, columns: Sequence[int]) -> list[Sequence[str | None]]:
        """See `Rows.window`. Rows that can be read no longer are missing values."""
        start, stop = max(start, 0), min(stop, self._count)
        found: list[list[str | None]] = [[] for _ in columns]
        while start < stop:
            rows = self._rows(start)
            end = min(stop, rows.piece.end)
            at = rows.piece.first
            for batch in rows.batches:
                low, high = max(start - at, 0), min(end - at, batch.num_rows)
                if low < high:
                    for cells, column in zip(found, columns, strict=True):
                        cells.extend(texts(batch.column(column), low, high))
                at += batch.num_rows
            if not rows.batches:
                for cells in found:
                    cells.extend([None] * (end - start))
            start = end
        return list(found)

    def row_at(self, offset: int) -> int | None:
        """The row that a byte of the content is in; None: not known yet.

        Where the text is not in UTF-8 or its like, the first row of the piece that it is in.
        """
        piece = self.index.piece_at(offset)
        plain = self.index.beginning.encoding == "utf-8" and self._fmt.dialect is None
        if piece is None or piece.oversized or not plain:
            return None if piece is None else piece.first
        data = self._file.read(piece.start, piece.stop)
        found = NO_QUOTES
        if self._codec.quotes:
            delimiter = self._codec.delimiter[0]
            found = scan(as_array(data), delimiter, skip_space=self._codec.skip_space)
        ends = self._codec.row_ends(data, found, self.index.text_encoding)
        passed = int(np.searchsorted(ends, offset - piece.start, side="right"))
        return min(piece.first + passed, piece.end - 1)

    def look_at(self, stop: int) -> None:
        """Parse the rows before number `stop`, so that `malformed` has all that are among them."""
        row = 0
        while row < min(stop, self._count):
            row = self._rows(row).piece.end

    def row_numbers(self, start: int, stop: int) -> Sequence[int]:
        """See `Rows.row_numbers`."""
        return range(max(start, 0), min(stop, self._count))

    def cell(self, row: int, column: int) -> str | None:
        """See `Rows.cell`.

        Raises:
            IndexError: no such row.
        """
        if self._cut(row, column) is not None:
            return "".join(self.cell_parts(row, column))
        return self.cell_start(row, column)

    def cut_size(self, row: int, column: int) -> int | None:
        """See `CutRows`."""
        cut = self._cut(row, column)
        return None if cut is None else cut.size

    def cell_parts(self, row: int, column: int) -> Iterator[str]:
        """See `CutRows`."""
        cut, piece = self._cut(row, column), self._rows(row).piece
        assert cut is not None
        yield from field_parts(
            Slice(self._file, piece.start, piece.stop),
            cut,
            self._fmt,
            stream_encoding=self.index.beginning.encoding,
            encoding=self.index.text_encoding,
        )

    def _cut(self, row: int, column: int) -> Cut | None:
        if not 0 <= row < self._count:
            raise IndexError(row)
        rows = self._rows(row)
        return rows.cuts.get((row - rows.piece.first, column))

    def cell_start(self, row: int, column: int) -> str | None:
        """See `CutRows`."""
        rows = self._rows(row)
        at = row - rows.piece.first
        for batch in rows.batches:
            if at < batch.num_rows:
                value: str | None = batch.column(column)[at].as_py()
                return value
            at -= batch.num_rows
        return None

    def _rows(self, row: int) -> _PieceRows:
        """The parsed piece that a row is in."""
        piece = self.index.piece_of(row)
        if self._identity is not None and not self._identity.seems(self._file):
            self.changed = True
            self._parsed.clear()
        found = self._parsed.get(piece.number)
        # The last piece may have grown since it was parsed.
        if found is not None and found.piece == piece:
            self._parsed.move_to_end(piece.number)
            return found
        found = self._read(piece)
        self._parsed[piece.number] = found
        most = min(_KEPT, max(1, _CELLS_KEPT // max(1, found.cells)))
        while len(self._parsed) > most:
            self._parsed.popitem(last=False)
        for bad in found.malformed:
            self.malformed[bad.row] = bad
        return found

    def _read(self, piece: Piece) -> _PieceRows:
        found = _PieceRows(piece)
        if self.changed:
            return found
        for parsed in self._parse(piece):
            found.batches.append(parsed.batch)
            for cut in parsed.cuts:
                found.cuts[cut.row, cut.column] = cut
            for bad in parsed.malformed:
                found.malformed.append(
                    replace(bad, row=piece.first + bad.row, line=piece.lines + bad.line)
                )
        if sum(batch.num_rows for batch in found.batches) != piece.end - piece.first:
            # Not the bytes that were indexed.
            self.changed = True
            return _PieceRows(piece)
        return found

    def _parse(self, piece: Piece) -> list[Parsed]:
        """Parse a piece; rows, lines and cuts count from its start."""
        encoding, other = self.index.beginning.encoding, self.index.text_encoding
        if piece.oversized or encoding != "utf-8" or self._fmt.dialect is not None:
            part = Slice(self._file, piece.start, piece.stop)
            reader = RowReader(part, self._fmt, codec=self._codec, encoding=encoding)
            reader.text_encoding = other
            return [parsed for _, parsed in reader.parsed()]
        data = self._file.read(piece.start, piece.stop)
        block = Block(data, 0, len(data))
        # It may hold other bytes than those that were indexed.
        return [self._codec.parse(block, other or "utf-8")]

    def _first_types(self) -> tuple[Column, ...]:
        """The columns with types as the first rows show them."""
        codec = self._codec
        batches: list[Any] = []
        most = CELLS // max(1, len(codec.columns))
        row = 0
        while row < self._count:
            rows = self._rows(row)
            batches += rows.batches
            row = rows.piece.end
            if rows.piece.stop - self.index.beginning.origin >= _TYPED or row >= most:
                break
        columns = infer(codec.columns, codec.declared, batches)
        whole = self._complete and row >= self._count
        return tuple(replace(column, sampled=not whole) for column in columns)


def _codec(file: OpenFile, fmt: Format, index: RowIndex) -> Codec:
    """What reads the rows of a whole file: its header says how many columns there are."""
    codec = surveyed(index, fmt)
    if codec is not None:
        return codec
    with FileStream(file) as stream:
        reader = RowReader(stream, fmt)
        reader.text_encoding = index.text_encoding
        reader.read_header()
    return reader.codec
