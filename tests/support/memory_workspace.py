"""A workspace in memory: the smallest kind that keeps the contract of `workspaces.base`."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Self

from amltui.errors import Conflict, DatasetGone, NotFound, Rejected
from amltui.models import ContentInfo, Dataset, Listing, OutputPort, WorkspaceInfo
from amltui.workspaces.base import Workspace
from amltui.workspaces.capabilities import CAN, Capabilities
from amltui.workspaces.terms import Content, PartSizes, Route, Upload


class MemoryContent:
    def __init__(self, info: ContentInfo, data: bytes) -> None:
        self.info = info
        self._data = memoryview(data)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while self._data:
            piece, self._data = bytes(self._data[:1000]), self._data[1000:]
            yield piece

    async def readinto(self, view: memoryview) -> int:
        count = min(len(view), len(self._data))
        view[:count] = self._data[:count]
        self._data = self._data[count:]
        return count


class MemoryWorkspace(Workspace):
    """Datasets by key, each a list of versions, oldest first. It has versions and nothing else."""

    part_sizes = PartSizes(smallest=1, largest=1 << 20, most=100)

    def __init__(self, name: str = "memory") -> None:
        self._name = name
        self._numbers = itertools.count(1)
        self._datasets: dict[str, list[Dataset]] = {}
        self._contents: dict[str, bytes] = {}
        self._uploads: dict[str, dict[int, bytes]] = {}
        self._changes = 0

    @property
    def key(self) -> str:
        return f"memory:{self._name}"

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc: object) -> None:
        pass

    async def info(self) -> WorkspaceInfo:
        return WorkspaceInfo(self._name)

    async def route(self) -> Route | None:
        return None

    async def capabilities(self) -> Capabilities:
        return Capabilities(versions=CAN)

    async def datasets(self, *, etag: str | None = None) -> Listing | None:
        now = str(self._changes)
        if etag == now:
            return None
        return Listing(tuple(versions[-1] for versions in self._datasets.values()), now)

    async def pages(self) -> AsyncIterator[tuple[Dataset, ...]]:
        for versions in self._datasets.values():
            yield (versions[-1],)

    async def dataset(self, dataset_id: str) -> Dataset:
        for versions in self._datasets.values():
            for one in versions:
                if one.id == dataset_id:
                    return one
        raise DatasetGone("There is no such dataset", 404)

    @asynccontextmanager
    async def read(
        self,
        source: Dataset | OutputPort,
        *,
        start: int = 0,
        stop: int | None = None,
        etag: str | None = None,
    ) -> AsyncIterator[Content]:
        if isinstance(source, OutputPort):
            raise NotFound("There are no experiments", 404)
        data = self._contents[(await self.dataset(source.id)).id]
        validator = f'"{source.id}"'
        if etag not in {None, validator}:
            start = 0
        info = ContentInfo(
            start, len(data), validator, hashlib.sha256(data).hexdigest(), ranges=True
        )
        yield MemoryContent(info, data[start:stop])

    async def begin_upload(
        self, data_type_id: str, *, name: str = "", replaces: str | None = None
    ) -> Upload:
        upload = Upload(f"u{next(self._numbers)}", data_type_id)
        self._uploads[upload.id] = {}
        return upload

    async def send_part(self, upload: Upload, index: int, data: bytes, *, total: int) -> None:
        if upload.id not in self._uploads:
            raise NotFound("There is no such upload", 404)
        self._uploads[upload.id][index] = data

    async def commit(
        self,
        upload: Upload,
        *,
        name: str,
        description: str = "",
        data_type_id: str | None = None,
        replaces: str | None = None,
        filename: str = "",
    ) -> str:
        if ":" in name or not name:
            raise Rejected("The name has forbidden characters", 400)
        if replaces is not None and replaces not in self._datasets:
            raise DatasetGone("There is no such dataset", 404)
        if any(v[-1].name == name and k != replaces for k, v in self._datasets.items()):
            raise Conflict("The name is taken", 409)
        parts = self._uploads.pop(upload.id)
        data = b"".join(parts[index] for index in sorted(parts))
        key = replaces or f"k{next(self._numbers)}"
        made = Dataset(
            id=f"{key}.{next(self._numbers)}",
            family_id=key,
            name=name,
            data_type_id=data_type_id or upload.data_type_id,
            description=description,
            size=len(data),
            created_date=datetime.now(UTC),
            resource_upload_id=upload.id,
            uploaded_from_filename=filename,
        )
        self._contents[made.id] = data
        older = [replace(one, is_latest=False) for one in self._datasets.get(key, [])]
        self._datasets[key] = [*older, made]
        self._changes += 1
        return made.id

    async def abort(self, upload: Upload) -> None:
        self._uploads.pop(upload.id, None)

    async def delete(self, key: str) -> None:
        if self._datasets.pop(key, None) is None:
            raise DatasetGone("There is no such dataset", 404)
        self._changes += 1

    async def versions(self, key: str) -> tuple[Dataset, ...]:
        if key not in self._datasets:
            raise DatasetGone("There is no such dataset", 404)
        return tuple(reversed(self._datasets[key]))
