"""Writing objects of any size in parts, and copying them inside a store. Everything here blocks.

An upload in parts is named by what the store itself keeps of it, so that another process can go on
with it. The object carries the upload's token in its metadata: a commit whose answer was lost can
be asked again, and says whether it happened.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import threading
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Protocol

from amltui.errors import AmltuiError, Conflict, ContentChanged, NotFound
from amltui.text import visible
from amltui.workspaces.folder.store_errors import DELETE, READ, WRITE, aws_mapped

TOKEN: Final = "amltui-upload"  # noqa: S105 - the name of a metadata entry
_CLOCKS: Final = timedelta(minutes=15)
"""How far the clocks of S3 and of who asks it may be apart."""
Begun = Callable[[str], None]
Known = Callable[[], Collection[str]]
"""Gives ids; asked when it is known which uploads there are."""
GoOn = Callable[[int], None]
_COPIED: Final = 64 << 20
"""Bytes that S3 copies in one step, which takes it about a second; an end waits for it."""
_STEPS: Final = 10_000
"""Of one copy at most."""
_STEPS_AT_ONCE: Final = 4


def unheard(upload: str) -> None:
    """Takes the id of an upload that nobody notes."""
    del upload


def unstopped(copied: int) -> None:
    """Is asked by a copy that nobody stops."""
    del copied


@dataclass(frozen=True, slots=True)
class ObjectPlace:
    """An object in the terms of its store."""

    container: str
    """Bucket or container."""
    key: str
    """The whole key, with the prefix of the workspace."""


class Writer(Protocol):
    """How one kind of store takes objects in parts.

    `etag` of a condition, without quotes: only in place of this version. None: only where there is
    no object.
    """

    def begin(self, place: ObjectPlace, token: str) -> str:
        """Begin an upload; what the store calls it."""

    def send(self, place: ObjectPlace, upload: str, index: int, data: bytes) -> None:
        """Send part `index` (0-based), again if need be."""

    def complete(self, place: ObjectPlace, upload: str, token: str, *, etag: str | None) -> None:
        """Make the object of all parts that were sent; safe to repeat.

        Raises:
            NotFound: the store does not know the upload.
            Conflict: there is such an object, or another version than `etag`.
        """

    def abort(self, place: ObjectPlace, upload: str) -> None:
        """Give the parts up, where the store does not let them expire by itself."""

    def abort_unnamed(self, place: ObjectPlace, since: datetime, known: Known) -> None:
        """Give up uploads for the object that were begun from `since` on and hold no part.

        Not those that `known` gives: somebody has them.

        Raises:
            AmltuiError: the store does not list uploads, or these credentials may not.
        """

    def erase(self, place: ObjectPlace, versions: Sequence[str]) -> None:
        """Delete an object and these versions, which are all that it has."""

    def copy(
        self,
        source: ObjectPlace,
        etag: str,
        target: ObjectPlace,
        begun: Begun = unheard,
        go_on: GoOn = unstopped,
    ) -> None:
        """Copy one version of an object to a name that nobody has, inside the store.

        `begun` is told what the store calls the upload, where the copy is one. `go_on` is told
        now and then how many bytes are copied: what it raises ends the copy, of which nothing is
        left.

        Raises:
            Conflict: the name is taken.
            ContentChanged: the object is another version now.
        """


class S3Writer:
    """S3, by botocore."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def begin(self, place: ObjectPlace, token: str) -> str:
        """See `Writer`."""
        return self._begun(place, Metadata={TOKEN: token})

    def _begun(self, place: ObjectPlace, **about: Any) -> str:
        since = datetime.now(UTC)
        with aws_mapped(place.key, WRITE):
            made = self._client.create_multipart_upload(
                Bucket=place.container, Key=place.key, **about
            )
        upload = str(made["UploadId"])
        if made["ResponseMetadata"].get("RetryAttempts"):  # the first answer may have been lost
            with contextlib.suppress(AmltuiError):
                self.abort_unnamed(place, since, lambda: {upload})
        return upload

    def send(self, place: ObjectPlace, upload: str, index: int, data: bytes) -> None:
        """See `Writer`."""
        digest = hashlib.md5(data, usedforsecurity=False).digest()
        with aws_mapped(place.key, WRITE):
            self._client.upload_part(
                Bucket=place.container,
                Key=place.key,
                UploadId=upload,
                PartNumber=index + 1,
                Body=data,
                ContentMD5=base64.b64encode(digest).decode(),
            )

    def complete(self, place: ObjectPlace, upload: str, token: str, *, etag: str | None) -> None:
        """See `Writer`."""
        condition = {"IfNoneMatch": "*"} if etag is None else {"IfMatch": f'"{etag}"'}
        try:
            with aws_mapped(place.key, WRITE):
                parts = self._parts(place, upload)
                if not parts:  # S3 takes no upload of none
                    self._client.put_object(
                        Bucket=place.container,
                        Key=place.key,
                        Body=b"",
                        Metadata={TOKEN: token},
                        **condition,
                    )
                    self.abort(place, upload)
                    return
                self._client.complete_multipart_upload(
                    Bucket=place.container,
                    Key=place.key,
                    UploadId=upload,
                    MultipartUpload={"Parts": parts},
                    **condition,
                )
        except (NotFound, Conflict):
            if self._token(place) != token:
                raise

    def abort(self, place: ObjectPlace, upload: str) -> None:
        """See `Writer`."""
        with aws_mapped(place.key, WRITE):
            self._client.abort_multipart_upload(
                Bucket=place.container, Key=place.key, UploadId=upload
            )

    def abort_unnamed(self, place: ObjectPlace, since: datetime, known: Known) -> None:
        """See `Writer`."""
        with aws_mapped(place.key, WRITE):
            pages = self._client.get_paginator("list_multipart_uploads").paginate(
                Bucket=place.container, Prefix=place.key
            )
            there = [
                str(one["UploadId"])
                for page in pages
                for one in page.get("Uploads", ())
                if one["Key"] == place.key and one["Initiated"] >= since - _CLOCKS
            ]
        kept = known() if there else ()
        for upload in there:
            if upload not in kept and not self._parts(place, upload):
                with contextlib.suppress(NotFound):
                    self.abort(place, upload)

    def erase(self, place: ObjectPlace, versions: Sequence[str]) -> None:
        """See `Writer`; a deletion of the object itself would be one more version."""
        with aws_mapped(place.key, DELETE):
            for version in versions:
                self._client.delete_object(Bucket=place.container, Key=place.key, VersionId=version)

    def copy(
        self,
        source: ObjectPlace,
        etag: str,
        target: ObjectPlace,
        begun: Begun = unheard,
        go_on: GoOn = unstopped,
    ) -> None:
        """See `Writer`; in parts, because only so can it be made conditional on every S3."""
        with aws_mapped(source.key, READ):
            head = self._client.head_object(Bucket=source.container, Key=source.key)
        if head["ETag"].strip('"') != etag:
            raise ContentChanged(f"{visible(source.key)} was changed in the store meanwhile")
        kept = {"ContentType": head["ContentType"]} if head.get("ContentType") else {}
        size = int(head["ContentLength"])
        if size == 0:
            with aws_mapped(target.key, WRITE):
                self._client.put_object(
                    Bucket=target.container, Key=target.key, Body=b"", IfNoneMatch="*"
                )
            return
        upload = self._begun(target, Metadata=head["Metadata"], **kept)
        try:
            begun(upload)
            self._copy_parts(source, etag, target, upload, size, go_on)
        except BaseException:
            self.abort(target, upload)
            raise

    def _copy_parts(
        self,
        source: ObjectPlace,
        etag: str,
        target: ObjectPlace,
        upload: str,
        size: int,
        go_on: GoOn,
    ) -> None:
        length, copied, counting = max(_COPIED, -(-size // _STEPS)), 0, threading.Lock()

        def copy(number: int, start: int) -> None:
            nonlocal copied
            end = min(size, start + length)
            with counting:
                go_on(copied)
            with aws_mapped(target.key, WRITE):
                self._client.upload_part_copy(
                    Bucket=target.container,
                    Key=target.key,
                    UploadId=upload,
                    PartNumber=number,
                    CopySource={"Bucket": source.container, "Key": source.key},
                    CopySourceIfMatch=f'"{etag}"',
                    CopySourceRange=f"bytes={start}-{end - 1}",
                )
            with counting:
                copied += end - start

        with ThreadPoolExecutor(_STEPS_AT_ONCE) as pool:
            starts = range(0, size, length)
            steps = [pool.submit(copy, number, start) for number, start in enumerate(starts, 1)]
            try:
                for step in as_completed(steps):
                    step.result()
            finally:
                pool.shutdown(cancel_futures=True)  # the upload is given up when none is under way
        go_on(copied)
        with aws_mapped(target.key, WRITE):
            self._client.complete_multipart_upload(
                Bucket=target.container,
                Key=target.key,
                UploadId=upload,
                MultipartUpload={"Parts": self._parts(target, upload)},
                IfNoneMatch="*",
            )

    def _parts(self, place: ObjectPlace, upload: str) -> list[dict[str, Any]]:
        pages = self._client.get_paginator("list_parts").paginate(
            Bucket=place.container, Key=place.key, UploadId=upload
        )
        return [
            {"PartNumber": part["PartNumber"], "ETag": part["ETag"]}
            for page in pages
            for part in page.get("Parts", ())
        ]

    def _token(self, place: ObjectPlace) -> str | None:
        """The token of the upload that made the object; None: it has none, or is not there."""
        try:
            with aws_mapped(place.key, READ):
                head = self._client.head_object(Bucket=place.container, Key=place.key)
        except AmltuiError:
            return None
        found: str | None = head["Metadata"].get(TOKEN)
        return found
