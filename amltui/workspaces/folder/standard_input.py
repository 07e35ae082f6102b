"""What came through a pipe, as a workspace of one dataset, also while it still comes."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, Final, Self

import anyio.to_thread

from amltui.errors import DatasetGone
from amltui.formats import UNKNOWN_BINARY
from amltui.formats.guess import guess_from
from amltui.models import ContentInfo, Dataset, Listing, OutputPort, WorkspaceInfo
from amltui.workspaces.arrival import Arrival
from amltui.workspaces.capabilities import Capabilities, Capability
from amltui.workspaces.chunks import ChunkedContent
from amltui.workspaces.folder.files import FileWorkspace
from amltui.workspaces.lists import ListBuilder
from amltui.workspaces.terms import Content, LocalContent, Route

NAME: Final = "standard input"
_READ_ONLY: Final = Capability("Standard input is only read.")
_ENOUGH: Final = 64 << 10
"""Bytes that say what it is."""
_PATIENCE: Final = 0.5
"""Seconds that the list waits for them."""
_PIECE: Final = 1 << 18


class StandardInput(FileWorkspace):
    """One dataset: the file that a pipe is kept in."""

    def __init__(self, path: Path) -> None:
        """Take the file, which `Arrival` may still fill."""
        super().__init__()
        self._path = path
        self._kind = ""
        """The data type that the first bytes show, once there are enough of them."""

    @property
    def key(self) -> str:
        """The file's address."""
        return f"stdin://{self._path}"

    @property
    def only(self) -> str | None:
        """What it is called."""
        return NAME

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc: object) -> None:
        pass

    async def info(self) -> WorkspaceInfo:
        """Its name."""
        return WorkspaceInfo(self.key, friendly_name=NAME)

    async def route(self) -> Route | None:
        """By no network."""
        return None

    async def capabilities(self) -> Capabilities:
        """Reading."""
        return Capabilities(
            write=_READ_ONLY,
            edit=_READ_ONLY,
            versions=Capability("Standard input has no versions."),
            restore=_READ_ONLY,
            experiments=Capability("Standard input has no experiments."),
        )

    async def datasets(self, *, etag: str | None = None) -> Listing | None:
        """The one dataset."""
        found = ListBuilder()
        present = await self._present(NAME)
        found.add([present])
        return found.listing(etag=None if present.arriving else etag)

    def _shows(self, key: str) -> bool:
        return key == NAME

    async def local_content(self, dataset: Dataset) -> LocalContent | None:
        """The file, once all is in it."""
        arrival = Arrival.at(self._path)
        if dataset.key != NAME or not (self._path.exists() if arrival is None else arrival.whole):
            return None
        return LocalContent(self._path)

    async def arrival(self, dataset: Dataset) -> Arrival | None:
        """What fills the file, until all is in it."""
        del dataset
        arrival = Arrival.at(self._path)
        return None if arrival is None or arrival.whole else arrival

    @asynccontextmanager
    async def read(
        self,
        source: Dataset | OutputPort,
        *,
        start: int = 0,
        stop: int | None = None,
        etag: str | None = None,
    ) -> AsyncIterator[Content]:
        """Read the file, and wait for what has not come yet."""
        await self._dataset_to_read(source)
        arrival = Arrival.at(self._path)
        if arrival is not None:
            await arrival.reach(1)
        begin = start if etag in {None, self._etag} else 0
        with contextlib.ExitStack() as stack:
            try:
                file = stack.enter_context(self._path.open("rb", buffering=0))
            except FileNotFoundError:
                raise DatasetGone("Standard input is not kept any more", 404) from None
            size = None
            if arrival is None or arrival.whole:
                size = os.fstat(file.fileno()).st_size
            info = ContentInfo(begin, size, self._etag, ranges=True)
            most = None if stop is None or begin != start else max(0, stop - begin)
            yield _Arriving(info, file, arrival, most)

    @property
    def _etag(self) -> str:
        return f'"{self._path.parent.name}"'

    async def _present(self, key: str) -> Dataset:
        """It, with what its first bytes say of it."""
        if key != NAME:
            raise DatasetGone("Only standard input is here", 404)
        arrival = Arrival.at(self._path)
        if not self._kind and arrival is not None and not arrival.over:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_PATIENCE):
                    await arrival.reach(_ENOUGH)
        return await anyio.to_thread.run_sync(self._dataset, arrival)

    def _dataset(self, arrival: Arrival | None) -> Dataset:
        there, begun, size = arrival is None or arrival.whole, None, None
        arriving = arrival is not None and not arrival.over
        kind = self._kind or UNKNOWN_BINARY
        with contextlib.suppress(OSError):
            status = self._path.stat()
            begun = datetime.fromtimestamp(status.st_ctime, UTC) if there else None
            size = status.st_size if there else None
            if not self._kind and status.st_size:
                with self._path.open("rb") as file:
                    head = file.read(_ENOUGH)
                decided = there or len(head) == _ENOUGH
                if not decided:
                    head = head[: head.rfind(b"\n") + 1]
                kind = guess_from("", head) if head else kind
                self._kind = kind if decided else ""
        return Dataset(
            id=f"{NAME}@{self._etag.strip(chr(34))}",
            family_id=NAME,
            name=NAME,
            data_type_id=kind,
            size=size,
            created_date=begun,
            source_origin="Standard input",
            typed=False,
            arriving=arriving,
        )


class _Arriving(ChunkedContent):
    """The bytes of a file that may still grow."""

    def __init__(
        self, info: ContentInfo, file: BinaryIO, arrival: Arrival | None, most: int | None
    ) -> None:
        super().__init__(info, most=most)
        self._file = file
        self._arrival = arrival
        self._at = info.start

    async def _next_chunk(self) -> bytes | None:
        if self._arrival is not None and await self._arrival.reach(self._at + 1) <= self._at:
            if self._arrival.error is not None:
                raise self._arrival.error
            return None
        data = await anyio.to_thread.run_sync(os.pread, self._file.fileno(), _PIECE, self._at)
        self._at += len(data)
        return data or None
