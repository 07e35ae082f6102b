"""What to do after a failure: try again after a while, wait for somebody, or give up.

The one place where this is decided, for downloads and uploads alike.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from amltui.errors import (
    AmltuiError,
    Cancelled,
    Conflict,
    ContentChanged,
    ContentError,
    ContentLost,
    Damaged,
    Exists,
    NotFound,
    NotSupportedByServer,
    Rejected,
    ServerFailed,
    TooManyRequests,
    Unauthorized,
    Unreachable,
    UsageError,
)
from amltui.redact import redacted
from amltui.text import visible
from amltui.transfers.states import Options, State

T = TypeVar("T")

_LONGEST: Final = 30.0
"""Seconds between two tries at most, unless the server asks for more."""

_PASSING: Final = (ServerFailed, TooManyRequests, ContentError)
"""What may be over at the next try, but for `_FOR_GOOD`."""
_FOR_GOOD: Final = (ContentChanged, ContentLost)

_LASTING: Final = frozenset({501, 505, 507})
"""Statuses of a server that will fail in the same way in a minute: it cannot, or is full."""

_FINAL: Final = (
    Rejected,
    Conflict,
    NotFound,
    NotSupportedByServer,
    *_FOR_GOOD,
    Damaged,
    Exists,
    UsageError,
    Cancelled,
)
"""The answer to the same question will be the same for ever, or going on makes no sense."""

Report = Callable[[State, AmltuiError | None], None]


def _passing(error: AmltuiError) -> bool:
    lasting = isinstance(error, ServerFailed) and error.status_code in _LASTING
    return isinstance(error, _PASSING) and not isinstance(error, _FOR_GOOD) and not lasting


def unexpected(error: Exception, name: str) -> AmltuiError:
    """The error that ends the transfer of `name` after one that nobody thought of."""
    text = redacted(f"{type(error).__name__}: {error}")
    failure = AmltuiError(
        f'The transfer of "{visible(name)}" ended as it never should ({visible(text)})',
        hint="Run it again with --debug and report what it prints.",
    )
    failure.__cause__ = error
    return failure


def final(error: AmltuiError | None) -> bool:
    """Whether nobody need try again what failed with `error`: what was begun can be dropped."""
    forbidden = isinstance(error, Unauthorized) and error.status_code != 401
    return forbidden or isinstance(error, _FINAL)


class Wakeups:
    """What waiting transfers are told from outside: signed in again, the network is back."""

    def __init__(self) -> None:
        self._waiting: dict[str, set[asyncio.Event]] = {}
        self.sign_ins = 0
        """How often somebody signed in again."""

    def notify(self, what: str) -> None:
        """Wake all who wait for `what`."""
        self.sign_ins += what == "sign-in"
        for event in self._waiting.pop(what, ()):
            event.set()

    async def wait(self, what: str, timeout: float | None) -> None:
        """Wait for `what`, at most `timeout` seconds."""
        event = asyncio.Event()
        self._waiting.setdefault(what, set()).add(event)
        try:
            async with asyncio.timeout(timeout):
                await event.wait()
        except TimeoutError:
            pass
        finally:
            self._waiting.get(what, set()).discard(event)


class RetryPolicy:
    """When one transfer tries again; it remembers how often that failed."""

    def __init__(self, options: Options, wakeups: Wakeups, report: Report) -> None:
        self._options = options
        self._wakeups = wakeups
        self._report = report
        self._best = 0
        self._failures = 0
        self._away_since: float | None = None

    @property
    def sign_ins(self) -> int:
        """How often somebody signed in again so far; see `wait_or_raise`."""
        return self._wakeups.sign_ins

    def progress(self, done: int) -> None:
        """More bytes are done than ever before: earlier failures no longer count."""
        if done <= self._best:
            return
        self._best = done
        if self._failures or self._away_since is not None:
            self._failures = 0
            self._away_since = None
            self._report(State.RUNNING, None)

    async def call(self, ask: Callable[[], Awaitable[T]]) -> T:
        """Ask again and again, as `wait_or_raise` allows. Only for what is safe to repeat."""
        while True:
            sign_ins = self.sign_ins
            try:
                return await ask()
            except AmltuiError as error:
                await self.wait_or_raise(error, sign_ins)

    async def wait_or_raise(self, error: AmltuiError, sign_ins: int) -> None:
        """Wait as long as `error` asks for; returns when it is worth another try.

        Args:
            error: what went wrong.
            sign_ins: `sign_ins` as it was when that was begun. Where somebody has signed in since,
                a refused token was the old one, and nobody would sign in once more for it.

        Raises:
            AmltuiError: `error` itself, when no try will help or enough were made.
        """
        signed_out = isinstance(error, Unauthorized) and error.status_code == 401
        if signed_out and sign_ins != self.sign_ins:
            pass
        elif signed_out and self._options.attended:
            self._report(State.WAITING_SIGN_IN, error)
            await self._wakeups.wait("sign-in", None)
        elif isinstance(error, Unreachable) and error.passing:
            await self._network(error)
        elif _passing(error):
            self._failures += 1
            if self._failures >= self._options.attempts:
                raise error
            asked = getattr(error, "retry_after", None)
            await asyncio.sleep(max(asked or 0.0, self._delay()))
        else:
            raise error
        self._report(State.RUNNING, None)

    async def _network(self, error: Unreachable) -> None:
        now = time.monotonic()
        if self._away_since is None:
            self._away_since = now
        self._failures += 1
        limit = self._options.offline_timeout
        if limit is not None and now - self._away_since >= limit:
            raise error
        self._report(State.WAITING_NETWORK, error)
        await self._wakeups.wait("network", self._delay())

    def _delay(self) -> float:
        """Seconds: 0.1, 0.2, 0.4 ... `_LONGEST`, each less up to a half, so that many spread."""
        whole = min(_LONGEST, 0.05 * 2.0 ** min(self._failures, 12))
        return whole * random.uniform(0.5, 1.0)  # noqa: S311 - no secret
