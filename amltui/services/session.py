# ruff: noqa: ASYNC240 - until the transfers take the file work over
"""A session with one workspace: what the terminal program, the command line and scripts use.

Opening one costs no network: the workspace is reached, or the embedded one started, when
something first needs it. So the cached list can be on the screen before.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from amltui.config import Connection, paths, resolve
from amltui.errors import Damaged, Exists, Unreachable
from amltui.models import Dataset, OutputPort
from amltui.services.catalog import Catalog, Snapshot
from amltui.services.edits import BLOCK_SIZE, Edits
from amltui.services.embedded import EmbeddedServer
from amltui.services.previews import Preview, open_preview
from amltui.text import visible

if TYPE_CHECKING:
    from amltui.workspaces.base import Workspace


class Session:
    """One workspace and what is cached of it; make it with `open_session`."""

    def __init__(self, connection: Connection | None, *, offline: bool = False) -> None:
        self.connection = connection
        """Whose workspace this is. None: the embedded one."""
        self.offline = offline
        """Whether the network is left alone: only what is cached can be seen."""
        self._embedded = EmbeddedServer(paths.data_dir()) if connection is None else None
        self._workspace: Workspace | None = None
        self._opened = AsyncExitStack()
        self._connecting = asyncio.Lock()
        self.catalog = Catalog(self.connect)
        self.edits = Edits(self.connect)

    @property
    def name(self) -> str:
        """What a person calls this workspace."""
        if self.connection is None:
            return "local workspace"
        return self.connection.profile or self.connection.endpoint

    async def connect(self) -> Workspace:
        """The workspace, reached or started now if it was not yet.

        An embedded workspace whose server died is started again.

        Raises:
            Unreachable: the session is offline, or nothing answers.
        """
        if self.offline:
            raise Unreachable(
                "This session is offline.", hint="Leave out --offline to ask the workspace."
            )
        async with self._connecting:
            if self._workspace is not None and (self._embedded is None or self._embedded.running):
                return self._workspace
            await self._opened.aclose()
            self._workspace = await self._opened.enter_async_context(await self._reach())
            return self._workspace

    async def _reach(self) -> Workspace:
        from amltui.workspaces.studio import StudioWorkspace

        if self.connection is not None:
            wanted = self.connection
            return StudioWorkspace(wanted.endpoint, wanted.workspace_id, wanted.token)
        assert self._embedded is not None
        self._opened.push_async_callback(self._embedded.stop)
        address = await self._embedded.start()
        return StudioWorkspace(
            address.endpoint, address.workspace_id, address.token, key=self._embedded.key
        )

    async def close(self) -> None:
        """Let go of the workspace; an embedded one ends."""
        async with self._connecting:
            self._workspace = None
            await self._opened.aclose()

    async def cached_list(self) -> Snapshot | None:
        """The list as this disk remembers it."""
        return await asyncio.to_thread(self.catalog.cached)

    async def find(self, name: str) -> Dataset:
        """The dataset of this name or id, from a fresh list, or the cached one when offline.

        Raises:
            NotFound: none has it; the hint names near ones.
        """
        snapshot = await self.cached_list() if self.offline else await self.catalog.refresh()
        if snapshot is None:
            raise Unreachable(
                "Nothing is cached of this workspace.", hint="Ask once while it can be reached."
            )
        return snapshot.find(name)

    async def preview(self, source: Dataset | OutputPort) -> Preview:
        """The first rows of a dataset; see `open_preview`."""
        return await open_preview(self.connect, source)

    async def download(self, dataset: Dataset, path: Path, *, overwrite: bool = False) -> Path:
        """Save a dataset's contents as `path`, which appears only when it is whole and verified.

        Raises:
            Exists: a file is there, and `overwrite` is false.
            Damaged: the bytes do not match what the workspace promised.
        """
        if not overwrite and await asyncio.to_thread(path.exists):
            raise Exists(f"{visible(str(path))} is there already.")
        workspace = await self.connect()
        temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
        digest = hashlib.sha256()
        received = 0
        try:
            with temporary.open("wb") as file:
                async with workspace.read(dataset) as content:
                    async for chunk in content:
                        file.write(chunk)
                        digest.update(chunk)
                        received += len(chunk)
                    info = content.info
                file.flush()
                os.fsync(file.fileno())
            wrong_size = info.size is not None and info.size != received
            if wrong_size or (info.sha256 and info.sha256 != digest.hexdigest()):
                raise Damaged(f'"{visible(dataset.name)}" arrived damaged.')
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
        return path

    async def upload(
        self, path: Path, *, name: str, data_type_id: str, description: str = ""
    ) -> Dataset:
        """Send a file as a new dataset.

        Raises:
            Conflict: a dataset of this name is there.
        """
        return await self._send(path, name, data_type_id, description, None)

    async def update(
        self,
        dataset: Dataset,
        path: Path,
        *,
        name: str | None = None,
        data_type_id: str | None = None,
        description: str | None = None,
    ) -> Dataset:
        """Send a file as the new contents of a dataset; what is None stays as it is."""
        after = await self._send(
            path,
            dataset.name if name is None else name,
            data_type_id or dataset.data_type_id,
            dataset.description if description is None else description,
            dataset.family_id,
        )
        self.edits.updated(dataset, after)
        return after

    async def _send(
        self, path: Path, name: str, data_type_id: str, description: str, family_id: str | None
    ) -> Dataset:
        workspace = await self.connect()
        total = -(-path.stat().st_size // BLOCK_SIZE)
        upload = await workspace.begin_upload(data_type_id)
        with path.open("rb") as file:
            for index in range(total):
                await workspace.send_block(upload, index, file.read(BLOCK_SIZE), total=total)
        new_id = await workspace.commit(
            upload,
            name=name,
            description=description,
            data_type_id=data_type_id,
            family_id=family_id,
            filename=path.name,
        )
        return await workspace.dataset(new_id)

    async def rename(self, dataset: Dataset, name: str) -> Dataset:
        """See `Edits.rename`."""
        return await self.edits.rename(dataset, name)

    async def describe(self, dataset: Dataset, description: str) -> Dataset:
        """See `Edits.describe`."""
        return await self.edits.describe(dataset, description)

    async def delete(self, dataset: Dataset) -> None:
        """See `Edits.delete`."""
        await self.edits.delete(dataset)


@asynccontextmanager
async def open_session(
    profile: str | None = None, *, connection: Connection | None = None, offline: bool = False
) -> AsyncIterator[Session]:
    """A session with the workspace that `connection`, `profile` or the environment names.

    Raises:
        ConfigError: the profile or a settings file is wrong.
    """
    wanted = connection or await asyncio.to_thread(resolve, profile)
    session = Session(wanted, offline=offline)
    try:
        yield session
    finally:
        await session.close()
