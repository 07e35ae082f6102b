"""Arrow arrays from plain values, without `pyarrow.array` and `pyarrow.scalar`.

These, and `Array.to_numpy`, look for pandas objects and import pandas to do so: half a second and
40 MiB that neither a preview nor the ingest worker has any use for.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa


def strings(texts: Sequence[str | None]) -> Any:
    """A string array; None is null."""
    encoded = [b"" if text is None else text.encode("utf-8", "replace") for text in texts]
    offsets = np.zeros(len(encoded) + 1, dtype=np.int32)
    np.cumsum([len(text) for text in encoded], out=offsets[1:])
    present = np.fromiter((text is not None for text in texts), dtype=np.bool_, count=len(texts))
    return pa.StringArray.from_buffers(
        len(encoded),
        pa.py_buffer(offsets),
        pa.py_buffer(b"".join(encoded)),
        None if present.all() else pa.py_buffer(np.packbits(present, bitorder="little")),
    )


def numbers(values: npt.NDArray[Any] | Sequence[int], kind: Any) -> Any:
    """An array of a fixed width number type, from numpy values of that width."""
    found = np.ascontiguousarray(values, dtype=kind.to_pandas_dtype())
    return pa.Array.from_buffers(kind, len(found), [None, pa.py_buffer(found)])


def booleans(values: npt.NDArray[np.bool_]) -> Any:
    """A boolean array without nulls."""
    bits = np.packbits(values, bitorder="little")
    return pa.Array.from_buffers(pa.bool_(), len(values), [None, pa.py_buffer(bits)])


def plain(array: Any, dtype: type[Any]) -> npt.NDArray[Any]:
    """A number array without nulls as numpy has it, not copied."""
    if not len(array):
        return np.empty(0, dtype=dtype)
    size = np.dtype(dtype).itemsize
    return np.frombuffer(array.buffers()[1], dtype, len(array), array.offset * size)


def mask(array: Any) -> npt.NDArray[np.bool_]:
    """A boolean array as numpy has it, null as false."""
    valid, bits = array.buffers()
    found = _bits(bits, array)
    return found if valid is None else found & _bits(valid, array)


def _bits(buffer: Any, array: Any) -> npt.NDArray[np.bool_]:
    if not len(array):
        return np.empty(0, dtype=np.bool_)
    stop = array.offset + len(array)
    bits = np.unpackbits(np.frombuffer(buffer, np.uint8), count=stop, bitorder="little")
    return bits[array.offset :].view(np.bool_)
