"""How a content's bytes are read, whatever the workspace says that they are.

A data type id is a promise to other clients and is not changed. What the bytes are is found from
the first of them, then from the content's name, and last from the data type id.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import PurePath
from typing import Final

from amltui.errors import Unreadable
from amltui.formats.guess import guess_from
from amltui.formats.packing import PACKINGS, Packing, unpack_start
from amltui.formats.recognition import recognise
from amltui.formats.registry import Format, format_of

LOOK: Final = 64 * 1024
"""Bytes of a content that are looked at."""


@dataclass(frozen=True, slots=True)
class Lens:
    """How a content is read."""

    fmt: Format
    packing: Packing | None = None
    """How it is compressed."""
    note: str = ""
    """Why its bytes are shown and no rows, in one line; "" where nothing speaks against rows."""

    undecided: bool = False
    """Whether more bytes are needed to say: not even the first compressed block is whole."""

    @property
    def has_rows(self) -> bool:
        """Whether there are rows to show."""
        return self.fmt.has_rows and not self.note


def look_further(read: Callable[[int], bytes], name: str, data_type_id: str) -> Lens:
    """As `look`, of a content of which `read` gives that many of its first bytes."""
    size = LOOK
    while True:
        head = read(size)
        lens = look(head, name, data_type_id, whole=len(head) < size)
        if not lens.undecided:
            return lens
        size *= 4


def look(head: bytes, name: str, data_type_id: str, *, whole: bool) -> Lens:
    r"""How to read a content.

    >>> look(b"a,b\n1,2\n", "x", "GenericCSV", whole=True).fmt.data_type_id
    'GenericCSV'

    Args:
        head: its first bytes, at least 4 KiB where there are so many.
        name: what it is called; the end of a file's name says something.
        data_type_id: what the workspace says of it.
        whole: `head` is all of it.
    """
    declared = format_of(data_type_id)
    found = recognise(head)
    packing = next((one for one in PACKINGS if one == found), None)
    if packing is not None:
        return _look_inside(head, name, declared, packing, whole=whole)
    if found is not None and declared.has_rows:
        return Lens(declared, note=f"These bytes are {found}, not {data_type_id}")
    return Lens(declared)


def _look_inside(
    head: bytes, name: str, declared: Format, packing: Packing, *, whole: bool
) -> Lens:
    try:
        inside, whole = unpack_start(head, packing, LOOK, whole=whole)
    except Unreadable as error:
        return Lens(declared, packing, str(error))
    if not inside and not whole:
        return Lens(declared, packing, undecided=True)
    if (found := recognise(inside)) is not None:
        return Lens(declared, packing, f"These bytes are {packing}, and what they hold is {found}")
    fmt = declared
    if not declared.has_rows:
        fmt = format_of(guess_from(PurePath(_unpacked_name(name, packing)).suffix.lower(), inside))
        if not fmt.has_rows:
            return Lens(
                declared, packing, f"These bytes are {packing}, and what they hold is no text"
            )
    return Lens(fmt, packing)


def _unpacked_name(name: str, packing: Packing) -> str:
    """What a compressed file is called without the end that says so."""
    lower = name.lower()
    end = next((end for end in PACKINGS[packing] if lower.endswith(end)), "")
    return name[: len(name) - len(end)]
