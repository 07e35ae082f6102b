"""Reaching the workspace that is meant, of whatever kind, when something first needs it."""

from __future__ import annotations

import asyncio
import importlib
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

from amltui.config import Connection, paths
from amltui.errors import UsageError
from amltui.services.embedded import EmbeddedServer

if TYPE_CHECKING:
    from amltui.workspaces.base import Workspace


class Opener:
    """One workspace: a server's, or the embedded one, whose server is started and ended here."""

    def __init__(self, connection: Connection | None) -> None:
        self.connection = connection
        """How it is reached. None: it is the embedded one."""
        self._embedded = EmbeddedServer(paths.data_dir()) if connection is None else None
        self._workspace: Workspace | None = None
        self._opened = AsyncExitStack()
        self._turn = asyncio.Lock()

    @property
    def key(self) -> str:
        """What names the workspace in caches."""
        if self._embedded is not None:
            return self._embedded.key
        assert self.connection is not None
        return self.connection.key

    async def open(self) -> Workspace:
        """The workspace, the same at every call while it can be used.

        An embedded one whose server died is started again.

        Raises:
            ConfigError: the connection is no workspace's.
            AmltuiError: the embedded server did not start.
        """
        async with self._turn:
            if self._workspace is not None and (self._embedded is None or self._embedded.running):
                return self._workspace
            await self._opened.aclose()
            self._workspace = await self._opened.enter_async_context(await self._reach())
            return self._workspace

    async def change(self, connection: Connection) -> None:
        """Reach the same workspace by another token from now on.

        Raises:
            UsageError: the connection is another workspace's.
        """
        if self.connection is None or connection.key != self.key:
            raise UsageError("That connection belongs to another workspace.")
        async with self._turn:
            self.connection = connection
            if self._workspace is not None:
                # The one before stays open until the end: somebody may be in the middle of a use.
                self._workspace = await self._opened.enter_async_context(await self._reach())

    async def close(self) -> None:
        """Let go of the workspace; an embedded server ends."""
        async with self._turn:
            self._workspace = None
            await self._opened.aclose()

    async def _reach(self) -> Workspace:
        from amltui.workspaces.opening import workspace_of

        if self._embedded is None:
            assert self.connection is not None
            return workspace_of(self.connection)
        self._opened.push_async_callback(self._embedded.stop)
        there, _ = await asyncio.gather(
            self._embedded.start(),
            # What asks it is imported while it starts.
            asyncio.to_thread(importlib.import_module, "amltui.workspaces.http.client"),
        )
        return workspace_of(
            Connection(there.endpoint, there.workspace_id, there.token),
            key=self.key,
            data=self._embedded.data,
        )
