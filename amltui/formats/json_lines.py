"""JSON Lines: one object a line, its keys the columns.

The columns are all keys of the content in the order in which they come first: the whole content is
looked through for them before its rows are, or its first lines are and then each block that has
others. Numbers keep their spelling; objects and arrays are
compact JSON; null, and a key that an object has not, are missing values. Of a key that is there
twice the last counts. A line that is no object is a row without values, and malformed.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec
import numpy as np
import pyarrow as pa

from amltui.formats.arrow import decode_start, schema
from amltui.formats.blocks import MOST_COLUMNS, TEXT_KEPT, Block, Malformed, Parsed
from amltui.formats.encoding import to_utf8
from amltui.formats.json_flat import has_no_other_keys, read_flat, with_others
from amltui.formats.registry import Format
from amltui.formats.row_fields import unique_names
from amltui.formats.scan import NO_QUOTES, Positions, Scan, as_array, count_lines, row_spans

_Object = dict[str, msgspec.Raw]
_ONE: Final = msgspec.json.Decoder(_Object)
_ALL: Final = msgspec.json.Decoder(list[_Object])
_WRONG: Final = (msgspec.DecodeError, RecursionError, UnicodeDecodeError, ValueError)
_LOOK: Final = 64 * 1024
"""Bytes of the lines that show what kinds of values a key has."""
_BLOCK: Final = 2 * 1024 * 1024
NO_KEYS: Final = "json"
"""The one column of a content whose lines have no keys."""


class JsonLinesCodec:
    """See `Codec`. Blank lines are no rows."""

    quotes = False
    skip_space = True
    delimiter = b""

    def __init__(self, fmt: Format) -> None:
        del fmt
        self.columns: tuple[str, ...] = ()
        self.declared: tuple[str | None, ...] = ()
        self._keys: dict[str, int] = {}
        self._kinds: dict[str, set[str]] = {}
        self._surveyed = False
        self.grows = False
        """Whether `header` is to take what `survey` would take of the first lines."""

    def survey(self, blocks: Iterable[bytes], encoding: str | None = None) -> None:
        """Take all keys of a content as columns; `blocks`: its bytes from the first on.

        Of what follows a part that was surveyed, too: then its other keys are added.
        """
        for lines in _whole_lines(blocks):
            rest = lines
            if not self._surveyed:
                cut = lines.find(b"\n", _LOOK) + 1 or len(lines)
                self._learn(_lines(lines[:cut]), encoding, kinds=True)
                self._surveyed, rest = True, lines[cut:]
            if not has_no_other_keys(rest, self._keys):
                self._learn(_lines(rest), encoding, kinds=False)
        self._surveyed = True
        self._name()

    def name(self, keys: Sequence[str], declared: Sequence[str | None]) -> None:
        """Take the columns that an earlier survey found."""
        self._keys = {key: at for at, key in enumerate(keys)}
        self._surveyed = True
        self._name()
        self.declared = tuple(declared)

    @property
    def keys(self) -> tuple[str, ...]:
        """What a survey found."""
        return tuple(self._keys)

    def header(self, data: bytes, encoding: str | None, *, final: bool) -> int | None:
        """See `Codec.header`. Without a survey the keys are those of the first lines."""
        if self.grows and not self._surveyed:
            stop = len(data) if final else data.find(b"\n", _LOOK) + 1
            if not stop and len(data) < 4 * _BLOCK:
                return None
            if stop or final:
                self.survey([data[:stop]])
            self._name()
        elif not self._surveyed:
            stop = len(data) if final else data.rfind(b"\n") + 1
            if not stop and not final and len(data) < _LOOK:
                return None
            self._learn(_lines(data[:stop]), encoding, kinds=True)
            self._name()
        return 0

    def row_ends(self, data: bytes, found: Scan, encoding: str | None) -> Positions:
        """See `Codec.row_ends`."""
        del found, encoding
        return row_spans(data, as_array(data), NO_QUOTES, skip_space=True)[2]

    def parse(self, block: Block, encoding: str | None) -> Parsed:
        """See `Codec.parse`."""
        if block.oversized is not None:
            large = block.oversized
            text = decode_start(large.head, encoding).rstrip("\r\n")[:TEXT_KEPT]
            bad = Malformed(0, large.first_line, "a line of more than 8 MiB", text)
            form = self._named[1]
            return Parsed(_batch([None], {}, form)[0], [bad], large.lines)
        data, recoded = block.data, 0
        if encoding is not None:
            data, recoded = to_utf8(data, encoding)
        keys, form = self._named
        array = as_array(data)
        starts, ends, _ = row_spans(data, array, NO_QUOTES, skip_space=True)
        count = count_lines(data, array)
        bytes_of_ends = count + (data.count(b"\r\n") if b"\r" in data else 0)
        flat = read_flat(data, array, starts, ends, bytes_of_ends, keys, len(form))
        rest = np.arange(len(starts)) if flat is None else np.flatnonzero(~flat.taken)
        spans = zip(starts[rest].tolist(), ends[rest].tolist(), strict=True)
        lines = [data[a:b] for a, b in spans]
        objects, reasons = _objects(lines)
        malformed = []
        for at, reason in reasons.items():
            start = int(starts[rest[at]])
            line = 1 + count_lines(data[:start], array[:start])
            text = decode_start(lines[at][: 4 * TEXT_KEPT], encoding)[:TEXT_KEPT]
            malformed.append(Malformed(int(rest[at]), line, reason, text))
        others = flat is not None and flat.others
        if flat is None or len(rest):
            batch, more = _batch(objects, keys, form)
            others |= more
        if flat is not None:
            arrays = with_others(flat, batch.columns) if len(rest) else flat.arrays
            batch = pa.RecordBatch.from_arrays(arrays, schema=form)
        others &= len(keys) < MOST_COLUMNS
        return Parsed(batch, malformed, count, recoded, others=others)

    def _learn(self, lines: list[bytes], encoding: str | None, *, kinds: bool) -> None:
        lines = [to_utf8(line, encoding or "utf-8")[0] for line in lines]
        known = self._keys
        for found in _objects(lines)[0]:
            if found is None or (not kinds and found.keys() <= known.keys()):
                continue
            for key, value in found.items():
                if key not in known and len(known) < MOST_COLUMNS:
                    known[key] = len(known)
                if kinds and key in known:
                    self._kinds.setdefault(key, set()).add(_kind(value))

    def _name(self) -> None:
        self.columns = unique_names(list(self._keys)) if self._keys else (NO_KEYS,)
        mixed = {key for key, kinds in self._kinds.items() if len(kinds - {"null"}) > 1}
        self.declared = tuple("text" if key in mixed else None for key in self._keys) or (None,)
        # Threads may parse meanwhile: they have either all of what was known before, or of this.
        self._named = dict(self._keys), schema(self.columns)


def _batch(
    objects: Sequence[dict[str, Any] | None], places: Mapping[str, int], form: Any
) -> tuple[Any, bool]:
    """The rows that objects are, and whether they have keys that are no columns."""
    count, others = len(objects), False
    columns: list[list[bytes | None]] = [[None] * count for _ in form.names]
    for row, found in enumerate(objects):
        if found:
            for key, value in found.items():
                at = places.get(key)
                if at is None:
                    others = True
                else:
                    columns[at][row] = _text(value)
    arrays = [_array(texts) for texts in columns]
    return pa.RecordBatch.from_arrays(arrays, schema=form), others


def _whole_lines(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """The bytes of `blocks` cut where lines end; what is longer than a block is left out."""
    rest = b""
    for block in blocks:
        rest += block
        cut = rest.rfind(b"\n") + 1
        if cut:
            yield rest[:cut]
            rest = rest[cut:]
        elif len(rest) > 4 * _BLOCK:
            rest = rest[-1:]
    if rest:
        yield rest


def _lines(data: bytes) -> list[bytes]:
    return [line for line in data.splitlines() if line.strip()]


def _objects(lines: list[bytes]) -> tuple[list[dict[str, Any] | None], dict[int, str]]:
    """The object of each line, None where it is none, and why."""
    try:
        together = _ALL.decode(b"[" + b",".join(lines) + b"]")
        if len(together) == len(lines):
            return list(together), {}
    except _WRONG:
        pass
    objects: list[dict[str, Any] | None] = []
    reasons: dict[int, str] = {}
    for row, line in enumerate(lines):
        try:
            objects.append(_ONE.decode(line))
        except _WRONG as error:
            found = _lenient(line)
            objects.append(found)
            if found is None:
                reasons[row] = _reason(line, error)
    return objects, reasons


class _Spelled(str):
    """A number as it stands in the line."""

    __slots__ = ()


def _lenient(line: bytes) -> dict[str, Any] | None:
    """The object of a line that only Python takes: with NaN, Infinity or half a character."""
    try:
        spelled = json.loads(
            line, parse_int=_Spelled, parse_float=_Spelled, parse_constant=_Spelled
        )
        plain = json.loads(line)
    except _WRONG:
        return None
    if not isinstance(plain, dict):
        return None
    return {
        _in_utf8(key).decode(): plain[key] if isinstance(value, dict | list) else value
        for key, value in spelled.items()
    }


def _reason(line: bytes, error: Exception) -> str:
    if isinstance(error, RecursionError):
        return "nested too deeply"
    if not line.lstrip().startswith(b"{"):
        return "not a JSON object"
    return f"no JSON: {str(error).removeprefix('JSON is malformed: ')}"


def _kind(value: Any) -> str:
    if not isinstance(value, msgspec.Raw):
        return "number" if isinstance(value, _Spelled) else type(value).__name__
    first = bytes(value)[:1]
    kinds = {b'"': "str", b"{": "dict", b"[": "list", b"t": "bool", b"f": "bool", b"n": "null"}
    return kinds.get(first, "number")


def _text(value: Any) -> bytes | None:
    """A cell's text in UTF-8; None where it is missing."""
    if not isinstance(value, msgspec.Raw):
        return _text_of_plain(value)
    raw = bytes(value)
    first = raw[0]
    if first == 0x22:
        return raw[1:-1] if b"\\" not in raw else _unescaped(raw)
    if first in b"{[":
        return msgspec.json.format(raw, indent=-1)
    return None if raw == b"null" else raw


def _unescaped(raw: bytes) -> bytes:
    return msgspec.json.decode(raw, type=str).encode()


def _text_of_plain(value: object) -> bytes | None:
    if value is None:
        return None
    if isinstance(value, str):
        return _in_utf8(value)
    return _in_utf8(json.dumps(value, ensure_ascii=False, separators=(",", ":")))


def _in_utf8(text: str) -> bytes:
    """Half characters, which UTF-8 has not, as JSON writes them."""
    return text.encode("utf-8", "backslashreplace")


def _array(texts: list[bytes | None]) -> Any:
    """A string array; None is null."""
    offsets = np.zeros(len(texts) + 1, dtype=np.int32)
    np.cumsum([0 if text is None else len(text) for text in texts], out=offsets[1:])
    present = np.fromiter((text is not None for text in texts), dtype=np.bool_, count=len(texts))
    return pa.StringArray.from_buffers(
        len(texts),
        pa.py_buffer(offsets),
        pa.py_buffer(b"".join(text for text in texts if text)),
        None if present.all() else pa.py_buffer(np.packbits(present, bitorder="little")),
    )
