"""What a store of contents can do.

A store holds immutable contents named by their SHA-256 and, beside them, the blocks of uploads
that are not yet committed, under keys of their own. Every method may raise `ServiceUnavailable`
(the store cannot be reached now) and `InsufficientStorage` (no room).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Stored:
    """A content that is in the store, whole and durable."""

    sha256: str
    size: int


class Store(ABC):
    """Contents by SHA-256 and blocks by key."""

    begin_at_once: int
    """Downloads that may begin at once."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        """On this machine: where contents lie, or pass through on their way elsewhere."""

    @abstractmethod
    async def open(self) -> None:
        """Make it ready; raises `StartError` when it cannot be used at all."""

    @abstractmethod
    async def probe(self) -> None:
        """Touch the store, for the health check."""

    @abstractmethod
    async def check_in_place(self) -> None:
        """Look, where a content is missing, whether the store as a whole is not away.

        Raises:
            ServiceUnavailable: it is: that a content is missing means nothing.
        """

    @abstractmethod
    async def is_marked(self, workspace_id: str) -> bool:
        """Whether it says of itself that it is that workspace's.

        A directory has a mark for it: where its disk is not mounted, an empty one stands in its
        place, and what a server makes there looks like a store.
        """

    @abstractmethod
    async def mark(self, workspace_id: str) -> None:
        """Make it that workspace's: from now on it takes nothing while its mark is not there."""

    @abstractmethod
    def scratch(self) -> Path:
        """A path on this machine where nothing is; `sweep` removes what a dead process left."""

    @abstractmethod
    def stage(self) -> Staged:
        """Begin to receive a content of unknown length and hash."""

    @abstractmethod
    async def put_block(
        self, upload_id: str, number: int, data: AsyncIterator[bytes]
    ) -> StoredBlock:
        """Keep a block under a new key of its own, durable when this returns."""

    @abstractmethod
    def read_block(self, key: str) -> AsyncIterator[bytes]:
        """A block's bytes."""

    @abstractmethod
    async def block_size(self, key: str) -> int | None:
        """Bytes of a block; None when there is none."""

    @abstractmethod
    async def upload_url(self, key: str) -> str | None:
        """Where a client can PUT a block without us, for a store that can sign."""

    @abstractmethod
    async def drop_blocks(self, upload_id: str) -> None:
        """Remove all blocks of an upload; none is no error."""

    @abstractmethod
    async def drop_block(self, key: str) -> None:
        """Remove one block; a missing one is no error."""

    @abstractmethod
    async def has(self, sha256: str, size: int) -> bool:
        """Whether the content is there with that size."""

    @abstractmethod
    async def delete(self, sha256: str) -> None:
        """Remove a content; a missing one is no error, unless the store as a whole is away."""

    @abstractmethod
    def read(self, sha256: str, start: int, stop: int) -> AsyncIterator[bytes]:
        """Bytes `start` to before `stop` in chunks of 1 byte to 1 MiB."""

    @abstractmethod
    def path(self, sha256: str) -> Path | None:
        """The local file, for a store that has one."""

    @abstractmethod
    async def signed_url(self, sha256: str) -> str | None:
        """Where a client can fetch the content without us, for a store that can sign."""

    @abstractmethod
    def list(self) -> AsyncIterator[Stored]:
        """All contents, in any order, with the sizes that the store gives."""

    @abstractmethod
    async def sweep(self, older_than: float, live: set[str]) -> int:
        """Remove leftovers of writers that died more than `older_than` seconds ago; how many.

        Blocks of the uploads in `live` are none.
        """


@dataclass(frozen=True, slots=True)
class StoredBlock:
    """A block that is in the store."""

    key: str
    size: int


class Staged(ABC):
    """A content on its way into the store; nobody sees it before `publish`.

    Use as an async context manager: leaving it without `publish` removes what was written.
    """

    @abstractmethod
    async def __aenter__(self) -> Staged: ...

    @abstractmethod
    async def __aexit__(self, *exc: object) -> None: ...

    @abstractmethod
    async def write(self, data: bytes) -> None:
        """Append."""

    @abstractmethod
    async def finish(self) -> Stored:
        """All is written: its hash and size, not yet under its name."""

    @abstractmethod
    async def publish(self) -> None:
        """Give it its name, durably; a content of that name may be there already."""
