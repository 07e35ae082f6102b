"""Older versions of objects, where S3 or Azure keeps them. Everything here blocks.

The id of an older version is `key@etag!version`; the present one has the id that every object has.
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass, replace
from typing import Any, Final
from urllib.parse import urlsplit

from amltui.errors import AmltuiError, DatasetGone, NotSupportedByServer
from amltui.models import Dataset
from amltui.text import visible
from amltui.workspaces.capabilities import CAN, Capability
from amltui.workspaces.folder.store_connect import azure_client, is_google, is_s3, s3_client
from amltui.workspaces.folder.store_errors import LIST, WRITE, aws_mapped
from amltui.workspaces.folder.store_listing import container_of, object_of
from amltui.workspaces.folder.store_writing import ObjectPlace

MARK: Final = "!"
_NOT_GOOGLE: Final = Capability("Older versions in Google Cloud Storage are not listed here.")
_LARGEST: Final = 5 << 30
"""Bytes that S3 copies in one step."""


@dataclass(frozen=True, slots=True)
class VersionId:
    """What names a version of an object."""

    key: str
    etag: str
    version: str
    """What the store calls it; "": the present one, whatever it is called."""

    @classmethod
    def of(cls, dataset_id: str) -> VersionId:
        """What an id says."""
        key, _, rest = dataset_id.rpartition("@")
        etag, _, version = rest.partition(MARK)
        return cls(key, etag, version)


def kept(url: str) -> Capability:
    """Whether the store of an address keeps older versions of its objects."""
    if is_google(url):
        return _NOT_GOOGLE
    try:
        return _kept_by_bucket(url) if is_s3(url) else _kept_by_account(url)
    except AmltuiError as error:
        return Capability(f"Whether older versions are kept is not known: {error}.")


def _kept_by_bucket(url: str) -> Capability:
    with aws_mapped(url, LIST):
        said = s3_client().get_bucket_versioning(Bucket=urlsplit(url).netloc)
    if said.get("Status") in {"Enabled", "Suspended"}:
        return CAN
    return Capability("This bucket keeps no older versions of objects.")


def _kept_by_account(url: str) -> Capability:
    """Azure says it to those who manage the account only; what was written since shows it."""
    with closing(azure_client(url)) as client:
        from amltui.workspaces.folder.store_azure import shows_versions

        if shows_versions(client, *container_of(url)):
            return CAN
    return Capability(
        "No blob that was looked at here is a version: the storage account keeps none, or nothing "
        "was written since it does."
    )


def versions_of(url: str, place: ObjectPlace, key: str) -> tuple[Dataset, ...]:
    """All versions of an object, the present one first; `key` is its name in the workspace.

    Raises:
        DatasetGone: there is no such object now.
    """
    if is_s3(url):
        metas = _of_bucket(place, key)
    else:
        with closing(azure_client(url)) as client:
            from amltui.workspaces.folder.store_azure import versions_of

            metas = versions_of(client, place)
    found = [_dataset(meta | {"path": key}) for meta in metas]
    if not any(one.is_latest for one in found):
        raise DatasetGone(f"There is no {visible(key)} in the store", 404)
    return tuple(sorted(found, key=lambda one: not one.is_latest))  # else newest first already


def _of_bucket(place: ObjectPlace, key: str) -> list[dict[str, Any]]:
    pages = s3_client().get_paginator("list_object_versions")
    with aws_mapped(key, LIST):
        return [
            {
                "size": one["Size"],
                "e_tag": one["ETag"],
                "last_modified": one["LastModified"],
                "version": one["VersionId"],
                "latest": one["IsLatest"],
            }
            for page in pages.paginate(Bucket=place.container, Prefix=place.key)
            for one in page.get("Versions", ())
            if one["Key"] == place.key
        ]


def _dataset(meta: dict[str, Any]) -> Dataset:
    made = object_of(meta).dataset
    if meta["latest"]:
        return made
    return replace(made, id=f"{made.id}{MARK}{meta['version']}", is_latest=False)


def version_of(url: str, place: ObjectPlace, dataset_id: str) -> Dataset:
    """One version by its id, also by the id that it had while it was the present one.

    Raises:
        DatasetGone: it is not kept.
    """
    wanted = VersionId.of(dataset_id)
    for one in versions_of(url, place, wanted.key):
        found = VersionId.of(one.id)
        if found.etag == wanted.etag and wanted.version in {"", found.version}:
            return one
    raise DatasetGone(f"This version of {visible(wanted.key)} is not kept", 404)


def restore(url: str, place: ObjectPlace, version: Dataset) -> None:
    """Make an older version the present one again, as a new version.

    Raises:
        NotSupportedByServer: it is larger than S3 copies in one step.
    """
    wanted = VersionId.of(version.id).version
    if not is_s3(url):
        with closing(azure_client(url)) as client:
            from amltui.workspaces.folder.store_azure import AzureWriter

            AzureWriter(client).restore(place, wanted)
        return
    if (version.size or 0) > _LARGEST:
        raise NotSupportedByServer(
            f"{visible(version.name)} is larger than 5 GiB, which S3 does not copy in one step",
            405,
            hint="Download the version and update with it.",
        )
    source = {
        "Bucket": place.container,
        "Key": place.key,
        "VersionId": wanted,
    }
    with aws_mapped(version.key, WRITE):
        s3_client().copy_object(Bucket=place.container, Key=place.key, CopySource=source)
