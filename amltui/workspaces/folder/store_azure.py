"""Writing to Azure Blob Storage: blocks, block lists and copies, by Azure's own client.

Blocks that were never committed are removed by Azure itself after a week.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, Final
from urllib.parse import quote

from azure.core import MatchConditions, exceptions
from azure.storage.blob import BlobBlock, BlobServiceClient

from amltui.errors import (
    AmltuiError,
    Conflict,
    ContentChanged,
    NotFound,
    Rejected,
    ServerFailed,
    Unreachable,
)
from amltui.text import visible
from amltui.workspaces.folder.store_errors import DELETE, LIST, READ, WRITE, by_answer
from amltui.workspaces.folder.store_writing import (
    Begun,
    GoOn,
    Known,
    ObjectPlace,
    unheard,
    unstopped,
)

_TOKEN: Final = "amltui_upload"  # noqa: S105 - the name of a metadata entry
_WAIT: Final = 0.5
"""Seconds between two looks at a copy that Azure makes in the background."""
_LOOKED_AT: Final = 1_000
"""Blobs that are looked at for versions."""
_STALL: Final = 300.0
"""Seconds in which such a copy must come further; Azure itself may take days for a large one."""


class AzureWriter:
    """A storage account; see `store_writing.Writer`."""

    def __init__(self, client: BlobServiceClient) -> None:
        self._client = client

    def close(self) -> None:
        """Let go of the connections."""
        self._client.close()

    def begin(self, place: ObjectPlace, token: str) -> str:
        """Send a first block that belongs to no object: it shows that the upload is known."""
        with _mapped(place.key, WRITE):
            self._blob(place).stage_block(_mark(token), b"-")
        return token

    def send(self, place: ObjectPlace, upload: str, index: int, data: bytes) -> None:
        """See `Writer`."""
        with _mapped(place.key, WRITE):
            self._blob(place).stage_block(_block(upload, index), data, validate_content=True)

    def complete(self, place: ObjectPlace, upload: str, token: str, *, etag: str | None) -> None:
        """See `Writer`."""
        try:
            self._commit(place, upload, token, etag)
        except (NotFound, Conflict, Rejected) as error:
            if self._token(place) == token:
                return
            if isinstance(error, Rejected):
                # Somebody else's commit of this name drops our blocks: the list is refused then.
                raise NotFound("The store no longer knows this upload", 404) from None
            raise

    def _commit(self, place: ObjectPlace, upload: str, token: str, etag: str | None) -> None:
        with _mapped(place.key, WRITE):
            _, waiting = self._blob(place).get_block_list("uncommitted")
        names = {block.id for block in waiting}
        if _mark(upload) not in names:
            raise NotFound("The store no longer knows this upload", 404)
        parts = sorted(name for name in names if name.startswith(f"{upload}-"))
        with _mapped(place.key, WRITE):
            self._blob(place).commit_block_list(
                [BlobBlock(block_id=name) for name in parts if name != _mark(upload)],
                metadata={_TOKEN: token},
                **_only(etag),
            )

    def abort(self, place: ObjectPlace, upload: str) -> None:
        """Nothing: Azure removes blocks by itself, and only all of a name at once."""
        del place, upload

    def abort_unnamed(self, place: ObjectPlace, since: datetime, known: Known) -> None:
        """Nothing, as `abort`."""
        del place, since, known

    def erase(self, place: ObjectPlace, versions: Sequence[str]) -> None:
        """See `Writer`; the present version is deleted as the object first."""
        with _mapped(place.key, DELETE):
            self._blob(place).delete_blob()
            for version in versions:
                self._blob(place).delete_blob(version_id=version)

    def size(self, place: ObjectPlace) -> int | None:
        """Bytes of the object; None: there is none."""
        try:
            with _mapped(place.key, READ):
                return int(self._blob(place).get_blob_properties().size)
        except NotFound:
            return None

    def copy(
        self,
        source: ObjectPlace,
        etag: str,
        target: ObjectPlace,
        begun: Begun = unheard,
        go_on: GoOn = unstopped,
    ) -> None:
        """See `Writer`; Azure copies by itself, so there is no upload."""
        del begun
        with _mapped(source.key, READ):
            if self._blob(source).get_blob_properties().etag.strip('"') != etag:
                raise ContentChanged(f"{visible(source.key)} was changed in the store meanwhile")
        blob = self._blob(target)
        with _mapped(target.key, WRITE):
            made = blob.start_copy_from_url(
                self._blob(source).url,
                source_etag=f'"{etag}"',
                source_match_condition=MatchConditions.IfNotModified,
                **_only(None),
            )
        if made["copy_status"] == "success":
            return
        try:
            status = self._awaited(target, made["copy_id"], go_on)
        except BaseException:
            self._give_up(target, made["copy_id"])
            raise
        if status != "success":
            self._give_up(target, made["copy_id"])
            raise ServerFailed(
                f"Azure did not copy {visible(source.key)} ({visible(status)[:40]})", 502
            )

    def restore(self, place: ObjectPlace, version: str) -> None:
        """Copy an older version onto the object, as a new version."""
        blob = self._blob(place)
        source = f"{blob.url}{'&' if '?' in blob.url else '?'}versionid={quote(version, safe='')}"
        with _mapped(place.key, WRITE):
            made = blob.start_copy_from_url(source)
        if made["copy_status"] == "success":
            return
        status = self._awaited(place, made["copy_id"])
        if status != "success":
            raise ServerFailed(
                f"Azure did not restore {visible(place.key)} ({visible(status)[:40]})",
                502,
                hint="No version is lost: restore one again.",
            )

    def _awaited(self, target: ObjectPlace, copy: str, go_on: GoOn = unstopped) -> str:
        """How a copy ended that Azure makes in the background, telling nobody when it is done.

        Raises:
            ServerFailed: it came no further for a while.
            Conflict: somebody else put something there meanwhile.
        """
        progress, moved = "", time.monotonic()
        while True:
            go_on(int(progress.partition("/")[0] or 0))
            with _mapped(target.key, READ):
                about = self._blob(target).get_blob_properties().copy
            if about.id != copy:
                raise Conflict(f"Somebody else wrote {visible(target.key)} meanwhile", 409)
            if about.status != "pending":
                return str(about.status)
            if about.progress != progress:
                progress, moved = about.progress, time.monotonic()
            elif time.monotonic() - moved > _STALL:
                raise ServerFailed(
                    f"Azure's copy to {visible(target.key)} came no further for {_STALL:.0f} s",
                    504,
                    hint="It was stopped, and what it had made was removed. Try again later.",
                )
            time.sleep(_WAIT)  # the store tells nobody when it is done

    def _give_up(self, target: ObjectPlace, copy: str) -> None:
        """Stop a copy and remove what it made, unless that is somebody else's by now."""
        blob = self._blob(target)
        with contextlib.suppress(AmltuiError), _mapped(target.key, WRITE):
            with contextlib.suppress(exceptions.HttpResponseError):  # it is over
                blob.abort_copy(copy)
            about = blob.get_blob_properties()
            if about.copy.id == copy and about.copy.status != "success":
                blob.delete_blob(etag=about.etag, match_condition=MatchConditions.IfNotModified)

    def _blob(self, place: ObjectPlace) -> Any:
        return self._client.get_blob_client(place.container, place.key)

    def _token(self, place: ObjectPlace) -> str | None:
        """The token of the upload that made the object; None: it has none, or is not there."""
        try:
            with _mapped(place.key, READ):
                found: str | None = self._blob(place).get_blob_properties().metadata.get(_TOKEN)
                return found
        except AmltuiError:
            return None


