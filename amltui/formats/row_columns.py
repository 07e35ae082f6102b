"""Columns that are put before the fields of each row of a text, while it passes.

Before and not behind them: so they are right in rows with too few or too many fields, too.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import msgspec

from amltui.errors import Unreadable
from amltui.formats.dialect import Dialect
from amltui.formats.scan import NO_QUOTES, Scan, as_array, row_cut, row_spans, scan
from amltui.text import visible

LONGEST: Final = 32 << 20
"""Bytes of a row at most."""
_ROW: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])


class RowRewriter(ABC):
    """What is done to the rows of one file, block by block."""

    def __init__(self, name: str) -> None:
        """Begin; `name`: of the file, for messages."""
        self._name = name
        self._rest = b""

    def feed(self, data: bytes) -> bytes:
        """The rows that end in what came so far, changed.

        Raises:
            Unreadable: a row is too long.
        """
        block = self._rest + data
        cut, made = self._whole_rows(block)
        self._rest = block[cut:]
        if len(self._rest) > LONGEST:
            raise Unreadable(
                f"{visible(self._name)} has a row of more than {LONGEST >> 20} MiB, or a quote "
                "that does not close",
                hint="Name the file itself: then it is read without the columns of its folders.",
            )
        return made

    @abstractmethod
    def finish(self) -> bytes:
        """The last row with a line end, if there is one.

        Raises:
            Unreadable: it does not end.
        """

    @abstractmethod
    def _whole_rows(self, block: bytes) -> tuple[int, bytes]:
        """How many bytes of a block are whole rows, and these changed."""


class DelimitedChange(RowRewriter):
    """Fields before those of each row of delimited text."""

    def __init__(self, name: str, prefix: bytes, dialect: Dialect) -> None:
        """Begin where a row begins.

        Args:
            name: of the file.
            prefix: the fields with the delimiters behind them.
            dialect: of the file; quotes are `"` or none.
        """
        super().__init__(name)
        self._prefix = prefix
        self._dialect = dialect

    def _scan(self, block: bytes) -> Scan:
        if not self._dialect.quote or b'"' not in block:
            return NO_QUOTES
        delimiter = ord(self._dialect.delimiter)
        return scan(as_array(block), delimiter, skip_space=self._dialect.skip_space)

    def _whole_rows(self, block: bytes) -> tuple[int, bytes]:
        quotes = self._scan(block)
        cut = row_cut(block, quotes, final=False)
        return cut, self._changed(block[:cut], quotes.until(cut))

    def finish(self) -> bytes:
        """See `RowRewriter.finish`."""
        rest, self._rest = self._rest, b""
        quotes = self._scan(rest)
        if quotes.unclosed is not None:
            raise Unreadable(
                f"{visible(self._name)} ends within quotes",
                hint="Name the file itself: then it is read without the columns of its folders.",
            )
        made = self._changed(rest, quotes)
        return made if not made or made.endswith((b"\n", b"\r")) else made + b"\n"

    def _changed(self, data: bytes, quotes: Scan) -> bytes:
        space = self._dialect.skip_space
        odd = (b"\r", b"\n\n", b"\n ") if space else (b"\r", b"\n\n")
        if (
            len(quotes.quotes) == 0
            and data.endswith(b"\n")
            and not data.startswith((b"\n", b" "))
            and not any(one in data for one in odd)
        ):
            return self._prefix + data[:-1].replace(b"\n", b"\n" + self._prefix) + b"\n"
        starts, _, after = row_spans(data, as_array(data), quotes, skip_space=space)
        made = bytearray()
        for start, stop in zip(starts.tolist(), after.tolist(), strict=True):
            made += self._prefix
            made += data[start:stop]
        return bytes(made)


class JsonChange(RowRewriter):
    """Members before those of each object of JSON Lines; an own one of that name gets another."""

    def __init__(self, name: str, prefix: bytes, renamed: Mapping[str, str]) -> None:
        """Begin where a line begins.

        Args:
            name: of the file.
            prefix: the members, with commas between them.
            renamed: what own members of these names are called.
        """
        super().__init__(name)
        self._prefix = prefix
        self._renamed = renamed

    def _whole_rows(self, block: bytes) -> tuple[int, bytes]:
        cut = block.rfind(b"\n") + 1
        return cut, b"".join(map(self._line, block[:cut].splitlines()))

    def finish(self) -> bytes:
        """See `RowRewriter.finish`."""
        rest, self._rest = self._rest, b""
        return b"".join(map(self._line, rest.splitlines()))

    def _line(self, line: bytes) -> bytes:
        left = line.lstrip()
        if not left.startswith(b"{"):
            return line + b"\n"  # it is no object, and counted as such
        try:
            own = _ROW.decode(left)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            return line + b"\n"
        if self._renamed.keys() & own.keys():
            named = {self._renamed.get(key, key): value for key, value in own.items()}
            left = msgspec.json.encode(named)
        return b"{" + self._prefix + (b"," if own else b"") + left[1:] + b"\n"


@dataclass(frozen=True, slots=True)
class RowColumns:
    """Columns that have one value in all rows of a file."""

    name: str
    """Of the file, for messages."""
    prefix: bytes
    dialect: Dialect | None = None
    """None: it is JSON Lines."""
    renamed: tuple[tuple[str, str], ...] = ()

    def change(self) -> RowRewriter:
        """Begin with the first row."""
        if self.dialect is None:
            return JsonChange(self.name, self.prefix, dict(self.renamed))
        return DelimitedChange(self.name, self.prefix, self.dialect)


def fields_before(values: Sequence[str | None], dialect: Dialect) -> bytes | None:
    """Fields with a delimiter behind each; None: the dialect cannot write them.

    A value that is missing is an empty field, an empty text one in quotes.
    """
    made = []
    for value in values:
        if value is None:
            made.append("")
        elif value and value == value.strip() and not set(value) & {dialect.delimiter, *'"\r\n'}:
            made.append(value)
        elif dialect.quote:
            made.append('"' + value.replace('"', '""') + '"')
        else:
            return None
    return "".join(f"{one}{dialect.delimiter}" for one in made).encode()


def members_before(names: Sequence[str], values: Sequence[str | int | None]) -> bytes:
    """Members of an object with commas between them."""
    pairs = zip(names, values, strict=True)
    return ",".join(f"{json.dumps(name)}:{json.dumps(value)}" for name, value in pairs).encode()
