"""Which workspace is meant, and reaching it when something first needs it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, Self

from amltui.errors import UsageError
from amltui.text import visible

if TYPE_CHECKING:
    from amltui.config import Connection
    from amltui.services.opener import Opener
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
        return self._resolved(check=True)

    @cached_property
    def written(self) -> Connection | None:
        """As `connection`, its values as somebody wrote them, whether or not they make sense.

        Raises:
            ConfigError: a profile or setting is missing, or a file cannot be read.
        """
        return self._resolved(check=False)

    @cached_property
    def management_endpoint(self) -> str:
        """Where the old client managed web services; kept for code that asks, and used by none."""
        from amltui.config.legacy import legacy_settings

        _, endpoint, workspace_id, token = self._given
        whole = endpoint and workspace_id and token
        settings = None if whole else legacy_settings()
        said = settings.management_endpoint if settings is not None else None
        return said or Endpoints.management_default

    def _resolved(self, *, check: bool) -> Connection | None:
        from amltui.config import Connection, resolve
        from amltui.config.connection_values import endpoint_of, token_of, workspace_id_of

        profile, endpoint, workspace_id, token = self._given
        if not (endpoint and workspace_id and token):
            return resolve(profile, endpoint, workspace_id, token, check=check)
        if not check:  # nothing to read from anywhere
            return Connection(endpoint, workspace_id, token)
        source = "the argument"
        return Connection(
            endpoint_of(endpoint, source=source),
            workspace_id_of(workspace_id, source=source),
            token_of(token, source=source),
        )

    def without_token(self) -> tuple[str | None, str | None, str | None]:
        """Profile, endpoint and workspace id, as they must be said again to mean the same."""
        from amltui.config.connection_values import LOCAL

        connection = self.written
        if connection is None:
            return LOCAL, None, None
        return self._given[0], connection.endpoint, connection.workspace_id


class Portable:
    """A workspace that can be pickled: without its token, which the other process must have.

    There it comes from the environment, the profile or the old client's settings.
    """

    _address: Address

    def __reduce__(self) -> tuple[Any, ...]:
        return _again, (type(self), *self._address.without_token())

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return self


def _again(
    kind: Callable[..., Any], profile: str | None, endpoint: str | None, workspace_id: str | None
) -> Any:
    return kind(workspace_id, None, endpoint, profile=profile)


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
                from amltui.services.opener import Opener

                self._opener = Opener(await asyncio.to_thread(lambda: self._address.connection))
            return await self._opener.open()

    async def aclose(self) -> None:
        """Close connections; an embedded server ends."""
        async with self._connecting:
            self._closed = True
            if self._opener is not None:
                await self._opener.close()
