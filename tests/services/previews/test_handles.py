"""Files that are opened beside the loop are closed, whatever becomes of the wait."""

from __future__ import annotations

import asyncio
import mmap
import threading

import pytest

from amltui.services.previews.handles import opened
from amltui.tables import HexRows


class SlowRows:
    """Rows that are made in a thread, which waits to be let go on."""

    def __init__(self) -> None:
        self.begun, self.go = threading.Event(), threading.Event()
        self.made = mmap.mmap(-1, 16)

    def make(self) -> HexRows:
        self.begun.set()
        assert self.go.wait(10)
        return HexRows(self.made)


@pytest.mark.parametrize("times", [1, 2])
async def test_rows_that_come_after_the_wait_was_cancelled_are_closed(times):
    rows = SlowRows()
    waiting = asyncio.ensure_future(opened(rows.make))
    await asyncio.to_thread(rows.begun.wait, 10)
    for _ in range(times):
        waiting.cancel()
        await asyncio.sleep(0)  # one step of the loop, in which the wait hears of it
        await asyncio.sleep(0)
    rows.go.set()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert rows.made.closed


def test_rows_that_come_when_the_loop_ends_are_closed():
    rows = SlowRows()

    async def leave() -> asyncio.Task[HexRows]:
        waiting = asyncio.ensure_future(opened(rows.make))
        await asyncio.to_thread(rows.begun.wait, 10)
        threading.Timer(0.2, rows.go.set).start()  # after the loop began to end
        return waiting

    assert asyncio.run(leave()).cancelled()  # it cancels all tasks that are not done
    assert rows.made.closed
