"""Running a command's work in a session with its workspace."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, TypeVar

if TYPE_CHECKING:
    from amltui.cli.options import Common
    from amltui.cli.output import Out
    from amltui.services.session import Session
    from amltui.transfers import Options

_T = TypeVar("_T")

OFFLINE_TIMEOUT: Final = 60.0
"""Seconds that a transfer waits for a network that is away: a script must end some day."""
_SMALLEST_PART: Final = 64 << 10
"""Bytes of a part of an upload, however slow it is to be."""


def in_session(
    profile: str | None,
    out: Out,
    work: Callable[[Session], Awaitable[_T]],
    *,
    offline: bool = False,
    jobs: int | None = None,
    rate: float | None = None,
) -> _T:
    """Do `work` in a session with the workspace of `profile`; what it returned.

    `jobs`: transfers that may run at once; None: the usual number. `rate`: bytes per second at
    most; None: no limit.
    """
    import asyncio

    from amltui.services.session import open_session

    async def whole() -> _T:
        options = transfer_options(jobs, rate)
        async with open_session(profile, offline=offline, options=options) as session:
            result = await work(session)
            if session.cache.problem:
                out.note(session.cache.problem)
            return result

    with _silence_said(out):
        return asyncio.run(whole())


@contextmanager
def _silence_said(out: Out) -> Iterator[None]:
    """Say on a terminal, once, that a server does not answer yet."""
    if not sys.stderr.isatty():
        yield
        return
    from amltui.workspaces.silence import silence_told

    told: set[str] = set()

    def tell(host: str) -> None:
        if host not in told:
            told.add(host)
            out.note(f"{host} does not answer yet; waiting (Ctrl-C ends it).")

    with silence_told(tell):
        yield


def transfer_options(jobs: int | None, rate: float | None) -> Options:
    """How a command's transfers behave; see `in_session`."""
    from amltui.transfers import Options

    options = Options(offline_timeout=OFFLINE_TIMEOUT, attended=False, rate_limit=rate)
    if jobs is not None:
        options = dataclasses.replace(options, concurrency=jobs)
    if rate is not None:
        # A part goes at once, at the line's own speed: not more than a second's worth.
        part = min(options.part_size, max(_SMALLEST_PART, int(rate)))
        options = dataclasses.replace(options, part_size=part)
    return options


def run(
    common: Common,
    work: Callable[[Session], Awaitable[_T]],
    *,
    jobs: int | None = None,
    rate: float | None = None,
) -> _T:
    """Do `work` in a session with the workspace that a command's options name; see `in_session`."""
    return in_session(common.place, common.out, work, offline=common.offline, jobs=jobs, rate=rate)


def need_yes(*, given: bool, what: str) -> None:
    """Refuse what cannot be undone unless `--yes` was given, or a person agrees now.

    Raises:
        AmltuiError: nobody agreed.
    """
    if given:
        return
    from amltui.cli import prompts
    from amltui.errors import Cancelled, UsageError

    if not prompts.is_there():
        raise UsageError(f"{what} cannot be undone", hint="Add --yes to do it.")
    if not prompts.yes(f"{what} cannot be undone. Go on?"):
        raise Cancelled("Nothing was done.")
