"""Regular expressions over columns: RE2's, so there are no traps, only slow ones."""

from __future__ import annotations

from time import thread_time
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from amltui.errors import QueryError
from amltui.formats.arrays import strings
from amltui.tables.queries.cancel import Cancel
from amltui.text import human_size, visible

_FIRST: Final = 1
"""Values that are looked at first; more at once the faster it goes."""
_MOST: Final = 1 << 20
_QUICK: Final = 0.02
_LONG: Final = 0.1
"""Seconds of processor time: what is cancelled ends about so much later."""
_PATIENCE: Final = 1.0
"""Seconds of processor time after which an expression must have been fast enough."""
_SLOWEST: Final = 1 << 20
"""Bytes per second. Ordinary expressions do a hundred times as many; some repeat so much that
ten million rows would take days."""


class Regex:
    """An expression made ready for one column; `mask` is for one thread at a time."""

    def __init__(self, text: str, *, case: bool, cancel: Cancel) -> None:
        """Prepare.

        Raises:
            QueryError: it is none, or too large.
        """
        try:
            pc.match_substring_regex(strings([""]), text)
        except pa.ArrowInvalid as error:
            reason = str(error).removeprefix("Invalid regular expression: ")
            raise QueryError(
                f"Not a regular expression: {visible(reason)}", hint=_hint(reason)
            ) from error
        self._text = text
        self._case = case
        self._cancel = cancel
        self._step = _FIRST
        self._spent = 0.0
        self._done = 0

    def mask(self, array: Any) -> Any:
        """For each value of a string array whether the expression is found in it.

        Raises:
            QueryError: it takes too long.
            Cancelled: it was stopped.
        """
        parts: list[Any] = []
        at = 0
        while at < len(array) or not parts:
            self._cancel.check()
            piece = array.slice(at, self._step)
            at += len(piece)
            before = thread_time()
            parts.append(pc.match_substring_regex(piece, self._text, ignore_case=not self._case))
            self._took(thread_time() - before, piece.nbytes)
        return parts[0] if len(parts) == 1 else pa.concat_arrays(parts)

    def _took(self, seconds: float, size: int) -> None:
        self._spent += seconds
        self._done += size
        if seconds < _QUICK:
            self._step = min(self._step * 4, _MOST)
        elif seconds > _LONG:
            self._step = max(self._step // 4, 1)
        if self._spent > _PATIENCE and self._done < _SLOWEST * self._spent:
            raise QueryError(
                f"This regular expression is too slow: {self._spent:.0f} s for "
                f"{human_size(self._done)}",
                hint="Repeat less: each {n} makes it as much longer.",
            )


def _hint(reason: str) -> str | None:
    if reason.startswith(("invalid perl operator", "invalid escape sequence")):
        return "Looking ahead or behind and back references like \\1 are not possible here."
    if reason.startswith(("pattern too large", "invalid repetition size")):
        return "Use a shorter expression, with at most 1,000 repetitions."
    return None