def pages_of(
    client: BlobServiceClient, container: str, prefix: str
) -> Iterator[list[dict[str, Any]]]:
    """See `store_connect.raw_pages`."""
    blobs = client.get_container_client(container).list_blobs(name_starts_with=prefix)
    with _mapped(container, LIST):
        for page in blobs.by_page():
            yield [
                {
                    "path": one.name,
                    "size": one.size,
                    "e_tag": one.etag,
                    "last_modified": one.last_modified,
                }
                for one in page
            ]


def shows_versions(client: BlobServiceClient, container: str, prefix: str) -> bool:
    """Whether one of the first blobs below a prefix is a version."""
    blobs = client.get_container_client(container).list_blobs(
        name_starts_with=prefix or None, include=["versions"], results_per_page=_LOOKED_AT
    )
    with _mapped(container, LIST):
        return any(one.version_id for one in next(blobs.by_page(), ()))


def versions_of(client: BlobServiceClient, place: ObjectPlace) -> list[dict[str, Any]]:
    """All versions of a blob, newest first, in obstore's terms, and whether each is the present."""
    blobs = client.get_container_client(place.container).list_blobs(
        name_starts_with=place.key, include=["versions"]
    )
    with _mapped(place.key, LIST):
        found = [
            {
                "size": one.size,
                "e_tag": one.etag,
                "last_modified": one.last_modified,
                "version": one.version_id,
                # A blob that was written before versions were kept is none.
                "latest": bool(one.is_current_version) or not one.version_id,
            }
            for one in blobs
            if one.name == place.key
        ]
    return found[::-1]  # Azure begins with the oldest


def _only(etag: str | None) -> dict[str, Any]:
    """The condition that nobody has the name, or that the object is still this version."""
    if etag is None:
        return {"match_condition": MatchConditions.IfMissing}
    return {"etag": f'"{etag}"', "match_condition": MatchConditions.IfNotModified}


def _block(upload: str, index: int) -> str:
    """A block's name: all of one blob have the same length, and sort as their places."""
    return f"{upload}-{index:06d}"


def _mark(upload: str) -> str:
    return f"{upload}-begins"  # as long as a block's name


@contextlib.contextmanager
def _mapped(what: str, action: str) -> Iterator[None]:
    """Turn what Azure's client raises into errors of ours."""
    try:
        yield
    except exceptions.HttpResponseError as error:
        headers: Any = getattr(error.response, "headers", {})
        raise by_answer(
            what,
            error.status_code or 500,
            str(getattr(error, "error_code", None) or ""),
            action,
            retry_after=headers.get("retry-after"),
        ) from None
    except exceptions.AzureError as error:
        raise Unreachable(
            f"No answer from the store of {visible(what)}: {type(error).__name__}"
        ) from None
