"""One row's fields, for the rows that the fast parser cannot take."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

QUOTED: Final = re.compile(rb'[^"]*+(?:""[^"]*+)*+')
"""What stands in quotes, up to the quote that closes it; possessive, for it may be megabytes."""


@dataclass(frozen=True, slots=True)
class Fields:
    """A row cut into fields."""

    texts: list[bytes | None]
    """Without quotes. None: nothing between the delimiters, not even quotes."""
    starts: list[int]
    """Where each begins in the row, its quote included."""


def split_row(row: bytes, delimiter: bytes, *, skip_space: bool) -> Fields:
    """Cut a row, given without its line end, by the same rules as the fast parser.

    A field whose quote is never closed goes to the row's end.
    """
    texts: list[bytes | None] = []
    starts: list[int] = []
    position, size = 0, len(row)
    while True:
        while skip_space and row.startswith(b" ", position):
            position += 1
        starts.append(position)
        if row.startswith(b'"', position):
            parts, position = _quoted(row, position + 1)
            stop = row.find(delimiter, position)
            stop = size if stop < 0 else stop
            texts.append(parts + row[position:stop])
        else:
            stop = row.find(delimiter, position)
            stop = size if stop < 0 else stop
            texts.append(row[position:stop] or None)
        if stop == size:
            return Fields(texts, starts)
        position = stop + 1


def _quoted(row: bytes, position: int) -> tuple[bytes, int]:
    """The text in quotes that begins at `position`, and where it ends after the closing quote."""
    match = QUOTED.match(row, position)
    assert match is not None
    return match.group().replace(b'""', b'"'), min(match.end() + 1, len(row))


def fit(fields: Fields, row: bytes, columns: int) -> list[bytes | None]:
    """Exactly `columns` texts: missing ones are filled up, surplus ones stay joined in the last.

    What is joined stands there as in the file, delimiters and quotes included.
    """
    texts = fields.texts
    if len(texts) > columns:
        return [*texts[: columns - 1], row[fields.starts[columns - 1] :]]
    return texts + [None] * (columns - len(texts))


def unique_names(names: list[str]) -> tuple[str, ...]:
    """Column names that are neither empty nor equal, made as pandas makes them."""
    taken: set[str] = set()
    seen: dict[str, int] = {}
    result: list[str] = []
    for index, given in enumerate(names):
        base = given or f"Unnamed: {index}"
        name, count = base, seen.get(base, 0)
        while name in taken or (count and name == base):
            name = f"{base}.{count or 1}"
            count = (count or 1) + 1
        seen[base] = max(count, 1)
        taken.add(name)
        result.append(name)
    return tuple(result)
