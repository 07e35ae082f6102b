"""Which type a column is of: found in a sample, then decided and counted in every row."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from amltui.formats.arrays import mask, plain
from amltui.tables.rows import Column
from amltui.tables.stream import StreamReader
from amltui.tables.types import (
    FAMILIES,
    INT128,
    MISSING,
    Family,
    Reading,
    as_integers,
    missing_mask,
)

SAMPLE: Final = 4_096
"""Values of a batch that are looked at to find a column's likely type."""
_BATCHES: Final = 16
"""Batches, spread over the table, that the sample is taken from."""
_ENOUGH: Final = 0.9
"""Share of the values present that must fit a type for a column to be of it."""
_FIRST: Final = 512
"""Values of the first rows that say which type they are likely of."""
_FEW: Final = 128
_TASKS: Final = 16
"""Parts of the columns that threads take in turn: one task a column costs more than its work."""
_SPACE: Final = " \t\n\v\f\r"
"""What Arrow trims, too."""
_NS_RANGE: Final = (-(2**63) // 1000, 2**63 // 1000)
"""Microseconds that fit into 64 bits as nanoseconds, too."""
_NS_DAYS: Final = (-106_751, 106_751)


@dataclass(slots=True)
class _Fit:
    """How many values of a column one reading does not take."""

    reading: Reading
    misfits: int = 0
    first_misfit: int | None = None


@dataclass(frozen=True, slots=True)
class Counts:
    """What was counted of all values of a column, for one family."""

    misfits: tuple[int, ...]
    """For each of its readings the values that it does not take."""
    present: int
    missing: int
    spellings: frozenset[str] = frozenset()
    """Texts that stand for a missing value."""
    proofs: tuple[int, int] = (0, 0)
    """Of two rivals: values that only this one takes."""
    code: bool = False
    """Whether whole numbers have leading zeros and one length, as codes have."""
    first_misfits: tuple[int | None, ...] = ()
    """For each reading the row of the first value that it does not take; empty: not looked for."""


def column_of(name: str, family: Family, counts: Counts) -> Column:
    """The column that has these counts: of the reading that takes the most, or text."""
    best = counts.misfits.index(min(counts.misfits))
    if family.rivals:
        proven = [place for place, proofs in enumerate(counts.proofs) if proofs]
        if len(proven) != 1:
            return Column(name, "text")
        best = proven[0]
    reading, misfits = family.readings[best], counts.misfits[best]
    enough = counts.present > 0 and misfits <= (1 - _ENOUGH) * counts.present
    if not enough or (reading.type == "int" and counts.code):
        return Column(name, "text")
    return Column(
        name,
        reading.type,
        misfits,
        counts.first_misfits[best] if counts.first_misfits else None,
        reading.notation,
        counts.present,
        counts.missing,
        tuple(text for text in MISSING if text in counts.spellings),
    )


class _Inference:
    """What the values of a column are, learnt batch by batch."""

    def __init__(self, family: Family) -> None:
        self._family = family
        self._fits = [_Fit(reading) for reading in family.readings]
        self._present = 0
        self._missing = 0
        self._spellings: set[str] = set()
        self._proofs = [0, 0]
        """Of two rivals: values that only this one takes."""
        self._zeros = False
        """Whether a whole number begins with a zero that its value has no need of."""
        self._length: int | None = 0
        """Characters of every whole number; 0: none seen yet, None: they differ."""

    @property
    def least(self) -> int:
        """Misfits of the reading that has the fewest."""
        return min(fit.misfits for fit in self._fits)

    def add(self, array: Any, start: int) -> None:
        """Count a batch's column whose first value is in row `start`."""
        nulls = array.null_count
        absent = None
        taken: list[Any] = []
        for fit in self._fits:
            values = fit.reading(array)
            taken.append(values)
            if values.null_count > nulls:
                absent = self._spelled(array) if absent is None else absent
                self._misfit(fit, pc.invert(pc.or_(pc.is_valid(values), absent)), start)
            if not self._family.rivals and _fit_next_too(values, nulls):
                break
        missing = nulls if absent is None else pc.sum(absent).as_py() or 0
        self._missing += missing
        self._present += len(array) - missing
        if self._family.rivals:
            first, second = (pc.is_valid(values) for values in taken)
            self._proofs[0] += pc.sum(pc.and_not(first, second)).as_py() or 0
            self._proofs[1] += pc.sum(pc.and_not(second, first)).as_py() or 0
        if self._family.readings[0].type == "int" and self._length is not None:
            self._measure(array, taken[0])

    def _spelled(self, array: Any) -> Any:
        absent = missing_mask(array)
        texts = pc.unique(pc.ascii_trim_whitespace(array.filter(absent))).to_pylist()
        self._spellings.update(text for text in texts if text is not None)
        return absent

    @staticmethod
    def _misfit(fit: _Fit, bad: Any, start: int) -> None:
        count = pc.sum(bad).as_py() or 0
        fit.misfits += count
        if count and fit.first_misfit is None:
            fit.first_misfit = start + int(np.argmax(mask(bad)))

    def _measure(self, array: Any, values: Any) -> None:
        """See whether whole numbers have leading zeros and one length, as codes have."""
        texts = array.filter(pc.is_valid(values)) if values.null_count else array
        if not len(texts):
            return
        if values.null_count:
            texts = pc.ascii_trim_whitespace(texts)
        lengths = plain(pc.binary_length(texts), np.int32)
        shortest, longest = int(lengths.min()), int(lengths.max())
        if shortest != longest or self._length not in {0, shortest}:
            self._length = None
            return
        self._length = shortest
        if shortest > 1 and not self._zeros:
            starts = np.frombuffer(texts.buffers()[1], np.int32)[texts.offset :][: len(texts)]
            self._zeros = bool(
                (np.frombuffer(texts.buffers()[2], np.uint8)[starts] == ord("0")).any()
            )

    def column(self, name: str) -> Column:
        """The column as the values so far show it."""
        counts = Counts(
            tuple(fit.misfits for fit in self._fits),
            self._present,
            self._missing,
            frozenset(self._spellings),
            (self._proofs[0], self._proofs[1]),
            self._zeros and self._length is not None,
            tuple(fit.first_misfit for fit in self._fits),
        )
        return column_of(name, self._family, counts)

    def counted(self, rows: int) -> bool:
        """Whether the sample was the whole of a column with `rows` values, and settled it."""
        return self._present + self._missing == rows and not self._fits[0].misfits

    def left(self) -> Family:
        """The family without readings that others of it are better than, whatever comes."""
        if self._family.rivals:
            return self._family
        return _beginning_with_best(self._family, [fit.misfits for fit in self._fits])

    @property
    def likely(self) -> bool:
        """Whether enough of the values are of the type."""
        return self._present > 0 and self.least <= (1 - _ENOUGH) * self._present


def _fit_next_too(values: Any, nulls: int) -> bool:
    """Whether all values are ones of this reading, and so of the next one of its family."""
    if values.null_count > nulls:
        return False
    if not pa.types.is_temporal(values.type) or pa.types.is_time(values.type):
        return True
    # Nanoseconds hold fewer years.
    days = values.type == pa.date32()
    found = as_integers(values)
    low, high = _NS_DAYS if days else _NS_RANGE
    return not len(found) or bool(low < found.min() and found.max() < high)


def candidate(parts: Sequence[Any]) -> Family | None:
    """What a sample of a column's values is likely of; the narrowest of those that fit best.

    Args:
        parts: string arrays.

    Returns:
        None for text.
    """
    best = _best(parts)
    return None if best is None else best.left()


def _best(parts: Sequence[Any]) -> _Inference | None:
    """What the family of `candidate` found in the sample."""
    texts = _some_texts(parts)
    best: _Inference | None = None
    for one in FAMILIES:
        # Arrow takes long to fail: most types are out after a few values.
        family = _looks(texts, one)
        if family is None or (family.both and not _both(family, parts)):
            continue
        found = _Inference(family)
        for part in parts:
            found.add(part, 0)
        if found.likely and (best is None or found.least < best.least):
            best = found
            if not best.least:
                break
    return best


def _some_texts(parts: Iterable[Any]) -> list[str]:
    """A few of the values that are there."""
    texts: list[str] = []
    for part in parts:
        for start in range(0, len(part), _FEW):
            found = part.slice(start, _FEW).drop_null().to_pylist()
            stripped = (text.strip(_SPACE) for text in found)
            texts += [text for text in stripped if text not in _MISSING]
            if len(texts) >= _FEW:
                return texts
    return texts


_MISSING: Final = frozenset(MISSING)


def _looks(texts: Sequence[str], family: Family) -> Family | None:
    """What is left of a family where values look like these; None: too few look like it."""
    allowed = (1 - _ENOUGH) * len(texts)
    if not texts:
        return None
    if family.rivals:
        first, second = (re.compile(reading.pattern) for reading in family.readings)
        strange = sum(not (first.match(text) or second.match(text)) for text in texts)
        return family if strange <= allowed else None
    misfits: list[int] = []
    strange_texts = texts
    for reading in family.readings:
        pattern = re.compile(reading.pattern)
        # What fits one reading, the next need not take as well.
        strange_texts = [text for text in strange_texts if pattern.match(text) is None]
        misfits.append(len(strange_texts))
        if not strange_texts:
            break
    if misfits[-1] > allowed:
        return None
    return _beginning_with_best(family, misfits)


def _beginning_with_best(family: Family, misfits: Sequence[int]) -> Family:
    """A family without the readings that take less than one that follows, whatever comes."""
    return replace(family, readings=family.readings[misfits.index(min(misfits)) :])


def _both(family: Family, parts: Iterable[Any]) -> bool:
    seen: set[bool | None] = set()
    for part in parts:
        seen.update(pc.unique(family.readings[0](part)).to_pylist())
    return {False, True} <= seen


def infer(
    names: Sequence[str], declared: Sequence[str | None], batches: Sequence[Any]
) -> tuple[Column, ...]:
    """Columns of a few batches in memory, typed by all of their values."""
    columns = []
    known: dict[tuple[tuple[int, ...], ...], Column] = {}
    for index, (name, binds) in enumerate(zip(names, declared, strict=True)):
        arrays = [batch.column(index) for batch in batches]
        if binds is not None or not arrays:
            columns.append(Column(name, "text"))
            continue
        # Columns that are the same in memory, see `batch_of`, are looked at once.
        place = tuple(map(_place, arrays))
        if place not in known:
            known[place] = _of_all(arrays)
        columns.append(replace(known[place], name=name))
    return tuple(columns)


def column_of_texts(name: str, texts: Any) -> Column:
    """A column that has these texts, where each value must fit: else it is text.

    Whole numbers of more than 64 bits are text, too.
    """
    (found,) = infer((name,), (None,), [pa.record_batch([texts], [name])])
    plain = found.misfits or found.notation == INT128.notation
    return Column(name, "text") if plain else found


def _place(array: Any) -> tuple[int, ...]:
    buffers = (0 if buffer is None else buffer.address for buffer in array.buffers())
    return (array.offset, *buffers)


def _of_all(arrays: Sequence[Any]) -> Column:
    """What a column is, by all of its values; without a name."""
    found = _of_first(arrays[0])
    if found is None:
        return Column("", "text")
    if len(arrays) == 1 and found.counted(len(arrays[0])):
        return found.column("")
    found, start = _Inference(found.left()), 0
    for array in arrays:
        found.add(array, start)
        start += len(array)
    return found.column("")


def _of_first(array: Any) -> _Inference | None:
    """What a column is likely of, from the first of its values that there are."""
    few = array.slice(0, _FIRST)
    if few.null_count == len(few):
        few = array.drop_null().slice(0, _FIRST)
    return _best([few])


def column_types(
    stream: StreamReader,
    names: Sequence[str],
    declared: Sequence[str | None],
    pool: ThreadPoolExecutor,
) -> tuple[Column, ...]:
    """The columns of a table with their types, and the values that do not fit.

    Text columns are looked at in the sample only, all others in every row.
    """
    free = [index for index, binds in enumerate(declared) if binds is None]
    sample = _sample(stream, free)
    rows = stream.span(0)[1] if stream.batch_count == 1 else -1
    found, left = {}, []
    for index in free:
        if (best := _best(sample[index])) is not None:
            found[index] = best if best.counted(rows) else _Inference(best.left())
            if found[index] is not best:
                left.append((index, found[index]))
    parts = [left[part::_TASKS] for part in range(min(_TASKS, len(left)))]
    for number in range(stream.batch_count):
        batch = stream.batch(number)
        start, _ = stream.span(number)
        tasks = [pool.submit(_add, part, batch, start) for part in parts]
        for task in tasks:
            task.result()
    return tuple(
        found[index].column(name) if index in found else Column(name, "text")
        for index, name in enumerate(names)
    )


def _add(columns: Iterable[tuple[int, _Inference]], batch: Any, start: int) -> None:
    for index, column in columns:
        column.add(batch.column(index), start)


def _sample(stream: StreamReader, columns: Sequence[int]) -> dict[int, list[Any]]:
    """Values of columns from batches all over the table."""
    step = max(1, stream.batch_count // _BATCHES)
    sample: dict[int, list[Any]] = {index: [] for index in columns}
    for number in range(0, stream.batch_count, step):
        batch = stream.batch(number)
        for index, parts in sample.items():
            parts.append(batch.column(index).slice(0, SAMPLE // 4))
    return sample
