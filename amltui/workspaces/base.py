"""What a workspace can be asked, whatever kind it is.

Everything above this package speaks to `Workspace` only. A kind that lacks something raises
`NotSupportedByServer` and leaves it out of `capabilities`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol, Self

from amltui.models import (
    ContentInfo,
    Dataset,
    Experiment,
    Listing,
    OutputPort,
    Quota,
    User,
    WorkspaceInfo,
)


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What this workspace can do beyond the protocol of 2015."""

    edit: bool = False
    """Rename and describe without sending the contents again."""
    versions: bool = False
    restore: bool = False
    publish: bool = False
    """Give an experiment an output."""


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
    """An upload begun; its blocks may come in any order and more than once."""

    id: str
    data_type_id: str


class Workspace(ABC):
    """A workspace's datasets and experiments.

    Use as an async context manager; nothing touches the network before that. Every method may
    raise `Unreachable`, `Unauthorized` and `ServerFailed` besides what it names.
    """

    @property
    @abstractmethod
    def key(self) -> str:
        """What names this workspace in caches, the same at every start; no secret in it."""

    @abstractmethod
    async def __aenter__(self) -> Self: ...

    @abstractmethod
    async def __aexit__(self, *exc: object) -> None: ...

    @abstractmethod
    async def info(self) -> WorkspaceInfo:
        """Name, region, and for owners the tokens."""

    @abstractmethod
    async def route(self) -> Route | None:
        """How it is reached, found out by one request without a token. None: by no network."""

    @abstractmethod
    async def capabilities(self) -> Capabilities:
        """What can be done here; asked once, then remembered."""

    @abstractmethod
    async def datasets(self, *, etag: str | None = None) -> Listing | None:
        """The latest instance of every family. None: unchanged since `etag`."""

    @abstractmethod
    async def dataset(self, dataset_id: str) -> Dataset:
        """One instance, with fresh links.

        Raises:
            DatasetGone: the workspace does not know it.
        """

    @abstractmethod
    def read(
        self,
        source: Dataset | OutputPort,
        *,
        start: int = 0,
        stop: int | None = None,
        etag: str | None = None,
    ) -> AbstractAsyncContextManager[Content]:
        """Open the bytes of a dataset or an intermediate dataset from `start` to before `stop`.

        `etag` is the validator of an earlier answer: a content that changed since comes whole,
        from byte 0 (`info.start` says so). A host without ranges also answers from byte 0.
        An expired link is renewed once. A stopped iteration closes the connection.

        Raises:
            DatasetGone: it no longer exists.
            LinkExpired: even a fresh link was refused.
            TransferCut: while iterating; the connection dropped, or ended before its length.
            ContentError: the host answered with something that is not the content.
        """

    @abstractmethod
    async def begin_upload(self, data_type_id: str) -> Upload:
        """Begin an upload of any number of blocks, also none."""

    @abstractmethod
    async def send_block(self, upload: Upload, index: int, data: bytes, *, total: int) -> None:
        """Send block `index` (0-based) of `total`; safe to repeat with the same bytes."""

    @abstractmethod
    async def commit(
        self,
        upload: Upload,
        *,
        name: str,
        description: str = "",
        data_type_id: str | None = None,
        family_id: str | None = None,
        filename: str = "",
    ) -> str:
        """Make the uploaded blocks a dataset, or the latest instance of `family_id`; its id.

        Never repeated by itself: a lost answer raises, and the caller looks whether it happened.

        Raises:
            Conflict: another dataset has this name.
            Rejected: a name that the workspace forbids.
        """

    @abstractmethod
    async def edit(
        self, dataset: Dataset, *, name: str | None = None, description: str | None = None
    ) -> Dataset:
        """Change the name or description of the latest instance without its contents.

        Raises:
            NotSupportedByServer: `capabilities().edit` is false.
            Conflict: another dataset has this name.
        """

    @abstractmethod
    async def delete(self, family_id: str) -> None:
        """Delete a dataset with all its instances."""

    @abstractmethod
    async def versions(self, family_id: str) -> tuple[Dataset, ...]:
        """All instances of a family, newest first."""

    @abstractmethod
    async def restore(self, dataset_id: str) -> Dataset:
        """Make an old instance's contents the family's latest again, as a new instance."""

    @abstractmethod
    async def experiments(self) -> tuple[Experiment, ...]:
        """All experiments, examples included, without graphs."""

    @abstractmethod
    async def experiment(self, experiment_id: str) -> Experiment:
        """One experiment with its graph."""

    @abstractmethod
    async def publish(self, port: OutputPort, data: AsyncIterator[bytes], *, size: int) -> None:
        """Give an experiment's output port its contents: `size` bytes of `port.data_type_id`."""

    @abstractmethod
    async def quota(self) -> Quota:
        """Storage used and allowed."""

    @abstractmethod
    async def users(self) -> tuple[User, ...]:
        """Who has access, with roles."""
