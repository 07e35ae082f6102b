"""A column's type, by casting: what most of its values are, and which of them are not.

Values stay text; a type is a lens for sorting, statistics and SQL. `typed` is that lens: values
that do not fit are missing in it, and counted.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from amltui.formats.arrays import booleans, mask
from amltui.tables.rows import Column, ColumnType

NARROW: Final[tuple[ColumnType, ...]] = ("int", "float", "bool", "date", "datetime")
"""Types that a column may have, the narrower first; `text` fits everything."""
_PATTERNS: Final[dict[ColumnType, str]] = {
    "int": r"^[+-]?[0-9]{1,18}$",
    "float": (
        r"^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,3})?$"
        r"|^[+-]?(?i:inf|infinity|nan)$"
    ),
    "bool": r"^(?i:true|false)$",
    "date": r"^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$",
    "datetime": (
        r"^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
        r"([T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9](\.[0-9]{1,6})?)?Z?)?$"
    ),
}
ARROW: Final[dict[ColumnType, Any]] = {
    "int": pa.int64(),
    "float": pa.float64(),
    "bool": pa.bool_(),
    "date": pa.date32(),
    "datetime": pa.timestamp("us"),
    "text": pa.string(),
}
_ENOUGH: Final = 0.9
"""Share of the values present that must fit a type for a column to be of it."""
_FEW: Final = 128
_SPACE: Final = " \t\n\v\f\r"
"""What Arrow trims, too."""
SAMPLE: Final = 4_096
"""Values of a batch that are looked at to find a column's likely type."""


@dataclass(slots=True)
class Fit:
    """How many values of a column fit one type."""

    type: ColumnType
    present: int = 0
    """Values that are not missing."""
    misfits: int = 0
    first_misfit: int | None = None

    def add(self, array: Any, start: int) -> None:
        """Count a batch's column whose first value is in row `start`."""
        self.present += len(array) - array.null_count
        bad = misfit_mask(array, self.type)
        if bad is None:
            return
        count = pc.sum(bad).as_py() or 0
        self.misfits += count
        if count and self.first_misfit is None:
            self.first_misfit = start + int(np.argmax(mask(bad)))

    @property
    def likely(self) -> bool:
        """Whether a column of these values is of this type."""
        return self.present > 0 and self.misfits <= (1 - _ENOUGH) * self.present


def misfit_mask(array: Any, kind: ColumnType) -> Any:
    """Which values are not of a type (missing ones are); None when all are."""
    if kind == "text":
        return None
    if _whole(array, kind) is not None:
        return None
    fits = pc.match_substring_regex(pc.ascii_trim_whitespace(array), _PATTERNS[kind])
    if kind in {"date", "datetime"}:
        # The pattern takes 31 February for a day.
        try:
            _cast(pc.if_else(fits, array, pa.nulls(len(array), pa.string())), kind)
        except pa.ArrowInvalid:
            looks = mask(fits).tolist()
            good = [ok and _is_day(text) for ok, text in zip(looks, array.to_pylist(), strict=True)]
            fits = booleans(np.array(good))
    bad = pc.and_(pc.invert(fits), pc.is_valid(array))
    return bad if pc.any(bad).as_py() else None


def _is_day(text: str | None) -> bool:
    from datetime import date

    if text is None:
        return True
    try:
        date.fromisoformat(text.strip()[:10])
    except ValueError:
        return False
    return True


def _cast(array: Any, kind: ColumnType) -> Any:
    array = pc.ascii_trim_whitespace(array)
    if kind == "datetime":
        array = pc.replace_substring_regex(array, "Z$", "")
    elif kind in {"int", "float"}:
        array = pc.replace_substring_regex(array, r"^\+", "")
    return pc.cast(array, ARROW[kind])


def typed(array: Any, kind: ColumnType) -> Any:
    """A string array as values of a type; those that do not fit are null."""
    if kind == "text":
        return array
    values = _whole(array, kind)
    if values is not None:
        return values
    bad = misfit_mask(array, kind)
    if bad is not None:
        array = pc.if_else(bad, pa.nulls(len(array), pa.string()), array)
    return _cast(array, kind)


def _whole(array: Any, kind: ColumnType) -> Any:
    """The values as they are cast in one go; None where one of them may not fit."""
    try:
        values = pc.cast(array, ARROW[kind])
    except pa.ArrowInvalid:
        return None
    # Arrow takes nan(anything) for a number.
    odd = kind == "float" and pc.any(pc.is_nan(values)).as_py()
    return None if odd and pc.any(pc.match_substring(array, "(")).as_py() else values


def candidate(array: Any) -> ColumnType:
    """The type that a sample of values is likely of; the narrowest of those that fit best."""
    if array.null_count == len(array):
        return "text"
    best: ColumnType = "text"
    least: int | None = None
    few = array.slice(0, _FEW)
    texts = [text.strip(_SPACE) for text in few.to_pylist() if text is not None]
    for kind in NARROW:
        # Arrow takes long to fail: most types are out after a few values.
        if texts and _whole(few, kind) is None and not _looks(texts, kind).likely:
            continue
        fit = Fit(kind)
        fit.add(array, 0)
        if fit.likely and (least is None or fit.misfits < least):
            best, least = kind, fit.misfits
            if not least:
                break
    return best


def _looks(texts: Sequence[str], kind: ColumnType) -> Fit:
    """How many of a few texts look like a type."""
    pattern = re.compile(_PATTERNS[kind])
    return Fit(kind, len(texts), sum(pattern.match(text) is None for text in texts))


def infer(
    names: Sequence[str], declared: Sequence[str | None], batches: Sequence[Any]
) -> tuple[Column, ...]:
    """Columns of a few batches in memory, typed by all of their values."""
    columns = []
    for index, (name, binds) in enumerate(zip(names, declared, strict=True)):
        kind: ColumnType = "text"
        if binds is None and batches:
            kind = candidate(batches[0].column(index).slice(0, SAMPLE))
        fit = Fit(kind)
        start = 0
        for batch in batches:
            fit.add(batch.column(index), start)
            start += batch.num_rows
        columns.append(Column(name, kind, fit.misfits, fit.first_misfit))
    return tuple(columns)
