"""The text table of a content: what questions about its rows need."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import uuid
from collections.abc import AsyncGenerator, Awaitable, Callable
from pathlib import Path
from typing import Final

from amltui.cache import Entry, Source, source_name
from amltui.errors import ContentChanged, Damaged, LocalError
from amltui.formats import Format
from amltui.priority import behind
from amltui.services.previews.handles import opened
from amltui.services.previews.indexing import arriving
from amltui.tables import Table, ingest_in_process, open_table
from amltui.text import visible
from amltui.transfers import Feed

_TABLE: Final = 1.5
"""Bytes of a table for each byte of its content, at most, where its cells are written out."""
_CELL: Final = 4
"""Bytes of a table for each cell, at least."""


def room_for(size: int, cells: int) -> int:
    """Bytes that the table of a content of `size` bytes may take."""
    return max(int(size * _TABLE), cells * _CELL)


def fitting(room: int, *, text: bool = False) -> int:
    """Bytes of a content of which a table fits into `room` bytes; `text`: they do, too."""
    return int(room / (_TABLE + text))


class Columns:
    """A table that is written, and can be read meanwhile and until `remove`."""

    def __init__(self, entry: Entry, content: Path, *, kept: bool = True) -> None:
        """Prepare; rows are read from `content`; `kept`: the entry gets the table."""
        self._entry = entry
        self._content = content
        self._kept = kept
        self._table: Table | None = None
        self._directory = entry.directory / f"table.{os.getpid()}.{uuid.uuid4().hex[:8]}"

    async def write(
        self, ingest: Callable[[Path, Callable[[], None]], Awaitable[None]]
    ) -> AsyncGenerator[Table]:
        """Write it, and yield it each time that it has more rows or types.

        The last is whole and another object. Who leaves stops the work.

        Args:
            ingest: writes it into a directory, and calls when there is more.

        Raises:
            AmltuiError: what `ingest` raises.
        """
        changed = asyncio.Event()
        writing = asyncio.ensure_future(ingest(self._directory, changed.set))
        writing.add_done_callback(lambda _: changed.set())
        try:
            while not writing.done():
                await changed.wait()
                changed.clear()
                if not writing.done() and await self._refresh():
                    assert self._table is not None
                    yield self._table
            await writing
            yield await opened(self._adopt)
        finally:
            writing.cancel()
            await asyncio.gather(writing, return_exceptions=True)

    def remove(self) -> None:
        """Remove what was written and not kept."""
        if self._directory.is_symlink():
            self._directory.unlink(missing_ok=True)
        else:
            shutil.rmtree(self._directory, ignore_errors=True)

    async def _refresh(self) -> bool:
        """Take in what the worker wrote; whether the table has more."""
        if self._table is not None:
            return self._table.refresh()
        try:
            self._table = await opened(open_table, self._directory, self._content)
        except LocalError:
            return False  # Not yet.
        return True

    def _adopt(self) -> Table:
        """Move the table to its place, unless another process was faster."""
        if not self._kept:
            return open_table(self._directory, self._content)
        with contextlib.suppress(OSError):
            self._directory.rename(self._entry.table)
            # Whoever asks the growing table opens it by its old path until it hears of this one.
            self._directory.symlink_to(self._entry.table, target_is_directory=True)
        return open_table(self._entry.table, self._content)


async def ingest_arriving(
    feed: Feed, fmt: Format, directory: Path, note: Callable[[], None]
) -> bool:
    """Write the table of a content while it arrives; False: only of the whole one can it be made.

    Raises:
        AmltuiError: what keeps the rest of the bytes away, or what is wrong with them.
    """
    if feed.path is None or feed.complete or fmt.kind == "batches":
        return False
    try:
        await ingest_in_process(
            feed.path, fmt, directory, available=arriving(feed), on_progress=lambda _: note()
        )
    except ContentChanged:
        return False  # Other bytes came; the file that is whole in the end is the right one.
    except LocalError:
        whole: bool = feed.complete
        if not whole:
            raise
        return False  # It became whole, and so was renamed, before the worker could open it.
    return True


async def check_content(entry: Entry, source: Source, *, once: bool = False) -> None:
    """See that the cached content is as it came; `once`: unless nobody wrote to it since.

    Raises:
        Damaged: it is not.
    """
    if await behind(entry.check_once if once else entry.check) == "damaged":
        raise Damaged(
            f'"{visible(source_name(source))}" was damaged on this disk',
            hint="It was dropped: the next time it is fetched again.",
        )
