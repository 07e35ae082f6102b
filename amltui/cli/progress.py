"""Progress on standard error: a line that changes on a terminal, seldom a line elsewhere."""

from __future__ import annotations

import asyncio
import shutil
import sys
import time
from collections.abc import Awaitable, Sequence
from typing import Final, TypeVar

from amltui.cli.byte_progress import QUIET_SECONDS
from amltui.cli.output import Out
from amltui.text import human_duration, human_size, visible
from amltui.transfers import State, Transfer, Transfers

_T = TypeVar("_T")

_FRAME: Final = 0.1
"""Seconds between two drawings of a line that changes."""
_BAR: Final = 24
_ARROWS: Final = {"download": "↓", "upload": "↑"}


class Progress:
    """Shows how far transfers are: the first that runs, and what each of them waits for."""

    def __init__(self, out: Out) -> None:
        self._out = out
        self._live = sys.stderr.isatty() and not out.quiet
        self._drawn = False
        self._said = time.monotonic()
        self._waiting: dict[str, int] = {}
        """Those of which it was said that they wait, and how many bytes they had then."""

    def show(self, transfers: Sequence[Transfer]) -> None:
        """Show where they stand now."""
        for transfer in transfers:
            if transfer.state is not State.WAITING_NETWORK:
                # Each try looks like going on; only bytes show that it did.
                if transfer.done > self._waiting.get(transfer.id, transfer.done):
                    del self._waiting[transfer.id]
            elif transfer.id not in self._waiting:
                self._waiting[transfer.id] = transfer.done
                self.clear()
                self._out.note(f"{transfer.error} (waiting to go on)")
        running = next((one for one in transfers if one.state is State.RUNNING), None)
        if running is None:
            self.clear()
        elif self._live:
            width = shutil.get_terminal_size().columns - 1
            sys.stderr.write(f"\r\x1b[2K{_line(running, width)}")
            sys.stderr.flush()
            self._drawn = True
        elif time.monotonic() - self._said >= QUIET_SECONDS:
            self._said = time.monotonic()
            self._out.note(f"{visible(running.name)}: {_amount(running)}")

    def clear(self) -> None:
        """Take the changing line away."""
        if self._drawn:
            sys.stderr.write("\r\x1b[2K")
            sys.stderr.flush()
            self._drawn = False


async def watched(queue: Transfers, out: Out, work: Awaitable[_T]) -> _T:
    """Do `work`, which runs transfers of `queue`, and show how far they are.

    Raises:
        AmltuiError: what `work` raises.
    """
    progress = Progress(out)
    watching = asyncio.ensure_future(_watch(queue, progress))
    try:
        return await work
    finally:
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
        progress.clear()


async def _watch(queue: Transfers, progress: Progress) -> None:
    async for transfers in queue.changes():
        progress.show(transfers)


def _amount(transfer: Transfer) -> str:
    done = human_size(transfer.done)
    parts = [f"{done} of {human_size(transfer.total)}" if transfer.total is not None else done]
    if transfer.total:
        parts.insert(0, f"{transfer.done * 100 // transfer.total}%")
    if transfer.rate:
        parts.append(f"{human_size(int(transfer.rate))}/s")
    if transfer.eta is not None:
        parts.append(f"{human_duration(transfer.eta)} left")
    return "  ".join(parts)


def _line(transfer: Transfer, width: int) -> str:
    name = visible(transfer.name)
    if len(name) > 32:
        name = f"{name[:31]}…"
    bar = ""
    if transfer.total:
        filled = min(_BAR, transfer.done * _BAR // transfer.total)
        bar = f"  {'█' * filled}{'░' * (_BAR - filled)}"
    return f"{_ARROWS[transfer.kind]} {name}{bar}  {_amount(transfer)}"[:width]
