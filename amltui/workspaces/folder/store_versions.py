"""Older versions of objects, where a bucket of S3 keeps them. Everything here blocks.

The id of an older version is `key@etag!version`; the present one has the id that every object has.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final
from urllib.parse import urlsplit

from amltui.errors import AmltuiError, DatasetGone, NotSupportedByServer
from amltui.models import Dataset
from amltui.text import visible
from amltui.workspaces.capabilities import CAN, Capability
from amltui.workspaces.folder.store_connect import is_s3, s3_client
from amltui.workspaces.folder.store_errors import LIST, WRITE, aws_mapped
from amltui.workspaces.folder.store_listing import object_of
from amltui.workspaces.folder.store_writing import Place

MARK: Final = "!"
_ONLY_S3: Final = Capability("Older versions are listed only where a bucket of S3 keeps them.")
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
    """Whether the bucket of an address keeps older versions of its objects."""
    if not is_s3(url):
        return _ONLY_S3
    try:
        with aws_mapped(url, LIST):
            said = s3_client().get_bucket_versioning(Bucket=urlsplit(url).netloc)
    except AmltuiError as error:
        return Capability(f"Whether older versions are kept is not known: {error}.")
    if said.get("Status") in {"Enabled", "Suspended"}:
        return CAN
    return Capability("This bucket keeps no older versions of objects.")


def versions_of(place: Place, key: str) -> tuple[Dataset, ...]:
    """All versions of an object, the present one first; `key` is its name in the workspace.

    Raises:
        DatasetGone: there is no such object now.
    """
    pages = s3_client().get_paginator("list_object_versions")
    found: list[Dataset] = []
    with aws_mapped(key, LIST):
        for page in pages.paginate(Bucket=place.container, Prefix=place.key):
            found += [
                _dataset(one, key) for one in page.get("Versions", ()) if one["Key"] == place.key
            ]
    if not any(one.is_latest for one in found):
        raise DatasetGone(f"There is no {visible(key)} in the store", 404)
    return tuple(sorted(found, key=lambda one: not one.is_latest))  # else newest first already


def _dataset(one: dict[str, Any], key: str) -> Dataset:
    made = object_of(
        {
            "path": key,
            "size": one["Size"],
            "e_tag": one["ETag"],
            "last_modified": one["LastModified"],
        }
    ).dataset
    if one["IsLatest"]:
        return made
    return replace(made, id=f"{made.id}{MARK}{one['VersionId']}", is_latest=False)


def version_of(place: Place, dataset_id: str) -> Dataset:
    """One version by its id, also by the id that it had while it was the present one.

    Raises:
        DatasetGone: it is not kept.
    """
    wanted = VersionId.of(dataset_id)
    for one in versions_of(place, wanted.key):
        found = VersionId.of(one.id)
        if found.etag == wanted.etag and wanted.version in {"", found.version}:
            return one
    raise DatasetGone(f"This version of {visible(wanted.key)} is not kept", 404)


def restore(place: Place, version: Dataset) -> None:
    """Make an older version the present one again, as a new version.

    Raises:
        NotSupportedByServer: it is larger than S3 copies in one step.
    """
    if (version.size or 0) > _LARGEST:
        raise NotSupportedByServer(
            f"{visible(version.name)} is larger than 5 GiB, which S3 does not copy in one step",
            405,
            hint="Download the version and update with it.",
        )
    source = {
        "Bucket": place.container,
        "Key": place.key,
        "VersionId": VersionId.of(version.id).version,
    }
    with aws_mapped(version.key, WRITE):
        s3_client().copy_object(Bucket=place.container, Key=place.key, CopySource=source)
