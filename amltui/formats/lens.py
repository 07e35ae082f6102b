"""How a content's bytes are read, whatever the workspace says that they are.

A data type id is a promise to other clients and is not changed. What the bytes are is found from
the first of them, then from the content's name, and last from the data type id.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import PurePath
from typing import Final, Literal

from amltui.errors import NotFound, Unreadable
from amltui.formats.detection import offer
from amltui.formats.dialect import CSV, Dialect, with_dialect
from amltui.formats.guess import guess_from
from amltui.formats.packing import PACKINGS, Compression, Packing, unpack_start
from amltui.formats.recognition import recognise
from amltui.formats.registry import (
    ARROW,
    ARROW_STREAM,
    EXCEL,
    FOUND,
    JSON_LINES,
    PARQUET,
    SQLITE,
    Format,
    format_of,
)
from amltui.formats.zipped import TABLES, first_name

LOOK: Final = 64 * 1024
"""Bytes of a content that are looked at."""
_LINES: Final = (".jsonl", ".ndjson")
_JSON: Final = (*_LINES, ".json")
_TABLES: Final = {
    "Parquet": PARQUET,
    "Arrow IPC (Feather)": ARROW,
    "an Arrow IPC stream": ARROW_STREAM,
    "an Excel workbook (xlsx)": EXCEL,
    "an Excel workbook (xls) or another OLE file": EXCEL,
    "SQLite": SQLITE,
}
_NO_EXCEL: Final = "This is an Excel workbook; to read it: pip install 'amltui[excel]'"
_OBJECT: Final = re.compile(rb'\s*\{\s*["}]')
_ARRAY: Final = re.compile(rb'(?:\xef\xbb\xbf)?\s*\[\s*\{\s*["}]')


@dataclass(frozen=True, slots=True)
class Lens:
    """How a content is read."""

    fmt: Format
    packing: tuple[Packing, ...] = ()
    """How its text is packed, the outermost first; empty where it is the bytes themselves."""
    note: str = ""
    """Why its bytes are shown and no rows, in one line; "" where nothing speaks against rows."""

    sheet: str | None = None
    """Which of its tables is meant, by name. None: the first."""
    undecided: bool = False
    """Whether more bytes are needed to say: not even the first compressed block is whole."""
    own: Dialect = CSV
    """What the type means."""
    offer: Dialect | None = None
    """What delimited text seems to be written in instead."""
    found: bool = False
    """Whether nobody said what it is, and it is read as it seems to be written."""

    @property
    def has_rows(self) -> bool:
        """Whether there are rows to show."""
        return self.fmt.has_rows and not self.note

    def of(self, sheet: str | None) -> Lens:
        """The same for one of the content's tables, by its name.

        Raises:
            NotFound: it is one table only.
        """
        if sheet is None:
            return self
        if not self.has_sheets:
            raise NotFound(
                "Only Excel workbooks and SQLite files have sheets", 404, hint="Leave out --sheet."
            )
        return replace(self, sheet=sheet)

    @property
    def has_sheets(self) -> bool:
        """Whether there may be several tables in it, with names."""
        return self.fmt in {EXCEL, SQLITE} and not self.note

    @property
    def dialect(self) -> Dialect | None:
        """How the fields are written; None: it is no delimited text."""
        return Dialect.of(self.fmt) if self.fmt.kind == "delimited" else None

    def written(self, dialect: Dialect) -> Lens:
        """The same content, read in a dialect that a person named."""
        return replace(self, fmt=with_dialect(self.fmt, dialect), offer=None, found=False)


def look_further(
    read: Callable[[int], bytes],
    name: str,
    data_type_id: str,
    *,
    dialect: Dialect | None = None,
    typed: bool = True,
) -> Lens:
    """As `look`, of a content of which `read` gives that many of its first bytes."""
    size = LOOK
    while True:
        head = read(size)
        whole = len(head) < size
        lens = look(head, name, data_type_id, whole=whole, dialect=dialect, typed=typed)
        if not lens.undecided:
            return lens
        size *= 4


def look(
    head: bytes,
    name: str,
    data_type_id: str,
    *,
    whole: bool,
    dialect: Dialect | None = None,
    typed: bool = True,
) -> Lens:
    r"""How to read a content.

    >>> look(b"a,b\n1,2\n", "x", "GenericCSV", whole=True).fmt.data_type_id
    'GenericCSV'

    Args:
        head: its first bytes, at least 4 KiB where there are so many.
        name: what it is called; the end of a file's name says something.
        data_type_id: what the workspace says of it.
        whole: `head` is all of it.
        dialect: how a person says that it is written. None: nobody said.
        typed: whether a person said of what type it is. Then another dialect is only offered, for
            a type is a promise to other clients. Else the bytes say it better than the name.
    """
    lens = _look(head, name, data_type_id, whole=whole, typed=typed)
    if lens.packing or lens.undecided or not lens.has_rows:
        return _packed(lens, dialect)
    lens = replace(lens, own=Dialect.of(lens.fmt))
    if dialect is not None:
        return lens.written(dialect)
    other = offer(head, lens.fmt, whole=whole)
    if other is not None and not typed:
        return replace(lens.written(other), found=True)
    return replace(lens, offer=other)


def _packed(lens: Lens, dialect: Dialect | None) -> Lens:
    """A lens on packed text, of which only what was unpacked showed how it is written."""
    return lens.written(dialect) if dialect is not None and lens.has_rows else lens


def _look(head: bytes, name: str, data_type_id: str, *, whole: bool, typed: bool) -> Lens:
    declared = format_of(data_type_id)
    if data_type_id in FOUND:
        declared = Format(data_type_id)
    found = recognise(head)
    packing: Compression | Literal["zip"] | None
    packing = next((one for one in PACKINGS if one == found), None)
    if found == "zip" and (first_name(head, whole=whole) or "").lower().endswith(TABLES):
        packing = "zip"
    if packing is not None:
        return _look_inside(head, name, declared, packing, whole=whole, typed=typed)
    if found in _TABLES or (found == "OpenDocument" and _end(name) == ".ods"):
        fmt = _TABLES.get(found or "", EXCEL)
        missing = fmt == EXCEL and find_spec("python_calamine") is None
        return Lens(fmt, note=_NO_EXCEL if missing else "")
    if found is not None and declared.has_rows:
        return Lens(declared, note=f"These bytes are {found}, not {data_type_id}")
    if found is None and (declared.kind not in {"delimited", "arff"} or _end(name) in _JSON):
        if is_json_lines(head, whole=whole, sure=_end(name) in _LINES):
            return Lens(JSON_LINES)
        if _ARRAY.match(head):
            return Lens(JSON_LINES, ("JSON array",))
    if not typed and found is None:
        guessed = format_of(guess_from(_end(name), head))
        declared = guessed if guessed.has_rows else declared
    return Lens(declared)


def is_json_lines(head: bytes, *, whole: bool, sure: bool = False) -> bool:
    """Whether the first line is a JSON object and the second, if there is one, begins as one.

    `sure`: the name says so; then a first line that goes on is enough.
    """
    lines = [line for line in head.removeprefix(b"\xef\xbb\xbf").splitlines() if line.strip()]
    if not lines or not _OBJECT.match(lines[0]):
        return False
    if len(lines) == 1 and not whole:
        return sure
    return _is_object(lines[0]) and (len(lines) == 1 or _OBJECT.match(lines[1]) is not None)


def _is_object(line: bytes) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return False


def _end(name: str) -> str:
    return PurePath(name).suffix.lower()


def _look_inside(
    head: bytes,
    name: str,
    declared: Format,
    packing: Compression | Literal["zip"],
    *,
    whole: bool,
    typed: bool,
) -> Lens:
    try:
        text, whole = unpack_start(head, (packing,), LOOK, whole=whole)
    except Unreadable as error:
        return Lens(declared, (packing,), str(error))
    if not text and not whole:
        return Lens(declared, (packing,), undecided=True)
    if (found := recognise(text)) is not None:
        note = f"These bytes are {packing}, and what they hold is {found}"
        return Lens(declared, (packing,), note)
    if packing == "zip":
        name = first_name(head, whole=False) or ""
    else:
        name = _unpacked_name(name, packing)
    given = declared.data_type_id
    if not declared.has_rows:
        given, typed = guess_from(_end(name), text), False
    inside = look(text, name, given, whole=whole, typed=typed)
    if not inside.fmt.has_rows:
        note = f"These bytes are {packing}, and what they hold is no text"
        return Lens(declared, (packing,), note)
    return replace(inside, packing=(packing, *inside.packing))


def _unpacked_name(name: str, packing: Compression) -> str:
    """What a compressed file is called without the end that says so."""
    lower = name.lower()
    end = next((end for end in PACKINGS[packing] if lower.endswith(end)), "")
    return name[: len(name) - len(end)]
