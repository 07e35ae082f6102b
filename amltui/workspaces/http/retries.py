"""When a request is sent again, and how long to wait before.

A small loop of our own: the libraries for this either log every repetition as a warning, which
ends up on the screen of a terminal program, or know nothing of `Retry-After`.
"""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from amltui.errors import AmltuiError, ServerFailed, TooManyRequests, Unreachable

T = TypeVar("T")

_PASSING = frozenset({500, 502, 503, 504, 509})
"""Statuses of 5xx that may be different a second later; 501 and 507 will not be."""


@dataclass(frozen=True, slots=True)
class Retry:
    """How often and how soon to repeat what is safe to repeat. Times are in seconds."""

    attempts: int = 4
    """Including the first; 1 never repeats."""
    first_wait: float = 0.25
    """Upper end of the first wait; each later one doubles it. The wait is drawn from its upper
    half, so that many clients do not come back at once."""
    longest_wait: float = 20.0
    """No wait is longer; a server that asks for more gets the error raised instead."""

    def wait(self, error: AmltuiError, attempt: int, *, idempotent: bool) -> float | None:
        """Seconds to wait after failed attempt number `attempt` (0-based); None: give up.

        `idempotent`: whether doing the request twice is the same as doing it once. Otherwise only
        what surely was not done is repeated.
        """
        if attempt + 1 >= self.attempts or not _passing(error, idempotent=idempotent):
            return None
        asked = error.retry_after if isinstance(error, ServerFailed | TooManyRequests) else None
        if asked is not None:
            return asked if asked <= self.longest_wait else None
        longest: float = min(self.first_wait * 2**attempt, self.longest_wait)
        return longest * random.uniform(0.5, 1)  # noqa: S311 - spreads load, guards nothing


def _passing(error: AmltuiError, *, idempotent: bool) -> bool:
    if isinstance(error, TooManyRequests):
        return True
    if isinstance(error, Unreachable):
        return error.passing and (idempotent or not error.sent)
    return idempotent and isinstance(error, ServerFailed) and error.status_code in _PASSING


async def repeated(attempt: Callable[[], Awaitable[T]], retry: Retry, *, idempotent: bool) -> T:
    """The result of `attempt`, called again as `retry` allows; its last error otherwise."""
    import anyio

    number = 0
    while True:
        try:
            return await attempt()
        except AmltuiError as error:
            wait = retry.wait(error, number, idempotent=idempotent)
            if wait is None:
                raise
        await anyio.sleep(wait)
        number += 1
