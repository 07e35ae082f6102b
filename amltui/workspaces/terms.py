"""What a workspace is told and what it answers with, beside the models."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from amltui.models import ContentInfo, Dataset

Seen = Callable[[tuple[Dataset, ...]], None]
"""Takes a page of a list."""
FilesAsked = Callable[[Sequence[str], Sequence[Any]], list[int] | None]
"""Takes names and values of what folders say of files, see `queries.files_asked`, in a thread."""


@dataclass(frozen=True, slots=True)
class VersionPage:
    """Some versions of a dataset, in the order from the newest to the oldest."""

    versions: tuple[Dataset, ...]
    more: bool = False
    """Whether older ones follow."""


@dataclass(frozen=True, slots=True)
class LocalContent:
    """A content that lies on this disk."""

    path: Path
    sha256: str | None = None
    """What the workspace says of its bytes. None: it knows no more than the file."""


@dataclass(frozen=True, slots=True)
class PartSizes:
    """How an upload may be cut into parts, in bytes; the last part may be smaller."""

    smallest: int = 1
    largest: int = 64 << 20
    most: int = 10_000
    """Parts in one upload."""


@dataclass(frozen=True, slots=True)
class Route:
    """The way to a workspace, as one request took it."""

    address: str
    """Scheme, host and port; no path, no secret."""
    encrypted: bool
    tls: str | None = None
    """Version and cipher. None: not encrypted."""
    proxy: str | None = None
    """Host and port of the proxy in force, and the variable that names it."""
    clock_skew: float | None = None
    """Seconds that this machine's clock is ahead of the server's. None: it did not say."""


class Content(Protocol):
    """An open content: what the host said, then its bytes, by iterating or by `readinto`."""

    @property
    def info(self) -> ContentInfo:
        """Size, validator, digest and offset, known before the first byte."""

    def __aiter__(self) -> AsyncIterator[bytes]:
        """The bytes from `info.start` on, in chunks of 1 byte to 1 MiB."""

    async def readinto(self, view: memoryview) -> int:
        """Put the next bytes into `view`, which is not empty: how many; 0 only at the end.

        Waits for the first byte; then no longer than some milliseconds for more.
        """


@dataclass(frozen=True, slots=True)
class Upload:
    """An upload begun. A later process goes on with it by the same two values."""

    id: str
    data_type_id: str
