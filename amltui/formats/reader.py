"""Bytes to blocks of whole rows to record batches, in memory that no file can exceed."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from itertools import chain
from typing import Final

import numpy as np

from amltui.errors import UnsupportedDataType
from amltui.formats.arff import ArffCodec
from amltui.formats.arrow import decode_start, lines_in
from amltui.formats.blocks import (
    CELLS,
    MOST_COLUMNS,
    TEXT_KEPT,
    Block,
    Codec,
    Oversized,
    Parsed,
    Surveyed,
)
from amltui.formats.delimited import DelimitedCodec
from amltui.formats.encoding import NOT_ASCII, WINDOW, decide
from amltui.formats.input import Input, Stream
from amltui.formats.oversized import OversizedRow
from amltui.formats.plain import PlainCodec
from amltui.formats.recognition import mismatch, say_mismatch
from amltui.formats.registry import Format
from amltui.formats.scan import NO_QUOTES, Scan, as_array, row_cut, scan

FIRST_BLOCK: Final = 256 * 1024
BLOCK: Final = 2 * 1024 * 1024
WIDE: Final = 8 * 1024
"""Bytes per column below which a block would hold too few rows to be worth its overhead."""
LARGEST_BLOCK: Final = 32 * 1024 * 1024
GROWS: Final = 256 * 1024 * 1024
"""Bytes after which no columns are added: rows are not seen before all columns are known."""
LARGEST_ROW: Final = 8 * 1024 * 1024
"""A row of more bytes is read piece by piece and its fields are cut."""


def codec_for(fmt: Format) -> Codec:
    """The codec of a format.

    Raises:
        UnsupportedDataType: it has none; its bytes are all there is to show.
    """
    if fmt.kind == "delimited":
        return DelimitedCodec(fmt)
    if fmt.kind == "plain":
        return PlainCodec(fmt)
    if fmt.kind == "arff":
        return ArffCodec(fmt)
    if fmt.kind == "json lines":
        from amltui.formats.json_lines import JsonLinesCodec

        return JsonLinesCodec(fmt)
    raise UnsupportedDataType(fmt.data_type_id)


def _pieces(content: Input) -> Iterator[bytes]:
    return iter(partial(content.read, BLOCK), b"")


class RowReader:
    """Reads a stream's rows; one pass."""

    def __init__(
        self,
        stream: Stream,
        fmt: Format,
        *,
        final: bool = True,
        codec: Codec | None = None,
        encoding: str | None = None,
        kept: int = 0,
        grows: bool = False,
    ) -> None:
        """Prepare; reads the first bytes.

        Args:
            stream: the bytes.
            fmt: a format that has rows.
            final: whether the stream's end is the content's end: otherwise the last row, which
                may go on, is left out unless it is all there is.
            codec: of a reader that has read the header, where the stream is some rows only.
            encoding: that reader's `input_encoding`, for the same case.
            kept: see `OversizedRow`.
            grows: whether columns may be added while `parsed` goes on, see `grows`; else a content
                whose rows tell them is looked through first.

        Raises:
            Unreadable: the bytes are those of a binary format.
        """
        self.codec = codec or codec_for(fmt)
        self.grows = False
        """Whether blocks that follow may add columns; batches have those that were known then."""
        if codec is None and final and isinstance(self.codec, Surveyed):
            if grows:
                self.codec.grows = self.grows = True
            else:
                self.codec.survey(_pieces(Input(stream)))
                stream.seek(0)
        self._input = Input(stream, encoding, fmt=fmt)
        if wrong := say_mismatch(self._input.head, fmt.data_type_id):
            raise mismatch(wrong)
        self._final = final
        self._kept = kept
        self._buffer = b""
        self._start = 0
        self.consumed = self._input.mark
        """Bytes of the stream up to the end of the header, then of the last block given."""
        self._lines = 0
        self._rows = 0
        self._size = BLOCK
        self._ended = False
        self.text_encoding: str | None = None
        """What the text is in, see `encoding.to_utf8`. None: it was all ASCII so far."""
        given = "" if fmt.dialect is None else fmt.dialect.encoding
        if given and self._input.encoding == "utf-8":
            self.text_encoding = given
        self.recoded = 0
        """Lines that were not UTF-8."""
        self.goes_on = False
        """Whether the last row given is not all in the stream."""

    @property
    def input_encoding(self) -> str:
        """What the stream is in, as its first bytes show it: UTF-8, UTF-16 or UTF-32."""
        return self._input.encoding

    def size_of(self, data: memoryview) -> int:
        """Bytes of the stream that these bytes of a block came from."""
        return self._input.size_of(data)

    @property
    def lines(self) -> int:
        """Line ends of the header."""
        return self._lines

    @property
    def first_row(self) -> int:
        """Where the rows begin once the header is read: bytes of UTF-8 after the mark."""
        return self._start

    @property
    def mark(self) -> int:
        """Bytes of the stream's byte order mark."""
        return self._input.mark

    @property
    def encoding(self) -> str:
        """The encoding the text was read in."""
        if self._input.encoding != "utf-8":
            return self._input.encoding
        return self.text_encoding or "utf-8"

    @property
    def columns(self) -> tuple[str, ...]:
        """Names; known once `read_header` has returned."""
        return self.codec.columns

    def read_header(self) -> bool:
        """Read as far as the columns' names.

        Returns:
            False: the bytes end in a header of several lines that goes on, and are not the
            content's end.

        Raises:
            Unreadable: the bytes are not what the format says.
        """
        ended = False
        while True:
            used = None
            if self._buffer or ended:
                self._decide_encoding()
                final = ended and self._final
                used = self.codec.header(self._buffer, self.text_encoding, final=final)
            if used is not None:
                break
            if ended and not self._final and not self.codec.quotes:
                return False
            if ended or len(self._buffer) >= LARGEST_ROW:
                self._oversized_header()
                return True
            data = self._input.read(FIRST_BLOCK)
            ended = not data
            self._buffer += data
        head = self._buffer[:used]
        self._lines = lines_in(head)
        self._advance(used)
        self._size = min(max(BLOCK, WIDE * len(self.columns)), LARGEST_BLOCK)
        return True

    def go_on_at(self, offset: int, text_encoding: str | None) -> None:
        """After `read_header`: leave out the rows before byte `offset`, where a row begins.

        `text_encoding`: see there; what the rows before have shown.
        """
        self.text_encoding = text_encoding
        if self._input.wide:
            self._input.begin_at(offset)
            self._restart(0, offset)
        else:
            self._restart(offset - self._input.mark, offset)

    def _decide_encoding(self) -> None:
        """Once there is a byte that is not ASCII, see what the text is in.

        For that it waits until the whole window is here that the byte is in.
        """
        if self.text_encoding is not None or self._buffer.isascii():
            return
        first = NOT_ASCII.search(self._buffer)
        assert first is not None
        window = ((self._start + first.start()) // WINDOW + 1) * WINDOW - self._start
        while len(self._buffer) < window and (data := self._input.read(window - len(self._buffer))):
            self._buffer += data
        self.text_encoding = decide(self._buffer[:window])

    def _oversized_header(self) -> None:
        assert isinstance(self.codec, DelimitedCodec)
        self._advance(self.codec.before)
        row = self._read_oversized(columns=MOST_COLUMNS)
        names = [decode_start(text or b"", self.text_encoding) for text in row.texts]
        self.codec.name([name[:TEXT_KEPT] for name in names])
        if self.codec.has_header:
            self._lines += row.lines
        else:
            before = memoryview(b" " * self.codec.before)
            self._restart(len(before), self._input.mark + self._input.size_of(before))

    def parsed(self, pool: ThreadPoolExecutor | None = None) -> Iterator[tuple[Block, Parsed]]:
        """All rows, in order, with their row and line numbers in the file.

        Args:
            pool: threads to parse blocks in; None parses in the caller's.
        """
        if pool is None:
            for block in self.blocks():
                yield block, self._place(block, partial(self._parse, block))
                self._grow_no_more(block)
            return
        waiting: deque[tuple[Block, Future[Parsed]]] = deque()
        try:
            for block in self.blocks():
                waiting.append((block, pool.submit(self._parse, block)))
                # A short block came from a source that has no more now: do not make it wait.
                short = block.stop - block.start < self._size // 2
                while waiting and (len(waiting) > 2 or short or self._is_grown(block)):
                    first, future = waiting.popleft()
                    yield first, self._place(first, future.result)
                self._grow_no_more(block)
            while waiting:
                first, future = waiting.popleft()
                yield first, self._place(first, future.result)
        finally:
            for _, future in waiting:
                future.cancel()

    def _parse(self, block: Block) -> Parsed:
        return self.codec.parse(block, self.text_encoding)

    def _is_grown(self, block: Block) -> bool:
        return self.grows and block.stop >= GROWS

    def _grow_no_more(self, block: Block) -> None:
        """After so many bytes look through all others for columns, once."""
        if self._is_grown(block):
            assert isinstance(self.codec, Surveyed)
            self.grows, at = False, self._start + len(self._buffer)
            self.codec.survey(chain((self._buffer,), _pieces(self._input)))
            self._input.seek(at)

    def _place(self, block: Block, result: Callable[[], Parsed]) -> Parsed:
        parsed = result()
        if parsed.others and self.grows:
            assert isinstance(self.codec, Surveyed)
            self.codec.survey((block.data,))
            parsed = self._parse(block)
        row, line = self._rows, self._lines
        self._rows += parsed.batch.num_rows
        self._lines += parsed.lines
        self.recoded += parsed.recoded
        return replace(
            parsed,
            malformed=[
                replace(bad, row=bad.row + row, line=bad.line + line) for bad in parsed.malformed
            ],
            cuts=[replace(cut, row=cut.row + row) for cut in parsed.cuts],
        )

    def blocks(self) -> Iterator[Block]:
        """Blocks of whole rows, small ones at first so that there is soon something to see."""
        size, waiting = FIRST_BLOCK, bool(self._buffer)
        while True:
            # What a short read gave is all there is now: whole rows of it are not held back.
            # What came with the header needs no waiting for more.
            data = b"" if waiting else self._input.read(size)
            self._buffer += data
            if not data and not waiting:
                yield from self._rest()
                if self._ended:
                    return
                continue
            waiting = False
            size = min(size * 2, self._size)
            self._decide_encoding()
            found = self._scan()
            cut = row_cut(self._buffer, found, final=False)
            if cut:
                yield from self._whole_rows(cut, found)
            elif len(self._buffer) >= LARGEST_ROW:
                yield from self._oversized()

    def _rest(self) -> Iterator[Block]:
        """What the stream ends in: a row without a line end, or a quote that is never closed.

        After the latter the stream is read again from that row's end on.
        """
        self._ended = True
        if not self._buffer:
            return
        found = self._scan()
        if self._final and found.unclosed is None:
            yield from self._whole_rows(len(self._buffer), found)
            return
        cut = row_cut(self._buffer, found, final=False)
        if cut:
            yield from self._whole_rows(cut, found)
        if self._final:
            self._ended = False
            yield from self._oversized()
        elif not cut and not self._rows:
            # One row that goes on is better than nothing to see.
            self.goes_on = True
            yield from self._oversized()

    def _scan(self) -> Scan:
        if not self.codec.quotes:
            return NO_QUOTES
        array = as_array(self._buffer)
        return scan(array, self.codec.delimiter[0], skip_space=self.codec.skip_space)

    def _whole_rows(self, cut: int, found: Scan) -> Iterator[Block]:
        """The buffer's first bytes: one block, or several where they have too many cells."""
        at = 0
        for stop in self._stops(cut, found):
            data, start = self._buffer[: stop - at], self._start
            self._advance(stop - at)
            yield Block(data, start, self._start, scan=found.between(at, stop))
            at = stop

    def _stops(self, cut: int, found: Scan) -> list[int]:
        """Where blocks of at most `CELLS` cells end, up to `cut`."""
        most = max(1, CELLS // max(1, len(self.columns)))
        if cut <= most:
            return [cut]
        array = as_array(self._buffer)[:cut]
        if sum(int(np.count_nonzero(array == end)) for end in b"\r\n") < most:
            return [cut]
        ends = self.codec.row_ends(self._buffer[:cut], found.until(cut), self.text_encoding)
        return [*ends[most - 1 : -1 : most].tolist(), cut]

    def _advance(self, count: int) -> None:
        self.consumed += self._input.size_of(memoryview(self._buffer)[:count])
        self._buffer = self._buffer[count:]
        self._start += count

    def _skip_blank(self) -> int:
        """Drop blank lines before a row; returns how many. In plain text they are rows."""
        if not self.codec.quotes:
            return 0
        blank = b"\r\n " if self.codec.skip_space else b"\r\n"
        count = len(self._buffer) - len(self._buffer.lstrip(blank))
        lines = lines_in(self._buffer[:count])
        self._advance(count)
        return lines

    def _restart(self, offset: int, consumed: int) -> None:
        self._input.seek(offset)
        self._start, self.consumed, self._buffer = offset, consumed, b""

    def _oversized(self) -> Iterator[Block]:
        start = self._start
        row = self._read_oversized(columns=max(1, len(self.columns)))
        yield Block(b"", start, self._start, oversized=row)

    def _read_oversized(self, *, columns: int) -> Oversized:
        """Read the row at the buffer's start, however long it is, and leave what follows it."""
        blank_lines = self._skip_blank()
        start, consumed = self._start, self.consumed
        literal: int | None = None
        while True:
            row = OversizedRow(
                start,
                delimiter=self.codec.delimiter,
                quotes=self.codec.quotes,
                skip_space=self.codec.skip_space,
                columns=columns,
                literal=literal,
                kept=self._kept,
            )
            used = row.push(self._buffer)
            while used is None:
                self._advance(len(self._buffer))
                self._buffer = self._input.read(1024 * 1024)
                if not self._buffer:
                    break
                used = row.push(self._buffer)
            if used is not None:
                self._advance(used)
                break
            if row.opened is None or literal is not None or not self._final:
                break
            # The quote is never closed: take it as a character and read the row again. There is
            # one such in a file at most: quotes after it are doubled, else one would close it.
            literal = row.opened
            self._restart(start, consumed)
        found = row.finish()
        found.lines += blank_lines
        found.first_line += blank_lines
        if literal is not None:
            found.reasons.append("quote never closed")
        return found
