"""Files that are opened beside the loop are closed, whatever becomes of the wait."""

from __future__ import annotations

import asyncio
import mmap
import threading

import pytest

from amltui.services.previews.handles import opened
from amltui.tables import HexRows


@pytest.mark.parametrize("times", [1, 2])
async def test_rows_that_come_after_the_wait_was_cancelled_are_closed(times):
    begun, go = threading.Event(), threading.Event()
    made = mmap.mmap(-1, 16)

    def make() -> HexRows:
        begun.set()
        assert go.wait(10)
        return HexRows(made)

    waiting = asyncio.ensure_future(opened(make))
    await asyncio.to_thread(begun.wait, 10)
    for _ in range(times):
        waiting.cancel()
        await asyncio.sleep(0)  # one step of the loop, in which the wait hears of it
        await asyncio.sleep(0)
    go.set()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert made.closed


def test_rows_that_come_when_the_loop_ends_are_closed():
    begun, go = threading.Event(), threading.Event()
    made = mmap.mmap(-1, 16)

    def make() -> HexRows:
        begun.set()
        assert go.wait(10)
        return HexRows(made)

    async def leave() -> asyncio.Task[HexRows]:
        waiting = asyncio.ensure_future(opened(make))
        await asyncio.to_thread(begun.wait, 10)
        threading.Timer(0.2, go.set).start()  # after the loop began to end
        return waiting

    assert asyncio.run(leave()).cancelled()  # it cancels all tasks that are not done
    assert made.closed
