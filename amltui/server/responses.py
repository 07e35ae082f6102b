"""Serialising rows of the database as objects of the protocol."""

from __future__ import annotations

import secrets
import zlib
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

import msgspec
import sqlalchemy as sa

from amltui.server import statistics
from amltui.server.links import View
from amltui.wire import dates, messages, routes

_NOWHERE: Final = messages.DownloadLocation(size=0)


class LinkSigner(Protocol):
    """Makes the links of datasets; see `links.Signer`."""

    def credential(self, sha256: str, instance_id: str, view: View = "") -> str:
        """The query string that opens a content."""


class _Placeholders:
    """A signer and an address that write marks; the real ones are filled in later."""

    def __init__(self) -> None:
        mark = secrets.token_hex(16)
        self.base_uri = f"{mark}/"
        self._views: dict[View, str] = {
            "": f"{mark}?.",
            "schema": f"{mark}?s.",
            "visualization": f"{mark}?v.",
        }

    def credential(self, _sha256: str, _instance_id: str, view: View = "") -> str:
        return self._views[view]

    def split(self, encoded: bytes) -> tuple[bytes | View | None, ...]:
        """The pieces between the marks; in place of a mark its view, or None for the address."""
        pieces: list[bytes | View | None] = []
        for piece in encoded.split(self.base_uri.encode()):
            rest = piece
            for view, text in self._views.items():
                before, found, after = rest.partition(text.encode())
                if found:
                    pieces += [before, view]
                    rest = after
            pieces += [rest, None]
        return tuple(pieces[:-1])


class ListCache:
    """Lists of datasets that were sent lately: the old client asks for one at every index.

    Whole lists are cached by ETag, those of the present revision: nobody can ask for another one.
    Beside them each dataset is cached without its links: after a change only what changed is
    serialised again, and for another reader only the links are made.
    """

    _LIMIT: Final = 32 << 20
    """Bytes of the lists that are cached."""

    def __init__(self) -> None:
        self._bodies: OrderedDict[tuple[str, bool], bytes] = OrderedDict()
        self._revision = (0, 0)
        self._placeholders = _Placeholders()
        self._pieces: dict[str, tuple[sa.Row[Any], tuple[bytes | View | None, ...]]] = {}

    def get(self, etag: str, *, packed: bool) -> bytes | None:
        """The list with that ETag, with gzip or not; None when it is not cached."""
        return self._bodies.get((etag, packed))

    def make(
        self,
        etag: str,
        rows: Sequence[sa.Row[Any]],
        signer: LinkSigner,
        base_uri: str,
        *,
        revision: tuple[int, int],
        packed: bool,
    ) -> bytes:
        """Serialise the list of these rows and cache it under its ETag. May run in a thread."""
        writer = DatasetSerializer(self._placeholders, self._placeholders.base_uri)
        known, present = self._pieces, {}
        base = msgspec.json.encode(base_uri)[1:-1]
        parts: list[bytes] = []
        for row in rows:
            before = known.get(row.id)
            if before is None or before[0] != row:
                encoded = msgspec.json.encode(writer.dataset(row))
                before = (row, self._placeholders.split(encoded))
            present[row.id] = before
            parts.append(
                b"".join(
                    piece
                    if isinstance(piece, bytes)
                    else base
                    if piece is None
                    else signer.credential(row.sha256, row.id, piece).encode()
                    for piece in before[1]
                )
            )
        self._pieces = present
        body = b"[" + b",".join(parts) + b"]"
        if packed:
            packer = zlib.compressobj(1, wbits=31)
            body = packer.compress(body) + packer.flush()
        if revision > self._revision:
            self._revision = revision
            self._bodies.clear()
        if len(body) <= self._LIMIT and revision == self._revision:
            self._bodies[etag, packed] = body
            while sum(map(len, list(self._bodies.values()))) > self._LIMIT:
                self._bodies.popitem(last=False)
        return body


@dataclass(frozen=True, slots=True)
class DatasetSerializer:
    """Serialises datasets for one request."""

    signer: LinkSigner
    base_uri: str
    """The address that the client used; ends with a slash."""

    def datasets(self, rows: Sequence[sa.Row[Any]]) -> list[messages.DataSource]:
        """All rows."""
        return [self.dataset(row) for row in rows]

    def dataset(self, row: sa.Row[Any]) -> messages.DataSource:
        """One instance, a row of `catalog.DATASET_COLUMNS`, with fresh links."""
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
            _created_by,
        ) = tuple(row)
        schema = visualization = _NOWHERE
        status = statistics.NOT_SUPPORTED
        if statistics.supported(data_type_id):
            schema = self._location(sha256, instance_id, "schema")
            visualization = self._location(sha256, instance_id, "visualization")
            status = statistics.schema_status(profile)
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
            download_location=self._location(sha256, instance_id, "", size),
            visualize_end_point=visualization,
            schema_end_point=schema,
        )

    def _location(
        self, sha256: str, instance_id: str, view: View, size: int = 0
    ) -> messages.DownloadLocation:
        return messages.DownloadLocation(
            base_uri=self.base_uri,
            location=routes.CONTENT.format(key=sha256),
            access_credential=self.signer.credential(sha256, instance_id, view),
            size=size,
            endpoint_type="AzureBlob",
            credential_container="content",
        )
