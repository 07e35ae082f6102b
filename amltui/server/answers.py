"""Rows of the database as the protocol's objects."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa

from amltui.server import profiles
from amltui.server.links import Links, in_view
from amltui.wire import dates, messages, routes

_NOWHERE: Final = messages.DownloadLocation(size=0)


class LastList:
    """The list as it was last sent, by its ETag: the old client asks for it at every index.

    Nothing depends on it: another server, or a change, only makes the list anew.
    """

    _LIMIT: Final = 32 << 20
    """Bytes of a list that is kept."""

    def __init__(self) -> None:
        self._etag = ""
        self._body = b""

    def get(self, etag: str) -> bytes | None:
        """The list of that ETag, if it is the last one."""
        return self._body if etag == self._etag else None

    def keep(self, etag: str, body: bytes) -> None:
        """Keep it in place of the one before."""
        if len(body) <= self._LIMIT:
            self._etag, self._body = etag, body


@dataclass(frozen=True, slots=True)
class Writer:
    """Writes datasets for one request: its links start with the address that the client used."""

    links: Links
    base_uri: str
    """Ends with a slash."""
    expires: int
    """When its links end; see `Links.expiry`."""

    def datasets(self, rows: Iterable[sa.Row[Any]]) -> list[messages.DataSource]:
        """All rows."""
        return [self.dataset(row) for row in rows]

    def dataset(self, row: sa.Row[Any]) -> messages.DataSource:
        """One instance, a row of `catalog.SHOWN`, with fresh links."""
        (
            instance_id,
            family_id,
            number,
            is_latest,
            sha256,
            size,
            created,
            name,
            description,
            data_type_id,
            owner,
            source_origin,
            resource_upload_id,
            uploaded_from_filename,
            experiment_id,
            promoted_from,
            profile,
        ) = tuple(row)
        credential = self.links.credential(sha256, size, self.expires, data_type_id)
        address = routes.CONTENT.format(key=sha256)
        schema = visualization = _NOWHERE
        status = profiles.NOT_SUPPORTED
        if profiles.supported(data_type_id):
            schema = self._location(address, in_view(credential, "schema"), 0)
            visualization = self._location(address, in_view(credential, "visualization"), 0)
            status = profiles.told(profile)
        return messages.DataSource(
            id=instance_id,
            family_id=family_id,
            name=name,
            description=description,
            data_type_id=data_type_id,
            size=size,
            created_date=dates.microseconds_to_wire(created),
            created_date_ticks=dates.microseconds_to_ticks(created),
            owner=owner,
            source_origin=source_origin,
            resource_upload_id=resource_upload_id,
            uploaded_from_filename=uploaded_from_filename,
            experiment_id=experiment_id,
            promoted_from=promoted_from,
            client_version=None,
            service_version=number,
            is_latest=is_latest,
            is_deprecated=False,
            category="",
            culture="en-US",
            batch=0,
            schema_status=status,
            download_location=self._location(address, credential, size),
            visualize_end_point=visualization,
            schema_end_point=schema,
        )

    def _location(self, address: str, credential: str, size: int) -> messages.DownloadLocation:
        return messages.DownloadLocation(
            base_uri=self.base_uri,
            location=address,
            access_credential=credential,
            size=size,
            endpoint_type="AzureBlob",
            credential_container="content",
        )
