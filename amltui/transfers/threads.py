"""Blocking work off the event loop, without leaving a thread behind on cancellation."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


async def in_thread(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run `work` in a thread. A cancellation waits for it first: files it uses may then close."""
    return await settled(asyncio.ensure_future(asyncio.to_thread(work, *args, **kwargs)))


async def settled(task: asyncio.Future[T]) -> T:
    """The result of `task`. A cancellation of the caller leaves it alone and waits for it first."""
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        if not task.cancelled():
            task.exception()  # it is looked at, so nobody warns of it
        raise


async def all_of(*works: Coroutine[Any, Any, object]) -> None:
    """Run all; the first failure cancels the others, waits for them and is raised as itself."""
    tasks = [asyncio.ensure_future(work) for work in works]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    for task in tasks:
        if task in done:
            task.result()
