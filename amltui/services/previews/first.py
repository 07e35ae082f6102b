"""The first rows of a content, of its first bytes."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import Final, TypeVar

from amltui.cache import Source, source_name
from amltui.formats.dialect import Dialect
from amltui.formats.lens import Lens, look
from amltui.formats.packing import unpack_start
from amltui.models import Dataset
from amltui.services.previews.handles import opened
from amltui.tables import HEAD, HeaderGoesOn, Rows, first_rows, hex_rows
from amltui.tables.batched import batch_rows
from amltui.transfers import Feed

P = TypeVar("P")

LINES: Final = 2
"""Lines that say how a text is written, where no more have come."""


def typed(source: Source) -> bool:
    """Whether a person said of what type a content is."""
    return not isinstance(source, Dataset) or source.typed


def file_of(source: Source) -> str:
    """What its file is called; a folder that is one table says it beside its own name."""
    name = source_name(source)
    if isinstance(source, Dataset) and name.endswith("/"):
        return source.uploaded_from_filename
    return name


def start_of(
    head: bytes, source: Source, dialect: Dialect | None, *, whole: bool
) -> tuple[Rows, Lens]:
    """The first rows of a content that begins with `head`, and how it is read.

    Raises:
        HeaderGoesOn: more bytes are needed to say.
    """
    lens = look(
        head,
        file_of(source),
        source.data_type_id,
        whole=whole,
        dialect=dialect,
        typed=typed(source),
    )
    if lens.undecided:
        raise HeaderGoesOn
    return first_in(head, lens, whole=whole), lens


async def first_of(
    feed: Feed,
    source: Source,
    dialect: Dialect | None,
    sheet: str | None,
    places: Callable[[bytes, Rows, Lens], P],
    *,
    patience: float | None = None,
) -> tuple[Rows, Lens, P]:
    """The first rows of what arrives, how it is read, and what `places` makes of them.

    It is asked in the thread that reads them, for each way to a thread is one more to wait for.
    `patience`: seconds after which fewer bytes than are wanted must do; None: they come.
    """

    def start() -> tuple[Rows, Lens, P]:
        rows, lens = start_of(data, source, dialect, whole=whole)
        return rows, lens, places(data, rows, lens)

    wanted = HEAD
    while True:
        if patience is None:
            await feed.wait(wanted)
        else:
            await _whole_lines(feed, wanted, patience)
        # More may be here by now, also all of it: what counts is what is read.
        data = feed.read(0, wanted)
        whole = feed.size is not None and feed.size <= len(data)
        if patience is not None and len(data) < wanted and not whole:
            data = data[: data.rfind(b"\n") + 1] or data  # how a line ends may be how it is read
        try:
            rows, lens, found = await asyncio.to_thread(start)
        except HeaderGoesOn:
            wanted *= 4
        else:
            lens = lens.of(sheet)
            if lens.fmt.kind == "batches" and lens.has_rows:
                path = await feed.wait_whole()
                rows = await opened(batch_rows, path, lens.fmt, lens.sheet)
            return rows, lens, found


async def _whole_lines(feed: Feed, wanted: int, patience: float) -> None:
    """Wait for bytes, but no longer than some seconds where there are lines that can be shown."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(patience):
            await feed.wait(wanted)
    there = 0
    while there < wanted and feed.read(0, wanted).count(b"\n") < LINES:
        before, there = there, await feed.wait(there + 1)
        if there <= before:
            return


def first_in(data: bytes, lens: Lens, *, whole: bool) -> Rows:
    """The first rows in the first bytes of a content, or those bytes where it has no rows.

    Raises:
        HeaderGoesOn: the header, or the first compressed block, is not whole yet.
    """
    if not lens.has_rows or lens.fmt.kind == "batches":
        return hex_rows(data, complete=whole, note=lens.note)
    if lens.packing:
        data, whole = unpack_start(data, lens.packing, HEAD, whole=whole)
        if not data and not whole:
            raise HeaderGoesOn
    return first_rows(data, lens.fmt, whole=whole)
