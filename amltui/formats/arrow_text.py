r"""Values of any type as the text that a person would write, in Arrow's arrays.

What is nested is compact JSON; bytes that are no text are hexadecimal. Writers do not all see to it
that what they call text is UTF-8: bytes of it that are not stand as `\xe9`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any, Final

import pyarrow as pa

from amltui.formats.arrays import strings
from amltui.formats.arrow import schema
from amltui.formats.blocks import MOST_COLUMNS

_UNITS: Final = ("s", "ms", "us", "ns")
"""Of times, the largest first."""


def text_of(value: Any) -> str | None:
    """A value of a database or of a workbook as text; None where it is missing."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, bytes | bytearray):
        return _of_bytes(bytes(value))
    return str(value)


def _of_bytes(value: bytes) -> str:
    try:
        text = value.decode()
    except UnicodeDecodeError:
        return value.hex()
    return text if text.isprintable() else value.hex()


def declared(found: Any) -> tuple[str | None, ...]:
    """`text` for columns that the file says are text: no type is guessed for them."""
    kinds = (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view)
    return tuple(
        "text"
        if any(kind(_plain(one.type)) for kind in kinds) or pa.types.is_nested(one.type)
        else None
        for one in list(found)[:MOST_COLUMNS]
    )


def _plain(kind: Any) -> Any:
    return kind.value_type if pa.types.is_dictionary(kind) else kind


def text_batch(batch: Any, names: Sequence[str]) -> Any:
    """A record batch of any types as one of text."""
    arrays = [_texts(batch.column(at)) for at in range(len(names))]
    return pa.RecordBatch.from_arrays(arrays, schema=schema(names))


def readable(table: Any) -> Any:
    """A table whose texts are all UTF-8, as the texts of `text_batch`; else it is left as it is.

    Raises:
        pyarrow.ArrowInvalid: it is broken.
    """
    for index, field in enumerate(table.schema):
        chunks = table.column(index).chunks
        if not all(map(_is_utf8, chunks)):
            values = [pa.array(map(_value, chunk), field.type) for chunk in chunks]
            table = table.set_column(index, field, pa.chunked_array(values, field.type))
    return table


def _texts(array: Any) -> Any:
    kind = array.type
    types = pa.types
    if types.is_dictionary(kind):
        return _texts(array.dictionary_decode())
    if isinstance(array, pa.ExtensionArray):
        return _texts(array.storage)
    write = _writer(kind)
    if write is not None:
        return strings([None if one is None else write(one) for one in _values(array)])
    if types.is_timestamp(kind) or types.is_time(kind):
        return _times(array)
    if types.is_float16(kind):
        array = array.cast(pa.float32())
    found = array.cast(pa.string())
    if types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind):
        return _utf8(found)
    if types.is_floating(kind):
        # Arrow writes 2.0 as 2, and a column of such would be taken for one of whole numbers.
        import pyarrow.compute as pc  # the first rows of texts do without it

        whole = pc.match_substring_regex(found, r"^-?\d+$")
        found = pc.if_else(whole, pc.binary_join_element_wise(found, "0", "."), found)
    return found


def _utf8(array: Any) -> Any:
    """A string array, in which bytes that are not UTF-8 are written out."""
    return array if _is_utf8(array) else strings([_value(one) for one in array])


def _is_utf8(array: Any) -> bool:
    """Whether all texts of an array are. Raises ArrowInvalid: it is broken otherwise."""
    try:
        array.validate(full=True)
    except pa.ArrowInvalid as error:
        if "UTF8" not in str(error):
            raise
        return False
    return True


def _values(array: Any) -> list[Any]:
    try:
        found: list[Any] = array.to_pylist()
    except UnicodeDecodeError:
        found = [_value(one) for one in array]
    return found


def _value(scalar: Any) -> Any:
    """The value of one of Arrow's scalars, also where its texts are not UTF-8."""
    found: Any = None
    if not scalar.is_valid:
        pass
    elif isinstance(scalar, pa.DictionaryScalar | pa.ExtensionScalar | pa.UnionScalar):
        found = _value(scalar.value)
    elif isinstance(scalar, pa.StringScalar | pa.LargeStringScalar | pa.StringViewScalar):
        found = scalar.as_buffer().to_pybytes().decode("utf-8", "backslashreplace")
    elif isinstance(scalar, pa.MapScalar):
        found = [(_value(one["key"]), _value(one["value"])) for one in scalar.values]
    elif isinstance(scalar, pa.ListScalar):  # and its kin
        found = [_value(one) for one in scalar.values]
    elif isinstance(scalar, pa.StructScalar):
        found = {name: _value(one) for name, one in scalar.items()}
    else:
        found = scalar.as_py()
    return found


def _writer(kind: Any) -> Callable[[Any], str] | None:
    """What writes values of a type one by one. None: Arrow does it."""
    types = pa.types
    if types.is_nested(kind):
        return _json
    if types.is_binary(kind) or types.is_large_binary(kind) or types.is_fixed_size_binary(kind):
        return _of_bytes
    return str if types.is_duration(kind) or types.is_null(kind) else None


def _times(array: Any) -> Any:
    """Times as texts, each in the largest unit by which its value loses nothing.

    So a value has the same text whichever others are read with it.
    """
    import pyarrow.compute as pc

    kind = array.type
    larger = [_in_unit(array, unit) for unit in _UNITS[: _UNITS.index(kind.unit)]]
    same = [pc.equal(one.cast(kind, safe=False), array) for one in larger]
    if same and pc.all(same[0]).as_py():
        return larger[0].cast(pa.string())
    found = array.cast(pa.string())
    for one, alike in zip(reversed(larger), reversed(same), strict=True):
        if pc.any(alike).as_py():
            found = pc.if_else(alike, one.cast(pa.string()), found)
    return found


def _in_unit(array: Any, unit: str) -> Any:
    if pa.types.is_timestamp(array.type):
        return array.cast(pa.timestamp(unit, array.type.tz), safe=False)
    return array.cast(pa.time64(unit) if unit == "us" else pa.time32(unit), safe=False)


def _json(value: Any) -> str:
    return json.dumps(_keyed(value), ensure_ascii=False, separators=(",", ":"), default=text_of)


def _keyed(value: Any) -> Any:
    """A value that JSON can have; the pairs of a map are an object where its keys are texts."""
    if isinstance(value, dict):
        return {str(key): _keyed(one) for key, one in value.items()}
    if isinstance(value, list):
        if value and all(isinstance(one, tuple) and isinstance(one[0], str) for one in value):
            return {key: _keyed(one) for key, one in value}
        return [_keyed(list(one) if isinstance(one, tuple) else one) for one in value]
    return value
