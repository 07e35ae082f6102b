"""Reading what a server sent when it is not quite what the protocol says.

One odd value must not hide what lies beside it: an odd field is read as missing, an object without
what makes it one is left out of its list and counted. The quick way of reading is tried first; all
this is only for what it refuses.
"""

from __future__ import annotations

import json
import re
import types
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, Final, TypeVar, Union, get_args, get_origin

import msgspec

M = TypeVar("M", bound=msgspec.Struct)

_DEEPEST: Final = 64
"""Levels of brackets within an object; the protocol's own objects have six."""
_MOST_DIGITS: Final = 19
_TOKEN: Final = re.compile(rb'"(?:[^"\\]|\\.)*"|[\[\]{},]', re.DOTALL)
_MISSING: Final = object()
_REFUSED: Final = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
"""What msgspec raises for odd values, bytes that are no text, and endless nesting."""


class NotTheProtocol(msgspec.ValidationError):
    """It is not even an object, or a list of them."""


def read_list(body: bytes, kind: type[M]) -> tuple[list[M], int]:
    """The objects of a JSON array, and how many could not be read.

    Raises:
        msgspec.MsgspecError: it is no array.
    """
    try:
        return msgspec.json.decode(body, type=list[kind], strict=False), 0  # type: ignore[valid-type]  # a type made here
    except _REFUSED:
        pass
    read = [_object(piece, kind) for piece in _elements(body)]
    found = [one for one in read if one is not None]
    return found, len(read) - len(found)


def read_one(body: bytes, kind: type[M]) -> M:
    """The object that is all of `body`.

    Raises:
        msgspec.MsgspecError: it is none, or lacks what makes it one.
    """
    try:
        return msgspec.json.decode(body, type=kind, strict=False)
    except _REFUSED:
        found = _object(body, kind)
    if found is None:
        raise NotTheProtocol("it is no JSON object, or lacks its id")
    return found


def _elements(body: bytes) -> Iterator[bytes]:
    """The text of each element of an array, found without reading what is in them.

    Raises:
        NotTheProtocol: it is no array, or it ends too early.
    """
    if not body.lstrip().startswith(b"["):
        raise NotTheProtocol("it is no JSON array")
    depth, start = 0, 0
    for token in _TOKEN.finditer(body):
        match token.group():
            case b"[" | b"{":
                depth += 1
                if depth == 1:
                    start = token.end()
            case b"]" | b"}":
                depth -= 1
                if depth == 0:
                    if body[start : token.start()].strip():
                        yield body[start : token.start()]
                    return
            case b"," if depth == 1:
                yield body[start : token.start()]
                start = token.end()
    raise NotTheProtocol("its JSON ends too early")


def _object(text: bytes, kind: type[M]) -> M | None:
    """An object whose odd fields are missing; None: it lacks a field that it must have."""
    try:
        value = json.loads(
            _shallow(text).decode("utf-8", "replace"),
            parse_int=_integer,
            parse_constant=lambda _: None,
        )
    except (ValueError, RecursionError):
        return None
    read = _as_struct(value, kind)
    return None if read is _MISSING else read


def _shallow(text: bytes) -> bytes:
    """`text` with null in place of what is nested deeper than any object of the protocol is."""
    kept, depth, at = [], 0, 0
    for token in _TOKEN.finditer(text):
        if token.group() in {b"[", b"{"}:
            depth += 1
            if depth == _DEEPEST + 1:
                kept.append(text[at : token.start()] + b"null")
        elif token.group() in {b"]", b"}"}:
            if depth == _DEEPEST + 1:
                at = token.end()
            depth -= 1
    return text if not kept else b"".join(kept) + text[at:]


def _integer(text: str) -> int | None:
    return int(text) if len(text) <= _MOST_DIGITS else None


def _as_struct(value: Any, kind: type[msgspec.Struct]) -> Any:
    if not isinstance(value, dict):
        return _MISSING
    given: dict[str, Any] = {}
    for field in _fields(kind):
        if field.encode_name in value:
            read = _as_type(value[field.encode_name], field.type)
            if read is not _MISSING:
                given[field.name] = read
        if field.required and field.name not in given:
            return _MISSING
    return kind(**given)


def _as_type(value: Any, wanted: Any) -> Any:
    """`value` as a field's type, else `_MISSING`; objects and lists keep what is right in them."""
    if isinstance(value, str):
        value = value.encode("utf-8", "replace").decode()  # half a character is none
    for one in _alternatives(wanted):
        if isinstance(one, type) and issubclass(one, msgspec.Struct):
            if isinstance(value, dict):
                return _as_struct(value, one)
        elif get_origin(one) is tuple and isinstance(value, list):
            items = (_as_type(item, get_args(one)[0]) for item in value)
            return tuple(item for item in items if item is not _MISSING)
    try:
        return msgspec.convert(value, wanted, strict=False)
    except msgspec.ValidationError:
        return _MISSING


def _alternatives(wanted: Any) -> tuple[Any, ...]:
    union = get_origin(wanted) in {Union, types.UnionType}
    return get_args(wanted) if union else (wanted,)


@lru_cache(maxsize=64)
def _fields(kind: type[msgspec.Struct]) -> tuple[msgspec.structs.FieldInfo, ...]:
    return msgspec.structs.fields(kind)
