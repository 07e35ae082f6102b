"""Files and rows that are opened beside the loop, and closed again."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from amltui.disk import refusal
from amltui.tables import HexRows, Rows, Table
from amltui.tables.grouped import GroupedRows
from amltui.tables.indexed import IndexedRows
from amltui.tables.source import OpenFile

R = TypeVar("R", bound="Rows | None")


async def content_file(path: Path) -> OpenFile:
    """A whole content, opened.

    Raises:
        LocalError: it cannot be read.
    """
    try:
        return await asyncio.to_thread(OpenFile.at, path)
    except OSError as error:
        raise refusal(error)(f"The content cannot be read: {error.strerror or error}") from error


async def opened(make: Callable[..., R], *args: Any) -> R:
    """Open rows in a thread; rows that come after the wait was cancelled are closed again."""
    # Not a task: the end of the loop would cancel it too, and nobody had what the thread opens.
    run = partial(contextvars.copy_context().run, make, *args)
    making = asyncio.get_running_loop().run_in_executor(None, run)
    try:
        return await asyncio.shield(making)
    except asyncio.CancelledError:
        # A thread cannot be stopped, and the loop may end next: wait for what it opens, also when
        # the wait is cancelled once more.
        while not making.done():
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.wait({making})
        with contextlib.suppress(Exception):
            close(making.result())
        raise


def close(rows: Rows | None) -> None:
    """Let go of the files that rows are read from."""
    if isinstance(rows, Table | HexRows | IndexedRows | GroupedRows):
        rows.close()
