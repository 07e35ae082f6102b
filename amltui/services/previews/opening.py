"""What of a content is shown first: what this disk has, what arrives, or what is looked at."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Final

from amltui.cache import Cache, Entry, Source
from amltui.errors import AmltuiError, ContentError
from amltui.formats.dialect import Dialect
from amltui.formats.lens import Lens
from amltui.formats.registry import PARQUET
from amltui.models import Dataset
from amltui.services.previews.arriving import feed_of
from amltui.services.previews.batched import BatchedPreview
from amltui.services.previews.cached import cached_lens, cached_rows
from amltui.services.previews.first import first_of, start_of
from amltui.services.previews.handles import close, content_file, opened
from amltui.services.previews.packed import PackedPreview
from amltui.services.previews.parquet_ranges import TAIL, RemoteParquet, open_remote
from amltui.services.previews.peeking import SECONDS, Partial, PartialContent, Peeking, Read
from amltui.services.previews.preview import SMALL, Preview
from amltui.tables import HEAD, HeaderGoesOn, Rows
from amltui.tables.memory import MemoryRows
from amltui.tables.peeked import PeekedRows
from amltui.tables.source import OpenFile
from amltui.transfers import Feed, Transfers
from amltui.workspaces.arrival import Arrival
from amltui.workspaces.base import Workspace

FETCHED: Final = 256 << 20
"""Bytes up to which a content is fetched whole although only its first rows were asked for."""
PATIENCE: Final = 0.3
"""Seconds until what a pipe has given by then is shown."""
FIRST: Final = 1_000
"""Rows of a Parquet file elsewhere that are shown first."""


async def open_preview(
    cache: Cache,
    key: str,
    transfers: Callable[[], Awaitable[Transfers]],
    source: Source,
    *,
    connect: Callable[[], Awaitable[Workspace]] | None = None,
    limit: int | None = None,
    sheet: str | None = None,
    dialect: Dialect | None = None,
) -> Preview:
    """The first rows of a dataset or an intermediate dataset; `key`: the workspace's.

    What is cached opens without asking the workspace. What lies on this disk is read where it is;
    `connect` gives the workspace that can say so. Of a content of more than `limit` bytes (None:
    `FETCHED`, or what the line brings in `SECONDS`) only what is looked at is fetched.
    `sheet` is the table that is meant of a workbook or a database; None: its first.
    `dialect`: how a person says that it is written.

    Raises:
        DatasetGone: it is no longer there.
        Unreachable: nothing of it is cached, and the workspace does not answer.
        Unreadable: the bytes are not what their type says.
    """
    entry = cache.entry(key, source)
    if dialect is not None:
        entry.read_as(dialect.to_text())
    cached = await _cached(entry, source, dialect, sheet)
    arrival = None
    if cached is None and connect is not None and isinstance(source, Dataset):
        arrival = await (await connect()).arrival(source)
        local = await (await connect()).local_content(source)
        if local is not None:
            await asyncio.to_thread(entry.link, source, local.path, local.sha256)
            cached = await _cached(entry, source, dialect, sheet)
    if cached is not None:
        rows, lens = cached
        try:
            preview = _preview(source, cache, entry, rows, None, lens)
            preview.peek(await asyncio.to_thread(_peek_here, entry, rows, source, lens))
        except BaseException:
            close(rows)  # whoever waited for it is gone
            raise
        return preview
    content = None
    if connect is not None and isinstance(source, Dataset) and source.size is not None:
        content = PartialContent(cache, entry, source, connect)
        waiting = await _waiting(content, source, limit, dialect)
        if waiting is not None:
            rows, lens, places = waiting
            lens = lens.of(sheet)
            preview = _preview(source, cache, entry, rows, None, lens)
            preview.remote = places if isinstance(places, RemoteParquet) else None
            preview.peek(
                places if isinstance(places, Peeking) else None, Partial(content, transfers)
            )
            return preview
    feed = await _feed(arrival, entry, source, transfers)
    try:
        patience = None if arrival is None else PATIENCE
        of_start = partial(_peeking, source, None if content is None else content.read)
        rows, lens, peeking = await first_of(
            feed, source, dialect, sheet, of_start, patience=patience
        )
        preview = _preview(source, cache, entry, rows, feed, lens)
        preview.peek(peeking)
    except BaseException:
        feed.close()
        raise
    return preview


async def _cached(
    entry: Entry, source: Source, dialect: Dialect | None, sheet: str | None
) -> tuple[Rows, Lens] | None:
    """What this disk alone can show, and how it is read; None: nothing."""
    lens = await asyncio.to_thread(cached_lens, entry, source, dialect, sheet)
    if lens is None:
        return None
    rows = await opened(cached_rows, entry, lens)
    return None if rows is None else (rows, lens)


async def _feed(
    arrival: Arrival | None,
    entry: Entry,
    source: Source,
    transfers: Callable[[], Awaitable[Transfers]],
) -> Feed:
    """What brings a content: from elsewhere, or as it arrives on this disk."""
    if arrival is not None and isinstance(source, Dataset):
        return feed_of(arrival, entry, source)
    return (await transfers()).feed(source)


async def _waiting(
    content: PartialContent, source: Dataset, limit: int | None, dialect: Dialect | None
) -> tuple[Rows, Lens, Peeking | RemoteParquet] | None:
    """The first rows of a content of which no more is fetched; None: all of it is to be."""
    assert source.size is not None
    if source.size <= (FETCHED if limit is None else limit):
        return None
    peeking: Peeking | RemoteParquet | None = None
    try:
        await asyncio.to_thread(content.open)
        wanted = HEAD
        while peeking is None:
            head, tail = await ends_of(content, source, wanted)
            if limit is None and content.rate * SECONDS >= source.size:
                break
            try:
                rows, lens = await asyncio.to_thread(start_of, head, source, dialect, whole=False)
            except HeaderGoesOn:
                wanted *= 4
                continue
            if lens.fmt == PARQUET and lens.has_rows:
                remote = await open_remote(content.read, source.size, tail)
                rows = await remote.first(FIRST)
                peeking = remote
                break
            peeking = await asyncio.to_thread(_peeking, source, content.read, head, rows, lens)
            break
    except ContentError:
        pass  # No ranges, or other bytes than were here: all that there is is the whole.
    finally:
        if peeking is None:
            content.close()
    return None if peeking is None else (rows, lens, peeking)


async def ends_of(content: PartialContent, source: Dataset, wanted: int) -> tuple[bytes, bytes]:
    """The first `wanted` bytes and, of what is named as Parquet, the last: its footer is there.

    Both are asked for at once, which saves a round trip.
    """
    size = source.size
    assert size is not None
    if not source.name.lower().endswith(".parquet"):
        return await content.read(0, min(wanted, size)), b""
    last = asyncio.ensure_future(content.read(max(0, size - TAIL), size))
    try:
        return await content.read(0, min(wanted, size)), await last
    finally:
        last.cancel()
        await asyncio.gather(last, return_exceptions=True)


def _peeking(
    source: Source, read: Read | None, head: bytes, rows: Rows, lens: Lens
) -> Peeking | None:
    """What brings rows from any place of a content that begins with `head` and `rows`.

    None: its rows have no places of their own, or it is too small for that to be of use, or
    nothing can `read` them.
    """
    size = source.size if isinstance(source, Dataset) else None
    if read is None or lens.fmt.dialect is not None:
        return None  # what begins a row depends on what comes before it
    if size is None or size <= SMALL or lens.packing or not isinstance(rows, MemoryRows):
        return None
    if lens.fmt.kind == "batches":
        return None
    try:
        found = PeekedRows.begin(head, lens.fmt, rows, size)
    except AmltuiError:
        return None
    return None if found is None else Peeking(found, read)


def _peek_here(entry: Entry, rows: Rows, source: Source, lens: Lens) -> Peeking | None:
    """The same of a content that is whole on this disk, until its index is made."""
    if not isinstance(rows, MemoryRows) or rows.complete:
        return None

    async def read(start: int, stop: int) -> bytes:
        file = await content_file(entry.raw)
        try:
            return await asyncio.to_thread(file.read, start, stop)
        finally:
            file.close()

    with contextlib.suppress(OSError):
        file = OpenFile.at(entry.raw)
        try:
            return _peeking(source, read, file.read(0, max(HEAD, rows.consumed)), rows, lens)
        finally:
            file.close()
    return None


def _preview(
    source: Source, cache: Cache, entry: Entry, rows: Rows, feed: Feed | None, lens: Lens
) -> Preview:
    kind = Preview
    if lens.has_rows and lens.packing:
        kind = PackedPreview
    elif lens.has_rows and lens.fmt.kind == "batches":
        kind = BatchedPreview
    return kind(source, cache, entry, rows, feed, lens)
