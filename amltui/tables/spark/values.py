"""What `tables.types` says of texts and values, in Spark's words."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from pyspark.sql import functions as F  # noqa: N812 - as everybody calls it

from amltui.tables.rows import Column
from amltui.tables.types import INT128, MISSING, ZONED, Family, Reading, reading_of

_BLANKS: Final = " \t\n\x0b\f\r"
_FIRST_DAY: Final = "0001-01-01"
"""Spark has a year 0, and Python, which shows the values, has not."""


def trimmed(text: Any) -> Any:
    """A text without the blanks around it."""
    return F.btrim(text, F.lit(_BLANKS))


def is_missing(text: Any) -> Any:
    """Whether there is no value in a typed column; see `tables.types.missing_mask`."""
    return text.isNull() | trimmed(text).isin(*MISSING)


def typed(text: Any, column: Column) -> Any:
    """A text as a value of a column's type, null where it is none; see `tables.types.typed`."""
    reading = reading_of(column)
    return text if reading is None else value_of(text, reading)


def value_of(text: Any, reading: Reading) -> Any:
    """A text as a value; null where it is none.

    Raises:
        KeyError: `without_unknown` leaves this reading out.
    """
    texts = trimmed(text)
    value = _cast(reading)(texts)
    return F.when(texts.rlike(_java(reading.pattern)), value)


def without_unknown(family: Family) -> Family | None:
    """A family without what Spark has no values for: nanoseconds and times of day; None: all."""
    kept = tuple(one for one in family.readings if _is_known(one))
    return replace(family, readings=kept) if kept else None


def as_number(value: Any, column: Column) -> Any:
    """A value as the number that `tables.queries.numeric` shows: days, microseconds, itself."""
    if column.type == "date":
        return F.unix_date(value)
    if column.type == "datetime":
        return F.unix_micros(value.cast("timestamp"))
    return value.cast("int") if column.type == "bool" else value


def _is_known(reading: Reading) -> bool:
    unit = getattr(reading.arrow, "unit", "")
    return reading.type != "time" and unit != "ns"


def _java(pattern: str) -> str:
    """A pattern of RE2 as Java reads it: `$` is the end of the text, not before its last line."""
    return re.sub(r"\$$", r"\\z", pattern)


def _cast(reading: Reading) -> Callable[[Any], Any]:
    if reading is INT128:
        return lambda texts: texts.try_cast("decimal(38,0)")
    if reading.type == "bool":
        yes = reading.notation.partition("/")[0] or "true"
        return lambda texts: F.lower(texts) == F.lit(yes)
    if reading.type in {"date", "datetime"}:
        return _moment(reading)
    return lambda texts: texts.try_cast({"int": "bigint", "float": "double"}[str(reading.type)])


def _moment(reading: Reading) -> Callable[[Any], Any]:
    kind = "date" if reading.type == "date" else "timestamp_ntz"
    if reading.notation in ZONED:
        kind = "timestamp"
    order = _ORDERS.get(reading.notation)

    def cast(texts: Any) -> Any:
        if order is not None:
            texts = F.regexp_replace(texts, r"^([0-9]+)[/.-]([0-9]+)[/.-]([0-9]+)", order)
        # An hour alone, and an offset without minutes, are ISO 8601 and not Spark's.
        texts = F.regexp_replace(texts, r"^([^ T]+[T ][0-9]{1,2})(Z|[+-]|\z)", "$1:00$2")
        texts = F.regexp_replace(texts, r"(:[^+Z-]*)([+-][0-9]{2})\z", "$1$2:00")
        value = texts.try_cast(kind)
        return F.when(value >= F.lit(_FIRST_DAY).cast(kind), value)

    return cast


_ORDERS: Final = {
    "day/month/year": "$3-$2-$1",
    "month/day/year": "$3-$1-$2",
    "year/month/day": "$1-$2-$3",
}
"""As in `tables.types`: what puts the parts of a local date into the order of ISO 8601."""
