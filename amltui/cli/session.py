"""Running a command's work in a session with its workspace."""

from __future__ import annotations

import dataclasses
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Final, TypeVar

if TYPE_CHECKING:
    from amltui.cli.options import Common
    from amltui.cli.output import Out
    from amltui.services.session import Session

_T = TypeVar("_T")

OFFLINE_TIMEOUT: Final = 60.0
"""Seconds that a transfer waits for a network that is away: a script must end some day."""


def in_session(
    profile: str | None,
    out: Out,
    work: Callable[[Session], Awaitable[_T]],
    *,
    offline: bool = False,
    jobs: int | None = None,
) -> _T:
    """Do `work` in a session with the workspace of `profile`; what it returned.

    `jobs`: transfers that may run at once; None: the usual number.
    """
    import asyncio

    prepared()
    from amltui.services.session import open_session
    from amltui.transfers import Options

    async def whole() -> _T:
        options = Options(offline_timeout=OFFLINE_TIMEOUT, attended=False)
        if jobs is not None:
            options = dataclasses.replace(options, concurrency=jobs)
        async with open_session(profile, offline=offline, options=options) as session:
            result = await work(session)
            if session.cache.problem:
                out.note(session.cache.problem)
            return result

    return asyncio.run(whole())


def prepared() -> None:
    """Keep httpx from importing click, rich and pygments for the `httpx` program.

    Called before the first session.

    That is two thirds of its import, 0.1 s of every command. Only this process does without:
    amltui as a library leaves httpx as it is.
    """
    import sys

    # None says that there is no such module: httpx then does without, as if click were missing.
    sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type]


def run(common: Common, work: Callable[[Session], Awaitable[_T]], *, jobs: int | None = None) -> _T:
    """Do `work` in a session with the workspace that a command's options name."""
    return in_session(common.place, common.out, work, offline=common.offline, jobs=jobs)


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
