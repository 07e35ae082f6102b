"""What Azure Resource Manager says of data assets and datastores.

Field names are those of the public specification, Microsoft.MachineLearningServices 2023-10-01;
any of them may be missing or null.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

import msgspec

from amltui.formats import UNKNOWN_BINARY, data_type_of_name
from amltui.models import Dataset, Location

Tags = dict[str, str | None]
_KINDS: Final = {"urifile": "uri_file", "urifolder": "uri_folder", "mltable": "mltable"}


class Message(msgspec.Struct, rename="camel", kw_only=True):
    """One JSON object; what is not named here is left alone."""


class SystemData(Message):
    """Who made something and when."""

    created_at: str | None = None
    created_by: str | None = None
    last_modified_at: str | None = None


class AssetProperties(Message):
    """Of a version of an asset, or of the asset itself."""

    data_type: str | None = None
    data_uri: str | None = None
    description: str | None = None
    tags: Tags | None = None
    properties: Tags | None = None
    is_anonymous: bool | None = None
    is_archived: bool | None = None
    latest_version: str | None = None
    next_version: str | None = None

    @property
    def kind(self) -> str:
        """`uri_file`, `uri_folder` or `mltable`, however it is spelled; "" for others."""
        return _KINDS.get((self.data_type or "").replace("_", "").lower(), "")


class Asset(Message):
    """An asset (`name` its own) or one of its versions (`name` the version)."""

    name: str
    properties: AssetProperties
    system_data: SystemData | None = None


class DatastoreCredentials(Message):
    """How a datastore's account is used; no secret is in it."""

    credentials_type: str | None = None
    client_id: str | None = None
    tenant_id: str | None = None
    authority_url: str | None = None


class DatastoreProperties(Message):
    """Where a datastore is."""

    datastore_type: str | None = None
    account_name: str | None = None
    container_name: str | None = None
    filesystem: str | None = None
    endpoint: str | None = None
    protocol: str | None = None
    is_default: bool | None = None
    credentials: DatastoreCredentials | None = None


class Datastore(Message):
    """A place for data."""

    name: str
    properties: DatastoreProperties


class Secrets(Message):
    """The answer of `listSecrets`. Never shown, never kept on disk."""

    secrets_type: str | None = None
    key: str | None = None
    sas_token: str | None = None
    client_secret: str | None = None


class ManagedProperties(Message):
    """Of a workspace."""

    friendly_name: str | None = None
    description: str | None = None


class ManagedWorkspace(Message):
    """A workspace as a resource."""

    id: str
    name: str
    location: str | None = None
    properties: ManagedProperties | None = None


class Subscription(Message):
    """What an account can see."""

    subscription_id: str
    display_name: str | None = None


class Page(Message):
    """One page of a list; entries are read one by one, so that a wrong one costs no other."""

    value: list[msgspec.Raw] = []
    next_link: str | None = None


def asset_id(name: str, version: str) -> str:
    """What names a version for ever, as Azure's own tools write it."""
    return f"{name}:{version}"


def outline(asset: Asset) -> Dataset | None:
    """The latest version as the list of assets tells it; None: it has none that is shown."""
    about = asset.properties
    if not about.latest_version:
        return None
    return _dataset(asset, asset.name, about.latest_version, brief=True)


def version_of(name: str, version: Asset, *, latest: str | None) -> Dataset:
    """A version as its own answer tells it; `latest` is the asset's latest one."""
    return replace(_dataset(version, name, version.name), is_latest=version.name == latest)


def _dataset(asset: Asset, name: str, version: str, *, brief: bool = False) -> Dataset:
    about, system = asset.properties, asset.system_data or SystemData()
    return Dataset(
        id=asset_id(name, version),
        family_id=name,
        name=name,
        data_type_id="",
        description=about.description or "",
        created_date=_time(system.created_at),
        owner=system.created_by or "",
        source_origin=about.kind or about.data_type or "",
        category=version,
        is_deprecated=bool(about.is_archived),
        tags=tuple(sorted((key, value or "") for key, value in (about.tags or {}).items())),
        is_brief=brief,
        download_location=Location(location=about.data_uri or ""),
    )


def _time(text: str | None) -> datetime | None:
    try:
        found = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)


def guessed(dataset: Dataset) -> Dataset:
    """With the data type that names tell, or else the kind of asset that it is."""
    kind = data_type_of_name(dataset.download_location.location or dataset.name)
    if kind == UNKNOWN_BINARY:
        kind = dataset.source_origin or kind
    return replace(dataset, data_type_id=kind)
