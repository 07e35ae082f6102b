"""Sets of byte ranges: which parts of a content are there."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator


class Ranges:
    """Disjoint half-open ranges `[start, stop)` in bytes, in order, joined where they touch."""

    def __init__(self, ranges: Iterable[tuple[int, int]] = ()) -> None:
        self._starts: list[int] = []
        self._stops: list[int] = []
        self.total = 0
        """Bytes covered."""
        for start, stop in ranges:
            self.add(start, stop)

    def __iter__(self) -> Iterator[tuple[int, int]]:
        return iter(list(zip(self._starts, self._stops, strict=True)))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Ranges) and list(self) == list(other)

    __hash__ = None  # type: ignore[assignment] # it changes

    def __repr__(self) -> str:
        return f"Ranges({list(self)})"

    def add(self, start: int, stop: int) -> None:
        """Cover `[start, stop)`; an empty range changes nothing."""
        if stop <= start:
            return
        first = bisect_left(self._stops, start)
        last = bisect_right(self._starts, stop)
        if first < last:
            start = min(start, self._starts[first])
            stop = max(stop, self._stops[last - 1])
        self.total -= sum(self._stops[first:last]) - sum(self._starts[first:last])
        self._starts[first:last] = [start]
        self._stops[first:last] = [stop]
        self.total += stop - start

    @property
    def prefix(self) -> int:
        """Bytes covered from 0 on without a gap."""
        return self._stops[0] if self._starts and self._starts[0] == 0 else 0

    @property
    def end(self) -> int:
        """The end of the last range; 0 when there is none."""
        return self._stops[-1] if self._stops else 0

    def missing(self, size: int) -> Iterator[tuple[int, int]]:
        """The gaps before `size`, in order."""
        at = 0
        for start, stop in self:
            if start >= size:
                break
            if start > at:
                yield at, start
            at = stop
        if at < size:
            yield at, size
