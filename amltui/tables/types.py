"""What each type of column is: which texts are values of it, and what they are worth.

Values stay text. `typed` reads them as their column's type says; the header, statistics, sorting,
filters and SQL all read them so, and nothing else decides what fits. What does not fit is missing
in the answer of `typed`: a misfit, or one of the spellings of a missing value.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from amltui.formats.arrays import booleans, mask, plain, strings
from amltui.tables.rows import Column, ColumnType

MISSING: Final = (
    "",
    *("NA", "N/A", "n/a", "<NA>", "#N/A", "#N/A N/A", "#NA"),
    *("NULL", "null", "None"),
    *("NaN", "nan", "-NaN", "-nan", "1.#IND", "-1.#IND", "1.#QNAN", "-1.#QNAN"),
    *("-", "?"),
)
"""Texts that stand for a missing value where the column's other values are of a type: those that
pandas takes for missing by default, `-` and `?`. In a text column they are texts."""

NANOSECONDS: Final = "nanoseconds"
WITH_ZONE: Final = "with zone"
_ZONED_NANOSECONDS: Final = "nanoseconds, with zone"
_BIG: Final = "more than 64 bits"
_DAY_FIRST: Final = "day/month/year"
_MONTH_FIRST: Final = "month/day/year"
_YEAR_FIRST: Final = "year/month/day"


@dataclass(frozen=True, slots=True)
class Reading:
    """One way in which texts are values of a type."""

    type: ColumnType
    notation: str
    """How they are written, where the type has several ways; empty for the usual one."""
    arrow: Any
    """The Arrow type of the values."""
    sql: str
    """DuckDB's type of the values."""
    pattern: str
    """What the texts look like, without the blanks around them (RE2)."""
    whole: Callable[[Any], Any]
    """Values of an array whose texts all fit; None if that is not sure."""
    cast: Callable[[Any], Any]
    """Values of texts that match the pattern; null where there is no such value (31 February)."""

    def __call__(self, array: Any) -> Any:
        """A string array as values of the type; null where a text is none."""
        values = self.whole(array)
        if values is not None:
            return values
        texts = pc.ascii_trim_whitespace(array)
        return self.cast(_only(texts, pc.match_substring_regex(texts, self.pattern)))


def typed(array: Any, column: Column) -> Any:
    """A string array as values of a column's type; those that do not fit are null."""
    reading = reading_of(column)
    return array if reading is None else reading(array)


def reading_of(column: Column) -> Reading | None:
    """How a column's texts are read; None for text, which stays as it is."""
    if column.type in {None, "text"}:
        return None
    return _BY_NAME[column.type, column.notation]


def missing_mask(array: Any) -> Any:
    """Which values of a typed column are missing: no value, or one of `MISSING`."""
    return pc.or_(pc.is_null(array), pc.is_in(pc.ascii_trim_whitespace(array), _MISSING))


_MISSING: Final = strings(MISSING)


def as_integers(values: Any) -> npt.NDArray[np.signedinteger[Any]]:
    """The dates or times of a typed array that are there, as the numbers that Arrow holds."""
    found = values.drop_null()
    if found.type == pa.date32():
        return plain(found.view(pa.int32()), np.int32)
    return plain(found.view(pa.int64()), np.int64)


def _only(array: Any, chosen: Any) -> Any:
    """An array with null wherever it is not chosen."""
    return pc.if_else(chosen, array, pa.nulls(len(array), array.type))


def _unsure(_array: Any) -> Any:
    return None


def _try_cast(kind: Any, array: Any) -> Any:
    try:
        return pc.cast(array, kind)
    except pa.ArrowInvalid:
        return None


# Numbers


def _whole_int(array: Any) -> Any:
    values = _try_cast(pa.int64(), array)
    # Arrow takes 0x1F for a number.
    return None if values is None or _has_letter_x(array) else values


def _has_letter_x(array: Any) -> bool:
    data = array.buffers()[2]
    if data is None or not len(array):
        return False
    offsets = np.frombuffer(array.buffers()[1], np.int32)[array.offset :][: len(array) + 1]
    text = np.frombuffer(data, np.uint8)[offsets[0] : offsets[-1]]
    return bool(((text | 0x20) == ord("x")).any())


def _int128(texts: Any) -> Any:
    return pc.cast(pc.replace_substring_regex(texts, r"^\+", ""), _DECIMAL)


def _int64(texts: Any) -> Any:
    values = _try_cast(pa.int64(), pc.replace_substring_regex(texts, r"^\+", ""))
    if values is None:
        wide = _int128(texts)
        inside = pc.and_(pc.greater_equal(wide, _LIMITS[0]), pc.less_equal(wide, _LIMITS[1]))
        values = pc.cast(_only(wide, inside), pa.int64())
    return values


