"""Previews of compressed contents: their text is kept in the cache, and rows are found in that.

The first rows need only the content's first bytes. While the rest arrives it is unpacked into a
file of the entry; the index of rows and the table are those of that file.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import uuid
from collections.abc import AsyncGenerator, Callable
from functools import partial
from pathlib import Path
from typing import Final

from amltui.cache import Cache, Entry, Source
from amltui.formats.blocks import CELLS
from amltui.formats.lens import Lens
from amltui.services.previews.columns import check_content, fitting
from amltui.services.previews.handles import content_file
from amltui.services.previews.indexing import Indexing
from amltui.services.previews.kept_index import save_index
from amltui.services.previews.preview import SMALL, Preview
from amltui.tables import Rows
from amltui.tables.row_index import RowIndex
from amltui.tables.source import OpenFile, Slice
from amltui.tables.unpacking import UnpackingStream
from amltui.text import human_size
from amltui.transfers import Feed

_PIECE: Final = 1 << 20


def _temporary() -> str:
    """A new name of a file that nobody needs once this process is gone."""
    return f"unpacked.{os.getpid()}.{uuid.uuid4().hex[:8]}"


class PackedPreview(Preview):
    """See `Preview`. Offsets and the index are those of the text, sizes those of the content."""

    def __init__(
        self, source: Source, cache: Cache, entry: Entry, rows: Rows, feed: Feed | None, lens: Lens
    ) -> None:
        super().__init__(source, cache, entry, rows, feed, lens)
        self._content = entry.unpacked
        self._begun_text: Path | None = None
        """A file of the text's first bytes, see `part_table`."""
        self._turn = asyncio.Lock()
        """Whoever unpacks has it."""

    @property
    def built(self) -> float:
        """See `Preview.built`."""
        if self.table is None or self.table.complete:
            return super().built
        with contextlib.suppress(OSError):
            return self.table.consumed / max(1, self._content.stat().st_size)
        return 0.0

    @property
    def _small(self) -> bool:
        cells = self.rows.row_count * len(self.rows.columns)
        with contextlib.suppress(OSError):
            return self._content.stat().st_size <= SMALL and cells < CELLS // 2
        return False

    @property
    def _needed(self) -> int:
        with contextlib.suppress(OSError):
            return max(super()._needed, 2 * self._content.stat().st_size)
        return 4 * super()._needed

    async def _index(self) -> AsyncGenerator[None]:
        """Unpack the content, and show its rows by their index; a small table is made at once."""
        if self.table is not None or self.rows.complete:
            return
        async with contextlib.aclosing(self._unpack()) as steps:
            async for _ in steps:
                yield
        if self._small:
            async with contextlib.aclosing(self.build()) as steps:
                async for _ in steps:
                    yield

    async def _unpack(self) -> AsyncGenerator[None]:
        """Write the text to its place, and its index, unless they are there.

        Raises:
            Unreadable: the content is damaged or cut; the rows before that are shown.
        """
        async with self._turn:
            if self._content.exists() and (self.indexed or self._small):
                return
            feed = self._feed
            if feed is None:
                await check_content(self._entry, self.source)
            descriptor = feed.open() if feed is not None else None
            file = OpenFile(descriptor) if descriptor else await content_file(self._entry.raw)
            temporary = self._entry.directory / _temporary()
            try:
                text = await asyncio.to_thread(OpenFile.made, temporary)
                try:
                    async with contextlib.aclosing(self._index_text(file, text, feed)) as steps:
                        async for found in steps:
                            index = found
                            yield
                finally:
                    text.close()
                await asyncio.to_thread(temporary.replace, self._content)
                await asyncio.to_thread(save_index, self._entry, index, self._content)
            finally:
                file.close()
                with contextlib.suppress(OSError):
                    temporary.unlink(missing_ok=True)

    async def _beginning(self, room: int) -> tuple[Path, int]:
        """See `Preview._beginning`: the text is unpacked as far as there is room for it, too."""
        async with self._turn:
            if await asyncio.to_thread(self._content.exists):
                return self._content, (await asyncio.to_thread(self._content.stat)).st_size
            if self._begun_text is None:
                packed, there = await super()._beginning(room)
                self._begun_text = self._entry.directory / _temporary()
                size = fitting(room, text=True)
                await asyncio.to_thread(self._unpack_start, packed, there, size)
            return self._begun_text, (await asyncio.to_thread(self._begun_text.stat)).st_size

    def _unpack_start(self, packed: Path, there: int, size: int) -> None:
        """Write at most `size` bytes of text that the first `there` bytes of `packed` hold."""
        assert self._begun_text is not None
        file = OpenFile.at(packed)
        try:
            target = OpenFile.made(self._begun_text)
            try:
                first = Slice(file, 0, there)
                text = UnpackingStream(first, self._lens.packing, target)
                while text.written < size and text.read(min(_PIECE, size - text.written)):
                    pass
            finally:
                target.close()
        finally:
            file.close()

    @property
    def part_words(self) -> str:
        """See `Shown.part_words`."""
        return f"{human_size(self.part.consumed if self.part else 0)} of the text that it holds"

    def close(self) -> None:
        """See `Preview.close`."""
        super().close()
        if self._begun_text is not None:
            self._begun_text.unlink(missing_ok=True)

    async def _index_text(
        self, file: OpenFile, text: OpenFile, feed: Feed | None
    ) -> AsyncGenerator[RowIndex]:
        """Unpack `file` into `text`; the index of its rows, whenever more of it is shown."""
        room = partial(self._cache.make_room, keep=self._entry)
        unpack = partial(UnpackingStream, packing=self._lens.packing, file=text, make_room=room)
        indexing = Indexing(file, self._fmt, unpack=unpack)
        try:
            async with contextlib.aclosing(indexing.run(feed)) as steps:
                async for index in steps:
                    if self._take(indexing, index, text, None):
                        yield index
        finally:
            # Also where it is damaged: what could be read is shown.
            if indexing.index is not None:
                self._take(indexing, indexing.index, text, None)
        assert indexing.index is not None
        yield indexing.index

    async def _ingest(self, directory: Path, note: Callable[[], None]) -> None:
        async with contextlib.aclosing(self._unpack()) as steps:
            async for _ in steps:
                note()
        await self._ingest_file(self._content, directory, note)
