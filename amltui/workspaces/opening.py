"""Which kind of workspace a connection is: the one place that knows all kinds."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from amltui.config.connection_values import input_path, places_of

if TYPE_CHECKING:
    from amltui.config import Connection
    from amltui.config.azure import AzureWorkspaceId
    from amltui.workspaces.base import Workspace
    from amltui.workspaces.folder.files import FileWorkspace


def workspace_of(
    connection: Connection, *, key: str | None = None, data: Path | None = None
) -> Workspace:
    """The workspace at `connection`, not yet entered.

    `key` names it in caches where its address changes. `data` is the directory of a server on
    this machine that keeps its contents there.

    Raises:
        ConfigError: the connection is no workspace's.
    """
    if connection.is_azure:
        from amltui.config.azure import azure_workspace, cloud_of
        from amltui.workspaces.azureml import AzureMLWorkspace

        place = azure_workspace(connection.endpoint, source="the connection")
        cloud = cloud_of(connection.cloud, source="the profile")
        return AzureMLWorkspace(place, cloud, datastore=connection.datastore)
    if places := places_of(connection.endpoint):
        from amltui.workspaces.folder.several import SeveralPlaces

        return SeveralPlaces({at: _files_at(replace(connection, endpoint=at)) for at in places})
    if connection.is_folder:
        return _files_at(connection)
    from amltui.workspaces.studio import StudioWorkspace

    return StudioWorkspace(
        connection.endpoint,
        connection.workspace_id,
        connection.token,
        key=connection.key if key is None else key,
        data=data,
    )


def _files_at(connection: Connection) -> FileWorkspace:
    """The files of a folder, an object store or a web folder."""
    if (kept := input_path(connection.endpoint)) is not None:
        from amltui.workspaces.folder.standard_input import StandardInput

        return StandardInput(kept)
    if connection.endpoint.startswith("web+"):
        from amltui.workspaces.folder.web import WebFolder

        return WebFolder(connection.endpoint)
    if not connection.endpoint.startswith("file:"):
        from amltui.workspaces.folder.store import StoreWorkspace

        return StoreWorkspace(connection.endpoint, write=connection.write)
    from amltui.workspaces.folder import FolderWorkspace

    return FolderWorkspace(_path(connection.endpoint), write=connection.write)


@dataclass(frozen=True, slots=True)
class FoundWorkspace:
    """A workspace that an account can see."""

    id: AzureWorkspaceId
    region: str
    friendly_name: str


async def azure_workspaces(cloud: str) -> AsyncIterator[FoundWorkspace]:
    """The Azure ML workspaces that the account in force can see, as Azure lists them.

    Raises:
        ConfigError: there is no such cloud.
        Unauthorized: nobody is signed in.
    """
    from amltui.config.azure import cloud_of
    from amltui.workspaces.azureml.arm import visible_workspaces

    async for place, about in visible_workspaces(cloud_of(cloud, source="--cloud")):
        more = about.properties
        name = (more and more.friendly_name) or about.name
        yield FoundWorkspace(place, about.location or "", name)


def _path(address: str) -> Path:
    return Path(unquote(urlsplit(address).path))
