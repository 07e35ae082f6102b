"""Making versions of assets: bytes into the datastore first, then a version that points there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from urllib.parse import quote

from amltui.errors import Conflict, Rejected
from amltui.formats import data_type_of_name
from amltui.models import TYPE_TAG
from amltui.text import visible
from amltui.workspaces.azureml.assets import Assets
from amltui.workspaces.azureml.writing import Begun, Uploads

_LONGEST: Final = 1_024
"""Characters of a blob's name."""


class Uploading:
    """Sends files and folders, and makes assets of them; close it.

    An upload is one place in the datastore that nobody else has, which its id names. So a version
    that points there was made by this upload and by no other.
    """

    def __init__(self, uploads: Uploads, assets: Assets, home: str) -> None:
        """Of the workspace whose address is `home`."""
        self._uploads = uploads
        self._assets = assets
        self._home = home

    async def close(self) -> None:
        """Let go of all connections."""
        await self._uploads.close()

    async def begin(self, name: str, data_type_id: str, *, replaces: bool) -> str:
        """Begin a blob; its id.

        Raises:
            Conflict: an archived asset has the name.
            DatasetGone: the asset that it is a version of is archived.
        """
        if name:
            await self._assets.refuse_archived(name, replaces=replaces)
        return (await self._uploads.begin(name or "data", data_type_id)).text

    async def send(self, upload: str, index: int, data: bytes) -> None:
        """Send a part of a blob."""
        await self._uploads.send(Begun.of(upload), index, data)

    async def commit(
        self, upload: str, data_type_id: str, name: str, description: str, replaces: str | None
    ) -> str:
        """Make a blob of its parts, and a version that points at it; see `Workspace.commit`."""
        begun = Begun.of(upload)
        uri = self._uri(begun)
        made, version = await self._next(name, uri, replaces)
        if made is not None:
            return made
        await self._uploads.complete(begun)
        about = {
            "dataType": "uri_file",
            "dataUri": uri,
            "description": description,
            "tags": {}
            if data_type_of_name(begun.path) == data_type_id
            else {TYPE_TAG: data_type_id},
        }
        return await self._assets.create(name, version, about)

    async def begin_folder(self, files: Sequence[str], name: str) -> str:
        """Choose a place for a folder; its id.

        Raises:
            Rejected: the path of a file is too long.
            Conflict: an archived asset has the name.
        """
        await self._assets.refuse_archived(name)
        begun = await self._uploads.place(name)
        for file in files:
            if len(begun.below(file).path) > _LONGEST:
                raise Rejected(f"The path of {visible(file)} is too long", 400)
        return begun.text

    async def send_in_folder(self, upload: str, file: str, index: int, data: bytes) -> None:
        """Send a part of a file."""
        begun = Begun.of(upload).below(file)
        if index == 0:
            await self._uploads.open(begun)
        if data:
            await self._uploads.send(begun, index, data)

    async def end_in_folder(self, upload: str, file: str) -> None:
        """Make a blob of the parts of a file."""
        await self._uploads.complete(Begun.of(upload).below(file))

    async def commit_folder(
        self, upload: str, name: str, description: str, replaces: str | None
    ) -> str:
        """Make a version that points at a folder; see `Workspace.commit_folder`."""
        uri = f"{self._uri(Begun.of(upload))}/"
        made, version = await self._next(name, uri, replaces)
        if made is not None:
            return made
        about = {
            "dataType": "uri_folder",
            "dataUri": uri,
            "description": description,
            "tags": {},
        }
        return await self._assets.create(name, version, about)

    async def _next(self, name: str, uri: str, replaces: str | None) -> tuple[str | None, str]:
        """The id of the version that an earlier try made; None: the number that it is to get."""
        try:
            if replaces is not None and (made := await self._assets.pointing_at(name, uri)):
                return made, ""
            return None, await self._assets.next_version(name, replaces=replaces is not None)
        except Conflict:  # perhaps with what an earlier try made, whose answer was lost
            if made := await self._assets.pointing_at(name, uri):
                return made, ""
            raise

    def _uri(self, begun: Begun) -> str:
        return f"{self._home}/datastores/{quote(begun.datastore, safe='')}/paths/{begun.path}"