_DECIMAL: Final = pa.decimal128(38, 0)
_LIMITS: Final = pc.cast(strings([str(-(2**63)), str(2**63 - 1)]), _DECIMAL)


def _whole_float(array: Any) -> Any:
    values = _try_cast(pa.float64(), array)
    if values is None:
        return None
    # `nan` is a spelling of a missing value, and Arrow takes nan(anything) for a number, too.
    return None if pc.any(pc.is_nan(values)).as_py() else values


# Words


def _words(no: str, yes: str) -> Reading:
    """A type of two words, in capitals or small letters."""
    pair = strings([no, yes])

    def cast(array: Any) -> Any:
        words = pc.ascii_lower(pc.ascii_trim_whitespace(array))
        return pc.cast(pc.index_in(words, value_set=pair), pa.bool_())

    notation = "" if yes == "true" else f"{yes}/{no}"
    return Reading("bool", notation, pa.bool_(), "BOOLEAN", rf"^(?i:{no}|{yes})$", cast, cast)


# Dates and times

_DAY: Final = "(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
_HOUR: Final = "([01][0-9]|2[0-3])"
_SIXTY: Final = "[0-5][0-9]"
_OFFSET: Final = f"(Z|[+-]{_HOUR}(:?{_SIXTY})?)"
_NS_YEAR: Final = "(16(7[89]|[89][0-9])|1[7-9][0-9]{2}|2[01][0-9]{2}|22([0-5][0-9]|6[01]))"
"""Years that 64 bits of nanoseconds hold as a whole."""
_LENGTHS: Final = np.array([31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31], np.uint8)


def _clock(digits: int) -> str:
    return f"{_HOUR}(:{_SIXTY}(:{_SIXTY}(\\.[0-9]{{1,{digits}}})?)?)?"


def _real_days(texts: Any) -> Any:
    """Which texts begin with a day that the calendar has, as YYYY-MM-DD; null ones do not."""
    present = mask(pc.is_valid(texts))
    days = pc.utf8_slice_codeunits(texts.drop_null(), 0, 10)
    if len(days):
        start = int(plain(days, np.int32)[0])
        data = np.frombuffer(days.buffers()[2], np.uint8)[start : start + 10 * len(days)]
        digits = data.reshape(-1, 10).astype(np.int32) - ord("0")
        year = digits[:, 0] * 1000 + digits[:, 1] * 100 + digits[:, 2] * 10 + digits[:, 3]
        month, day = digits[:, 5] * 10 + digits[:, 6], digits[:, 8] * 10 + digits[:, 9]
        leap = (year % 4 == 0) & ((year % 100 != 0) | (year % 400 == 0)) & (month == 2)
        present[present] = (day <= _LENGTHS[month - 1] + leap) & (year > 0)
    return booleans(present)


def _whole_time(kind: Any, first: int, array: Any) -> Any:
    """As Arrow reads ISO 8601, but no day before the year 1, which Python does not know."""
    values = _try_cast(kind, array)
    if values is None or not len(values):
        return values
    found = as_integers(values)
    return None if len(found) and found.min() < first else values


def _moments(kind: Any, texts: Any) -> Any:
    return pc.cast(_only(texts, _real_days(texts)), kind)


def _local(kind: Any, order: str, texts: Any) -> Any:
    """Days as people write them; `order` puts their parts into that of ISO 8601."""
    padded = pc.replace_substring_regex(texts, r"\b([0-9])\b", r"0\1")
    pattern = r"^([0-9]+)[/.-]([0-9]+)[/.-]([0-9]+)(.*)$"
    return _moments(kind, pc.replace_substring_regex(padded, pattern, order + r"\4"))


def _time_of_day(texts: Any) -> Any:
    padded = pc.replace_substring_regex(texts, "^([0-9]):", r"0\1:")
    day, blank = strings(["1970-01-01", " "])
    moments = pc.cast(pc.binary_join_element_wise(day, padded, blank), pa.timestamp("us"))
    return moments.view(pa.int64()).view(pa.time64("us"))


def _separated(*parts: str) -> str:
    """Parts of a local date with one separator, whichever it is."""
    return "(" + "|".join(separator.join(parts) for separator in ("/", r"\.", "-")) + ")"


_D: Final = "(0?[1-9]|[12][0-9]|3[01])"
_M: Final = "(0?[1-9]|1[0-2])"
_LOCAL: Final = (
    (_DAY_FIRST, _separated(_D, _M, "[0-9]{4}"), r"\3-\2-\1"),
    (_MONTH_FIRST, _separated(_M, _D, "[0-9]{4}"), r"\3-\1-\2"),
    (_YEAR_FIRST, rf"([0-9]{{4}}/{_M}/{_D}|[0-9]{{4}}\.{_M}\.{_D})", r"\1-\2-\3"),
)
_LOCAL_CLOCK: Final = f" ([01]?[0-9]|2[0-3]):{_SIXTY}(:{_SIXTY})?"


