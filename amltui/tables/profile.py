"""Types of a whole table's columns: found in a sample, then counted in every row."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from amltui.tables.rows import Column, ColumnType
from amltui.tables.stream import StreamReader
from amltui.tables.types import NARROW, SAMPLE, Fit, candidate

_BATCHES: Final = 16
"""Batches, spread over the table, that the sample is taken from."""
_WIDER: Final[dict[ColumnType, ColumnType]] = {"int": "float", "date": "datetime"}
"""Whatever fits the first fits the second."""


def column_types(
    stream: StreamReader,
    names: Sequence[str],
    declared: Sequence[str | None],
    pool: ThreadPoolExecutor,
) -> tuple[Column, ...]:
    """The columns of a table with their types and the values that do not fit.

    Text columns are looked at in the sample only, all others in every row.
    """
    free = [index for index, binds in enumerate(declared) if binds is None]
    likely = {index: kind for index in free if (kind := _sampled(stream, index)) != "text"}
    fits = {index: _Chain(kind) for index, kind in likely.items()}
    for number in range(stream.batch_count):
        batch = stream.batch(number)
        start, _ = stream.span(number)
        tasks = [
            pool.submit(chain.add, batch.column(index), start) for index, chain in fits.items()
        ]
        for task in tasks:
            task.result()
    return tuple(
        fits[index].column(name) if index in fits else Column(name, "text")
        for index, name in enumerate(names)
    )


def _sampled(stream: StreamReader, index: int) -> ColumnType:
    """The type that most of the sample's batches say; the widest where they differ."""
    step = max(1, stream.batch_count // _BATCHES)
    kinds: list[ColumnType] = []
    for number in range(0, stream.batch_count, step):
        part = stream.batch(number).column(index).slice(0, SAMPLE // 4)
        if part.null_count < len(part):
            kinds.append(candidate(part))
    if not kinds:
        return "text"
    if set(kinds) <= {"int", "float"}:
        return "int" if kinds[0] == "int" else "float"
    if set(kinds) <= {"date", "datetime"}:
        return "date" if kinds[0] == "date" else "datetime"
    return max((*NARROW, "text"), key=kinds.count)


class _Chain:
    """A type and the wider one that takes its place where it fits more."""

    def __init__(self, kind: ColumnType) -> None:
        self._narrow = Fit(kind)
        self._wide = Fit(_WIDER[kind]) if kind in _WIDER else None

    def add(self, array: object, start: int) -> None:
        before = self._narrow.misfits
        self._narrow.add(array, start)
        if self._wide is not None and self._narrow.misfits > before:
            self._wide.add(array, start)

    def column(self, name: str) -> Column:
        best = self._narrow
        if self._wide is not None:
            self._wide.present = best.present
            if self._wide.misfits < best.misfits:
                best = self._wide
        if not best.likely:
            return Column(name, "text")
        return Column(name, best.type, best.misfits, best.first_misfit)
