"""Which workspace is meant, and reaching it when something first needs it."""

from __future__ import annotations

import asyncio
from functools import cached_property
from typing import TYPE_CHECKING, Final

from amltui.errors import UsageError
from amltui.text import visible

if TYPE_CHECKING:
    from amltui.config import Connection
    from amltui.services.opening import Opener
    from amltui.workspaces.base import Workspace as Base


class Endpoints:
    """Where Microsoft's own service was, until it was switched off in 2024."""

    default: Final = "https://studio.azureml.net"
    management_default: Final = "https://management.azureml.net"


class Address:
    """What the user said about a workspace; profiles and settings are read when first needed."""

    def __init__(
        self,
        workspace_id: str | None,
        authorization_token: str | None,
        endpoint: str | None,
        profile: str | None,
    ) -> None:
        given = {
            "workspace_id": workspace_id,
            "authorization_token": authorization_token,
            "endpoint": endpoint,
            "profile": profile,
        }
        for name, value in given.items():
            if value is not None and not value:
                raise TypeError(f'"{name}" should not be None or empty.')
        self._given = (profile, endpoint, workspace_id, authorization_token)

    def __str__(self) -> str:
        """What is known of it without reading anything; never the token."""
        profile, endpoint, workspace_id, _ = self._given
        if "connection" in self.__dict__:
            if self.connection is None:
                return "of this machine"
            endpoint, workspace_id = self.connection.endpoint, self.connection.workspace_id
        said = [workspace_id, endpoint and f"at {endpoint}", profile and f"of profile {profile}"]
        return visible(" ".join(filter(None, said))) or "of the environment or the settings"

    @cached_property
    def connection(self) -> Connection | None:
        """How the workspace is reached. None: it is the embedded one.

        Raises:
            ConfigError: a profile or setting is missing or wrong.
        """
        from amltui.config import Connection, resolve
        from amltui.workspaces.studio.address import normal_endpoint

        profile, endpoint, workspace_id, token = self._given
        if endpoint and workspace_id and token:  # nothing to read from anywhere
            return Connection(normal_endpoint(endpoint), workspace_id, token)
        return resolve(profile, endpoint, workspace_id, token)


class Connector:
    """A workspace that is reached, or its server started, by the first `connect`."""

    def __init__(self, address: Address) -> None:
        self._address = address
        self._opener: Opener | None = None
        self._connecting = asyncio.Lock()
        self._closed = False

    async def connect(self) -> Base:
        """The open workspace.

        Raises:
            UsageError: it was closed.
            ConfigError: there is no telling which workspace is meant.
        """
        async with self._connecting:
            if self._closed:
                raise UsageError("This workspace was closed.")
            if self._opener is None:
                from amltui.services.opening import Opener

                self._opener = Opener(await asyncio.to_thread(lambda: self._address.connection))
            return await self._opener.open()

    async def aclose(self) -> None:
        """Close connections; an embedded server ends."""
        async with self._connecting:
            self._closed = True
            if self._opener is not None:
                await self._opener.close()
