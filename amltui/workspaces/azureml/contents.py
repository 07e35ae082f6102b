"""The contents of versions: what each points at, and the bytes of that."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from dataclasses import replace
from typing import Final

from amltui.errors import ContentChanged, DatasetGone, Unauthorized
from amltui.models import ContentInfo, Dataset
from amltui.workspaces.azureml.asset_ids import parsed
from amltui.workspaces.azureml.assets import Assets
from amltui.workspaces.azureml.messages import AssetProperties
from amltui.workspaces.azureml.reading import Data, Reader
from amltui.workspaces.parts import PiecesContent, reading
from amltui.workspaces.terms import Content

_KEPT: Final = 512
"""Versions of which it is remembered where their bytes lie."""


class Contents:
    """Reads versions of assets, and files in them."""

    def __init__(self, assets: Assets, reader: Reader) -> None:
        self._assets = assets
        self._reader = reader
        self._known: dict[str, Data] = {}

    async def find(self, dataset: Dataset, *, anew: bool = True) -> Data:
        """Where a version's bytes lie; `anew` false: as it was found before, if it was."""
        if not anew and (known := self._known.get(dataset.id)) is not None:
            return known
        if not dataset.download_location.location:
            name, version, _ = parsed(dataset.id)
            known_there = await self._assets.version(name, version or "", latest=None)
            dataset = replace(
                dataset,
                download_location=known_there.download_location,
                source_origin=known_there.source_origin,
                tags=known_there.tags,
            )
        about = AssetProperties(
            data_type=dataset.source_origin,
            data_uri=dataset.download_location.location,
            tags=dict(dataset.tags),
        )
        inner = parsed(dataset.id)[2]
        data = await self._reader.data(dataset.name, about, inner)
        while len(self._known) >= _KEPT:
            del self._known[next(iter(self._known))]
        self._known[dataset.id] = data
        return data

    @asynccontextmanager
    async def read(
        self, dataset: Dataset, start: int, stop: int | None, etag: str | None
    ) -> AsyncIterator[Content]:
        """The bytes of a version; what is changed while it is read comes from byte 0."""
        async with AsyncExitStack() as stack:
            try:
                data = await self.find(dataset, anew=False)
                content = await _opened(stack, data, start, stop, etag)
            except (Unauthorized, ContentChanged, DatasetGone):
                # A signature that ended, or other bytes at the same place: look once more.
                data = await self.find(dataset)
                content = await _opened(stack, data, start, stop, etag)
            yield content


async def _opened(
    stack: AsyncExitStack, data: Data, start: int, stop: int | None, etag: str | None
) -> Content:
    if len(data.parts) == 1 and data.rows is None and data.parts[0].rows is None:
        part = data.parts[0]
        assert part.source is not None
        assert part.file is not None
        read = part.source.read(part.file, start=start, stop=stop, etag=etag)
        return await stack.enter_async_context(read)
    if data.rows is None:
        read = reading(data.parts, data.etag, start=start, stop=stop, etag=etag)
        return await stack.enter_async_context(read)
    info = ContentInfo(0, None, data.etag)
    made = PiecesContent(info, data.made(), stop if start == 0 else None)
    return await stack.enter_async_context(aclosing(made))
