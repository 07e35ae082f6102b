"""Quotes and escapes of any dialect as those of CSV, byte for byte, and back in the cells.

So one scanner and one parser read them all, and offsets stay those of the file. Another quote
changes places with `"`; where there is none, `"` changes places with a control character. An escape
and the character after it become two control characters, or one and the character.
"""

from __future__ import annotations

import re
from typing import Any, Final

import pyarrow as pa

from amltui.formats.dialect import Dialect
from amltui.formats.registry import Format

_NO_QUOTE: Final = b"\x01"
_ESCAPE: Final = b"\x02"
_STAND_INS: Final = b"\x03\x04\x05\x06\x0e\x0f"


class Translation:
    """What a dialect's quotes and escapes become."""

    def __init__(self, dialect: Dialect) -> None:
        quote = dialect.quote.encode() or _NO_QUOTE
        self._swap = bytes.maketrans(quote + b'"', b'"' + quote)
        self._escape = dialect.escape.encode()
        special = b"".join(
            dict.fromkeys(bytes([char]) for char in dialect.delimiter.encode() + b'\r\n "' + quote)
        )[: len(_STAND_INS)]
        self._stand_ins = bytes.maketrans(special, _STAND_INS[: len(special)])
        self._undo = bytes.maketrans(_STAND_INS[: len(special)], special)
        self._pattern = re.compile(re.escape(self._escape) + rb"(.)", re.DOTALL)

    def ends_open(self, data: bytes) -> bool:
        """Whether the character that the last escape is for is not here yet."""
        if not self._escape:
            return False
        return (len(data) - len(data.rstrip(self._escape))) % 2 == 1

    def forward(self, data: bytes) -> bytes:
        """Bytes as CSV; as many as there were."""
        if not self._escape:
            return data.translate(self._swap)
        parts = self._pattern.split(data)
        parts[0::2] = [part.translate(self._swap) for part in parts[0::2]]
        parts[1::2] = [_ESCAPE + part.translate(self._stand_ins) for part in parts[1::2]]
        return b"".join(parts)

    def back(self, text: str) -> str:
        """A cell's text, or a row's, as the file has it; without the escapes."""
        data = text.encode("utf-8", "replace").translate(self._swap)
        if self._escape:
            data = data.replace(_ESCAPE, b"").translate(self._undo)
        return data.decode()

    def column(self, array: Any) -> Any:
        """As `back`, of a string array."""
        data = array.buffers()[2]
        if data is None:
            return array
        data = data.to_pybytes()
        array = _with_data(array, data.translate(self._swap))
        if not self._escape or _ESCAPE not in data:
            return array
        import pyarrow.compute as pc  # the first rows of most texts do without it

        array = pc.replace_substring(array, _ESCAPE.decode(), "")
        data = array.buffers()[2]
        return _with_data(array, data.to_pybytes().translate(self._undo)) if data else array


def _with_data(array: Any, data: bytes) -> Any:
    validity, offsets, _ = array.buffers()
    return pa.StringArray.from_buffers(
        len(array), offsets, pa.py_buffer(data), validity, array.null_count, array.offset
    )


def translation_of(fmt: Format) -> Translation | None:
    """What is needed to read a format; None: its quotes are those of CSV."""
    dialect = fmt.dialect
    if dialect is None or (dialect.quote == '"' and not dialect.escape):
        return None
    return Translation(dialect)
