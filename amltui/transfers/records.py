"""What a journal notes of transfers: plain values, of a kind for downloads, uploads and copies."""

from __future__ import annotations

import contextlib
import re
from datetime import datetime
from pathlib import Path
from typing import Final

import msgspec

from amltui.cache import Source
from amltui.models import Dataset, OutputPort

_LOOPBACK: Final = re.compile(r"(?<=://)(localhost|127\.[\d.]+|\[::1\])(?=[:/])")


def same_workspace(one: str, other: str) -> bool:
    """Whether two cache keys name one workspace; this machine has several names."""
    return _LOOPBACK.sub("localhost", one) == _LOOPBACK.sub("localhost", other)


class UploadRequest(msgspec.Struct, frozen=True, omit_defaults=True):
    """What an upload was asked to do, and how far the server knows of it."""

    path: str
    data_type_id: str
    description: str = ""
    replaces: str | None = None
    size: int = 0
    mtime_ns: int = 0
    part_size: int = msgspec.field(default=0, name="block_size")
    upload_id: str | None = None
    """The server's name for it. None: not begun there."""
    beginning: datetime | None = None
    """Since when it may be begun there under a name that nobody here knows. None: it is not."""
    folder: bool = False
    """Whether it is a folder: `size` is that of its files, `mtime_ns` the latest of theirs."""
    source: str = ""
    """The id of the dataset elsewhere that is sent as it comes. "": a file or folder is."""
    committing: bool = False
    """Whether the server was asked to make it a dataset; it may have done so."""

    @property
    def begun(self) -> bool:
        """Whether the server may hold something of it."""
        return self.upload_id is not None or self.beginning is not None

    def sends_the_same(self, other: UploadRequest) -> bool:
        """Whether both send one file, unchanged, or one dataset as data of one type."""

        def what(one: UploadRequest) -> tuple[object, ...]:
            return one.path, one.source, one.size, one.mtime_ns, one.data_type_id

        return what(self) == what(other)


class DownloadRequest(msgspec.Struct, frozen=True, omit_defaults=True):
    """A download as it was asked for: of a dataset or of an experiment's output."""

    target: str | None
    overwrite: bool = False
    placing: str = ""
    """Of what is about to get the final name its hex SHA-256, or `destinations.mark_of` where that
    was not wanted; a target that has it is ours."""
    dataset: Dataset | None = None
    port: OutputPort | None = None

    def __post_init__(self) -> None:
        self.source  # noqa: B018 - a record that names no source is no record

    @property
    def source(self) -> Source:
        """What is downloaded."""
        source = self.dataset or self.port
        if source is None:
            raise ValueError("a download needs a dataset or an output")
        return source


class _Transfer(msgspec.Struct, frozen=True, omit_defaults=True, tag_field="kind"):
    id: str
    workspace: str
    """The workspace's cache key."""
    name: str
    begun: datetime
    error: str = ""
    """Why it stopped, safe to show; "": nothing went wrong, as far as this was noted."""
    paused: bool = False
    """Whether somebody paused it: it does not go on before somebody says so."""
    part_of: str = ""
    """The id of the copies that it is a part of, and that go on with it. "": it is none's."""


class DownloadRecord(_Transfer, frozen=True, kw_only=True, tag="download"):
    """A download that is not over."""

    request: DownloadRequest = msgspec.field(name="download")


class UploadRecord(_Transfer, frozen=True, kw_only=True, tag="upload"):
    """An upload that is not over."""

    request: UploadRequest = msgspec.field(name="upload")
    given_up: bool = False
    """Whether nobody goes on with it: only its parts at the workspace are still to be removed."""

    def makes_the_same(self, other: UploadRecord) -> bool:
        """Whether both are to make one dataset: a version of the same, or a new one of one name."""
        if self.request.replaces is None and self.name != other.name:
            return False
        return self.request.replaces == other.request.replaces


class CopyEnd(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where copies come from or go to."""

    key: str
    """The workspace's cache key."""
    place: str = ""
    """The profile, address or path to reach it by. "": by what is in force."""
    on_disk: bool = False
    """Whether `place` is a folder of this disk, which may be written as a target."""


class CopyPart(msgspec.Struct, frozen=True, omit_defaults=True):
    """One of the copies that were asked for together."""

    source: Dataset
    name: str
    """What it is to be called at the target; no other part has this name."""
    replaces: Dataset | None = None
    """What had this name there, and is to be replaced."""
    inside: bool = False
    """Whether it is copied inside the store."""
    versions: bool = False
    """Whether all versions are copied."""
    older: tuple[Dataset, ...] = ()
    """Versions that are copied before it, the oldest first."""

    @property
    def size(self) -> int | None:
        """Bytes in all, where known."""
        sizes = [one.size for one in (*self.older, self.source)]
        return None if None in sizes else sum(size or 0 for size in sizes)


class CopyRequest(msgspec.Struct, frozen=True):
    """Copies from one workspace to another as they were asked for."""

    source: CopyEnd
    target: CopyEnd
    parts: tuple[CopyPart, ...]


class CopyRecord(_Transfer, frozen=True, kw_only=True, tag="copy"):
    """Copies that were asked for together and are not all made; `workspace` is the source's."""

    request: CopyRequest = msgspec.field(name="copy")
    asked_in: str = ""
    """The cache key of the workspace that was in force."""

    def concerns(self, workspace: str) -> bool:
        """Whether somebody who looks at this workspace expects them among its transfers."""
        keys = (self.workspace, self.request.target.key, self.asked_in)
        return any(same_workspace(one, workspace) for one in keys)


Record = DownloadRecord | UploadRecord
"""One download or upload that is not over; in the file `kind` says which."""
_DECODER: Final = msgspec.json.Decoder[Record | CopyRecord](Record | CopyRecord)


def records_in(directory: Path) -> list[Record | CopyRecord]:
    """All records of a journal, oldest first; what cannot be read is none."""
    found: list[Record | CopyRecord] = []
    with contextlib.suppress(OSError):
        for path in directory.glob("*.json"):
            with contextlib.suppress(OSError, msgspec.DecodeError):
                found.append(_DECODER.decode(path.read_bytes()))
    return sorted(found, key=lambda record: record.begun)
