"""Which data type a local file is, when nobody said."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from amltui.formats.encoding import sniff
from amltui.formats.recognition import is_zip, recognise
from amltui.formats.registry import format_of
from amltui.models import DataTypeIds

_LOOK: Final = 64 * 1024
_NUMBER: Final = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_BY_EXTENSION: Final = {
    ".arff": DataTypeIds.ARFF,
    ".zip": "Zip",
    ".rdata": "RData",
    ".rda": "RData",
    ".dataset": "Dataset",
}
_TEXT: Final = {".txt", ".log", ".md", ".json", ".jsonl", ".xml", ".html", ".yaml", ".yml"}
_COMMA: Final = {".csv"}
_TAB: Final = {".tsv", ".tab"}
UNKNOWN_BINARY: Final = "Binary"
"""What a file is called that is neither text nor of a known kind: it previews as bytes."""


def guess_data_type(path: Path | str) -> str:
    """The data type id for a file, by its extension and a look at its first 64 KiB.

    Raises:
        OSError: the file cannot be read.
    """
    path = Path(path)
    with path.open("rb") as file:
        head = file.read(_LOOK)
    return guess_from(path.suffix.lower(), head)


def data_type_of_name(name: str) -> str:
    """The data type id for a file of which only the name is known; "Binary" if it says nothing."""
    extension = Path(name).suffix.lower()
    if extension in _COMMA:
        return DataTypeIds.GenericCSV
    if extension in _TAB:
        return DataTypeIds.GenericTSV
    if extension in _TEXT:
        return DataTypeIds.PlainText
    return _BY_EXTENSION.get(extension, UNKNOWN_BINARY)


def guess_from(extension: str, head: bytes) -> str:
    """The data type id for an extension (lower case, with its dot) and a file's first bytes."""
    by_extension = _BY_EXTENSION.get(extension)
    if by_extension is not None and not format_of(by_extension).has_rows:
        return by_extension
    # Text types only for text, whatever the name ends with.
    if recognise(head):
        return "Zip" if is_zip(head) else UNKNOWN_BINARY
    if by_extension is not None:
        return by_extension
    encoding, mark = sniff(head)
    known = extension in _COMMA | _TAB | _TEXT
    if not known and encoding == "utf-8" and b"\0" in head:
        return UNKNOWN_BINARY
    text = head[mark:].decode(encoding, "replace")
    if encoding == "utf-8" and "\ufffd" in text:
        text = head.decode("latin-1")  # names stay different, whatever their letters are
    return _guess_text(extension, text, whole=len(head) < _LOOK)


def _guess_text(extension: str, text: str, *, whole: bool) -> str:
    if re.match(r"(?i)(\s|%.*\n)*@relation\b", text):
        return DataTypeIds.ARFF
    if extension in _TEXT:
        return DataTypeIds.PlainText
    if extension in _COMMA:
        delimiter: str | None = ","
    elif extension in _TAB:
        delimiter = "\t"
    else:
        delimiter = _consistent_delimiter(text, whole=whole)
    if delimiter is None:
        return DataTypeIds.PlainText
    header = _has_header(_rows(text, delimiter))
    if delimiter == ",":
        return DataTypeIds.GenericCSV if header else DataTypeIds.GenericCSVNoHeader
    return DataTypeIds.GenericTSV if header else DataTypeIds.GenericTSVNoHeader


def _rows(text: str, delimiter: str) -> list[list[str]]:
    lines = io.StringIO(text.replace("\0", ""), newline="")
    reader = csv.reader(lines, delimiter=delimiter, skipinitialspace=delimiter == ",")
    rows: list[list[str]] = []
    try:
        for row in reader:
            if row:
                rows.append(row)
            if len(rows) == 20:
                break
    except csv.Error:  # a field above the module's limit: what was read before it must do
        pass
    return rows


def _consistent_delimiter(text: str, *, whole: bool) -> str | None:
    """The delimiter that cuts every row seen into the same number (above 1) of fields."""
    if not whole:
        text = text[: text.rfind("\n") + 1] or text
    for delimiter in ("\t", ","):
        rows = _rows(text, delimiter)
        if len(rows) > 1 and len(rows[0]) > 1 and len({len(row) for row in rows}) == 1:
            return delimiter
    return None


def _has_header(rows: Sequence[Sequence[str]]) -> bool:
    """Whether the first row looks like names: none a number, and most of them there and different.

    A name may be missing or there twice where a column has numbers and its first cell none.
    """
    if not rows:
        return True
    names = [name.strip() for name in rows[0]]
    if any(name in {"?", "NA"} or _NUMBER.fullmatch(name) for name in names):
        return False
    given = [name for name in names if name]
    if len(set(names)) == len(names) and len(given) == len(names):
        return True
    below = [row for row in rows[1:] if len(row) == len(names)]
    numbers = any(
        name and below and all(_NUMBER.fullmatch(row[at].strip()) for row in below)
        for at, name in enumerate(names)
    )
    return numbers or (bool(given) and names[-1] == "" and len(set(given)) == len(names) - 1)
