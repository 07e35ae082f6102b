"""Several Parquet files of one schema as one: their pages as they lie, with one footer.

A footer says where each column's pages are in its file. Put behind each other the pages are
elsewhere, so a new footer is written that says where; no page is read, unpacked or changed. What
of a footer is not known here is kept as it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from amltui.formats.parquet_constant import MOST_ROWS, ConstantColumns
from amltui.formats.thrift import (
    I16,
    I64,
    LIST,
    STRUCT,
    Fields,
    NotThrift,
    read_struct,
    written,
)

MAGIC: Final = b"PAR1"
TAIL: Final = 8
"""Bytes at a file's end that say how long its footer is."""
LARGEST: Final = 64 << 20
"""Bytes of all footers together that are put together."""

_SCHEMA, _ROWS, _GROUPS, _ENCRYPTION = 2, 3, 4, 8  # of the footer
_COLUMNS, _GROUP_ROWS, _GROUP_OFFSET, _ORDINAL = 1, 3, 5, 7  # of a row group
_GROUP_SIZES, _SORTED = (2, 6), 4
_PATH, _CHUNK_OFFSET, _ABOUT, _INDEXES = 1, 2, 3, (4, 5, 6, 7)  # of a column in it
_OFFSETS: Final = (9, 10, 11, 14)  # of what is said about that: pages, dictionary, filter


class NotParquet(ValueError):
    """These are not the last bytes of a Parquet file that can be put together with others."""


@dataclass(frozen=True, slots=True)
class Joined:
    """How files become one: `MAGIC`, the bytes `kept` of each, and the footer."""

    kept: tuple[tuple[int, int], ...]
    """Of each file, from where to before where."""
    between: tuple[bytes, ...]
    """What follows each of them; empty where no columns are added."""
    footer: bytes
    """With its length and the end mark."""
    rows: int


def footer_length(tail: bytes) -> int:
    """How many bytes before the last `TAIL` ones are the footer.

    Raises:
        NotParquet: it is no such file, or its footer is encrypted.
    """
    if len(tail) < TAIL or tail[-4:] != MAGIC:
        raise NotParquet
    return int.from_bytes(tail[-8:-4], "little")


def joined(
    files: Sequence[tuple[int, bytes]], constants: ConstantColumns | None = None
) -> Joined | None:
    """Files, each its size and its footer, as one. None: they differ in their schemas.

    `constants`: columns that are added.

    Raises:
        NotParquet: one of them is damaged, encrypted, or keeps its columns in other files.
    """
    try:
        return _joined(files, constants)
    except (TypeError, AttributeError, LookupError, RecursionError, NotThrift):
        raise NotParquet from None  # a footer whose fields are of other types


def _joined(files: Sequence[tuple[int, bytes]], constants: ConstantColumns | None) -> Joined | None:
    whole: Fields | None = None
    groups: list[Fields] = []
    kept: list[tuple[int, int]] = []
    between: list[bytes] = []
    rows, place = 0, len(MAGIC)
    for number, (size, footer) in enumerate(files):
        about = read_struct(footer)
        end = size - TAIL - len(footer)
        if _ENCRYPTION in about or end < len(MAGIC):
            raise NotParquet
        if whole is None:
            whole = about
        elif about.get(_SCHEMA) != whole.get(_SCHEMA):
            return None
        own = _value(about, _GROUPS, (STRUCT, []))[1]
        for group in own:
            groups.append(_moved(group, place - len(MAGIC), len(groups)))
        rows += _value(about, _ROWS, 0)
        kept.append((len(MAGIC), end))
        place += end - len(MAGIC)
        added = _added(own, constants, number, place) if constants else b""
        between.append(added)
        place += len(added)
    if whole is None:
        raise NotParquet
    if constants:
        constants.added_to(whole)
        for group in groups:
            constants.names_in(group)
    whole[_ROWS] = (I64, rows)
    whole[_GROUPS] = (LIST, (STRUCT, groups))
    made = written(whole)
    footer = made + len(made).to_bytes(4, "little") + MAGIC
    return Joined(tuple(kept), tuple(between), footer, rows)


def _added(groups: list[Fields], constants: ConstantColumns, file: int, place: int) -> bytes:
    """The pages of constant columns for the row groups of a file, which name them from now on."""
    made = bytearray()
    for group in groups:
        count = _value(group, _GROUP_ROWS, 0)
        if not 0 <= count <= MOST_ROWS:
            raise NotParquet
        data, columns = constants.chunks(file, count, place + len(made))
        group[_COLUMNS] = (LIST, (STRUCT, [*columns, *group[_COLUMNS][1][1]]))
        for one in _GROUP_SIZES:
            _add(group, one, len(data))
        group.pop(_SORTED, None)  # it names columns by their places
        made += data
    return bytes(made)


def _moved(group: Fields, by: int, number: int) -> Fields:
    """A row group whose pages lie `by` bytes further on."""
    for column in _value(group, _COLUMNS, (STRUCT, []))[1]:
        if _PATH in column:
            raise NotParquet
        for one in _INDEXES:  # they name places of pages themselves, and nobody needs them
            column.pop(one, None)
        _add(column, _CHUNK_OFFSET, by)
        about = _value(column, _ABOUT, None)
        if about is None:
            raise NotParquet
        for one in _OFFSETS:
            _add(about, one, by)
    _add(group, _GROUP_OFFSET, by)
    if _ORDINAL in group:
        group[_ORDINAL] = (I16, number)
        if number > 0x7FFF:
            del group[_ORDINAL]
    return group


def _value(fields: Fields, number: int, otherwise: Any) -> Any:
    return fields[number][1] if number in fields else otherwise


def _add(fields: Fields, number: int, by: int) -> None:
    if number in fields:
        kind, value = fields[number]
        # Some writers leave 0 where a place is not said.
        fields[number] = (kind, value + by if value else value)
