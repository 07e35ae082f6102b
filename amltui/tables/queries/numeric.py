"""Values of typed columns as plain numbers, and numbers as texts of their type."""

from __future__ import annotations

from fractions import Fraction
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from amltui.formats.arrays import plain
from amltui.tables.rows import CELL_LIMIT, Column
from amltui.tables.types import ZONED, as_integers, reading_of

Number = int | float | Fraction
_DAY: Final = 86_400_000_000
"""Microseconds."""


def as_numbers(values: Any) -> npt.NDArray[Any]:
    """The values of a typed array that are there: float64, int64, or Python's own for large ones.

    Dates are days, other times micro- or nanoseconds; true is 1.
    """
    found = values.drop_null()
    if pa.types.is_decimal(found.type):
        return np.array([int(value) for value in found.to_pylist()], dtype=object)
    if found.type == pa.float64():
        return plain(found, np.float64)
    if found.type == pa.bool_():
        return plain(pc.cast(found, pa.int64()), np.int64)
    return as_integers(found).astype(np.int64, copy=False)


def unit_of(column: Column) -> str:
    """Of times, what they count: D, us or ns; otherwise nothing."""
    reading = reading_of(column)
    if reading is None or reading.type not in {"date", "datetime", "time"}:
        return ""
    return "D" if reading.type == "date" else str(reading.arrow.unit)


def as_text(value: Number, column: Column) -> str:
    """A number as a value of a column's type. Parts of a day make a date a time."""
    unit = unit_of(column)
    if not unit:
        return _number(value)
    if unit == "D":
        if value == int(value):
            return str(np.datetime64(int(value), "D"))
        value, unit = value * _DAY, "us"
    moment = str(np.array(round(value), f"datetime64[{unit}]")).replace("T", " ")
    if "." in moment:
        moment = moment.rstrip("0").rstrip(".")
    if column.type == "time":
        return moment.partition(" ")[2]
    return moment + "+00" * (column.notation in ZONED)


def end_text(value: Any, column: Column) -> str | None:
    """The least or the greatest value of a column as text; of a text its beginning."""
    if value is None:
        return None
    if isinstance(value, str):
        return value[:CELL_LIMIT]
    if column.type == "bool":
        return "true" if value else "false"
    return as_text(float(value) if column.type == "float" else int(value), column)


def _number(value: Number) -> str:
    if isinstance(value, float):
        return repr(value)
    if value == int(value):
        return str(int(value))
    # Between two whole numbers, by quarters: exact however large they are.
    hundredths = int(abs(Fraction(value)) * 100)
    text = f"{hundredths // 100}.{hundredths % 100:02}".rstrip("0")
    return f"-{text}" if value < 0 else text