def _local_readings(kind: ColumnType, arrow: Any, sql: str, clock: str) -> list[Reading]:
    return [
        Reading(
            kind, notation, arrow, sql, f"^{day}{clock}$", _unsure, partial(_local, arrow, order)
        )
        for notation, day, order in _LOCAL
    ]


def _datetime(notation: str, unit: str, zone: str | None) -> Reading:
    digits, year = (9, _NS_YEAR) if unit == "ns" else (6, "[0-9]{4}")
    clock = f"[T ]{_clock(digits)}"
    clock = f"{clock}{_OFFSET}" if zone else f"({clock})?"
    kind = pa.timestamp(unit, zone)
    sql = {"us": "TIMESTAMP", "ns": "TIMESTAMP_NS"}[unit]
    if zone and unit == "us":
        sql = "TIMESTAMPTZ"
    elif zone:
        # DuckDB has had one with a zone only since version 2: this is the time in UTC.
        kind = pa.timestamp(unit)
    first = -62_135_596_800_000_000 if unit == "us" else -(2**63)
    whole: Callable[[Any], Any] = partial(_whole_time, pa.timestamp(unit, zone), first)
    cast: Callable[[Any], Any] = partial(_moments, pa.timestamp(unit, zone))
    if zone and unit == "ns":
        whole, cast = _in_utc(whole), _in_utc(cast)
    return Reading("datetime", notation, kind, sql, f"^{year}-{_DAY}{clock}$", whole, cast)


def _in_utc(read: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def without_zone(array: Any) -> Any:
        values = read(array)
        return None if values is None else values.view(pa.timestamp("ns"))

    return without_zone


INT: Final = Reading(
    "int", "", pa.int64(), "BIGINT", "^[+-]?[0-9]{1,38}$", _whole_int, _int64
)  # fmt: skip
INT128: Final = Reading("int", _BIG, _DECIMAL, "HUGEINT", INT.pattern, _unsure, _int128)
_FLOAT: Final = Reading(
    "float",
    "",
    pa.float64(),
    "DOUBLE",
    r"^[+-]?(([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?|(?i:inf|infinity))$",
    _whole_float,
    partial(pc.cast, target_type=pa.float64()),
)
_BOOLS: Final = tuple(
    _words(no, yes)
    for no, yes in (("false", "true"), ("no", "yes"), ("n", "y"), ("f", "t"), ("off", "on"))
)
_DATE: Final = Reading(
    "date",
    "",
    pa.date32(),
    "DATE",
    f"^[0-9]{{4}}-{_DAY}$",
    partial(_whole_time, pa.date32(), -719_162),
    partial(_moments, pa.date32()),
)
_DATES: Final = _local_readings("date", pa.date32(), "DATE", "")
_DATETIME: Final = _datetime("", "us", None)
_DATETIMES: Final = _local_readings("datetime", pa.timestamp("us"), "TIMESTAMP", _LOCAL_CLOCK)
_TIME: Final = Reading(
    "time",
    "",
    pa.time64("us"),
    "TIME",
    rf"^([01]?[0-9]|2[0-3]):{_SIXTY}(:{_SIXTY}(\.[0-9]{{1,6}})?)?$",
    _unsure,
    _time_of_day,
)


@dataclass(frozen=True, slots=True)
class Family:
    """Readings that a column chooses between by all of its values."""

    readings: tuple[Reading, ...]
    rivals: bool = False
    """False: what fits one of them fits those after it. True: one must be proven (the order of
    day and month, by a day above the twelfth)."""
    both: bool = False
    """Whether both of two values must occur: a column of `no` alone may be Norway."""


FAMILIES: Final = (
    Family((INT, INT128, _FLOAT)),
    Family((_FLOAT,)),
    *(Family((words,), both=bool(words.notation)) for words in _BOOLS),
    Family((_DATE, _DATETIME, _datetime(NANOSECONDS, "ns", None))),
    Family((_datetime(WITH_ZONE, "us", "UTC"), _datetime(_ZONED_NANOSECONDS, "ns", "UTC"))),
    Family((_DATES[2],)),
    Family((_DATES[0], _DATES[1]), rivals=True),
    Family((_DATETIMES[2],)),
    Family((_DATETIMES[0], _DATETIMES[1]), rivals=True),
    Family((_TIME,)),
)
"""What a column may be besides text, the narrower first."""
_BY_NAME: Final = {
    (reading.type, reading.notation): reading for family in FAMILIES for reading in family.readings
}
ZONED: Final = frozenset({WITH_ZONE, _ZONED_NANOSECONDS})
"""Notations of times whose values are in UTC."""
