"""Rows of the database as the protocol's objects."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa

from amltui.server import clock, profiles
from amltui.server.links import Links, View
from amltui.wire import dates, messages, routes

_NOWHERE: Final = messages.DownloadLocation(size=0)


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
        """One instance with fresh links."""
        created = clock.moment(row.created)
        has_columns = profiles.supported(row.data_type_id)
        status = (row.profile or profiles.PENDING) if has_columns else profiles.NOT_SUPPORTED
        credential = self.links.credential(row.sha256, self.expires)
        return messages.DataSource(
            id=row.id,
            family_id=row.family_id,
            name=row.name,
            description=row.description,
            data_type_id=row.data_type_id,
            size=row.size,
            created_date=dates.to_wire(created),
            created_date_ticks=dates.to_ticks(created),
            owner=row.owner,
            source_origin=row.source_origin,
            resource_upload_id=row.resource_upload_id,
            uploaded_from_filename=row.uploaded_from_filename,
            experiment_id=row.experiment_id,
            promoted_from=row.promoted_from,
            client_version=None,
            service_version=row.number,
            is_latest=row.is_latest,
            is_deprecated=False,
            category="",
            culture="en-US",
            batch=0,
            schema_status=status,
            download_location=self._location(row, credential, row.size),
            visualize_end_point=self._view(row, "visualization") if has_columns else _NOWHERE,
            schema_end_point=self._view(row, "schema") if has_columns else _NOWHERE,
        )

    def _view(self, row: sa.Row[Any], view: View) -> messages.DownloadLocation:
        credential = self.links.credential(row.sha256, self.expires, view, row.data_type_id)
        return self._location(row, credential, 0)

    def _location(self, row: sa.Row[Any], credential: str, size: int) -> messages.DownloadLocation:
        return messages.DownloadLocation(
            base_uri=self.base_uri,
            location=routes.CONTENT.format(key=row.sha256),
            access_credential=credential,
            size=size,
            endpoint_type="AzureBlob",
            credential_container="content",
        )
