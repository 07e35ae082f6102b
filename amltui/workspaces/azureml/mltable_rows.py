"""The rows of an MLTable: what its file asks for, done to the files while they are read.

Delimited files come out as CSV in UTF-8, JSON Lines as JSON Lines, Parquet as Parquet.
"""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Iterator

import msgspec

from amltui.errors import Unreadable
from amltui.workspaces.azureml.mltable import MLTable, RowsLeft

_ROW = msgspec.json.Decoder(dict[str, msgspec.Raw])
Files = AsyncIterable[AsyncIterable[bytes]]


class DelimitedRows:
    """Rows of delimited files, written as CSV in UTF-8."""

    def __init__(self, table: MLTable) -> None:
        self._table = table
        self._cut = RowsLeft(table)
        self._columns: list[int] | None = None
        """Which columns stay. None: not known yet."""

    async def of(self, files: Files) -> AsyncGenerator[bytes]:
        """What comes out, piece by piece.

        Raises:
            Unreadable: a file is not in its encoding, or lacks a column.
        """
        first = True
        async for file in files:
            begins = True
            async for text in _whole_lines(file, self._table.encoding, quoted=True):
                rows = [row for row in self._read(text) if row]
                if not rows:
                    continue
                head = rows[:1] if begins and self._has_header(first=first) else []
                begins = False
                out = self._written(head if first else [], rows[len(head) :])
                first = False
                if out:
                    yield out
                if self._cut.over:
                    return

    def _read(self, text: str) -> Iterator[list[str]]:
        try:
            yield from csv.reader(io.StringIO(text), delimiter=self._table.delimiter)
        except csv.Error as error:
            raise Unreadable(
                f"A file of the table has a row that cannot be read: {error}"
            ) from None

    def _has_header(self, *, first: bool) -> bool:
        header = self._table.header
        return header != "no_header" and (first or header != "from_first_file")

    def _written(self, head: list[list[str]], rows: list[list[str]]) -> bytes:
        if self._columns is None:
            row = (head or rows)[0]
            names = row if head else [f"Column{at + 1}" for at in range(len(row))]
            self._columns = self._table.chosen(names)
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        for row in [*head, *rows[self._cut.of(len(rows))]]:
            writer.writerow([row[at] for at in self._columns if at < len(row)])
        return out.getvalue().encode()


class JsonRows:
    """Rows of JSON Lines, whose values stay as they are written."""

    def __init__(self, table: MLTable) -> None:
        self._table = table
        self._cut = RowsLeft(table)
        self._by_columns = any(step.columns for step in table.steps)

    async def of(self, files: Files) -> AsyncGenerator[bytes]:
        """What comes out, piece by piece.

        Raises:
            Unreadable: a file is not in its encoding, or a line is no JSON object.
        """
        async for file in files:
            async for text in _whole_lines(file, self._table.encoding, quoted=False):
                lines = [line for line in text.split("\n") if line.strip()]
                left = lines[self._cut.of(len(lines))]
                if left:
                    yield "".join(f"{self._changed(line)}\n" for line in left).encode()
                if self._cut.over:
                    return

    def _changed(self, line: str) -> str:
        if not self._by_columns:
            return line.rstrip("\r")
        try:
            row = _ROW.decode(line)
        except (msgspec.MsgspecError, UnicodeEncodeError):
            raise Unreadable("A file of the table has a line that is no JSON object") from None
        for step in self._table.steps:
            if step.name == "keep":
                row = {name: row[name] for name in step.columns if name in row}
            elif step.name == "drop":
                row = {name: value for name, value in row.items() if name not in step.columns}
        return msgspec.json.encode(row).decode()


async def _whole_lines(
    file: AsyncIterable[bytes], encoding: str, *, quoted: bool
) -> AsyncIterator[str]:
    """The text in pieces that end where a row does; `quoted`: a line end within quotes is none.

    Raises:
        Unreadable: it is not in its encoding.
    """
    decoder = codecs.getincrementaldecoder(encoding)()
    kept, first = "", True
    try:
        async for piece in file:
            text = decoder.decode(piece)
            if first and text:
                text, first = text.removeprefix("\ufeff"), False
            kept += text
            end = kept.rfind("\n") + 1
            while quoted and end and kept.count('"', 0, end) % 2:
                end = kept.rfind("\n", 0, end - 1) + 1
            if end:
                yield kept[:end]
                kept = kept[end:]
        kept += decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        raise Unreadable(f"A file of the table is not {encoding}") from None
    if kept:
        yield kept
