"""What a workspace can be asked, whatever kind it is.

Everything above this package speaks to `Workspace` only, and asks no kind for its name: what a kind
lacks it says in its `Capabilities`, with the sentence that is shown instead.

A new kind is a subclass in a module of its own, a branch in `opening.workspace_of`, and a line in
`KINDS` of the contract suite, tests/contracts/test_workspaces.py, which says what it must keep.

A dataset has a `key`, which all its versions share, and an `id`, which names one version for ever:
the contents of an id never change, so it is what caches go by.
"""

from __future__ import annotations

import dataclasses
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import AbstractAsyncContextManager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol, Self

from amltui.errors import NotFound, NotSupportedByServer, Rejected, UsageError
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
from amltui.text import near_names, visible

_caller_retries: ContextVar[bool] = ContextVar("caller_retries", default=False)


@contextmanager
def caller_retries() -> Iterator[None]:
    """Within it no workspace repeats a request: the caller decides that, by a policy of its own.

    Two policies, one inside the other, would ask as often as their counts multiplied.
    """
    before = _caller_retries.set(True)
    try:
        yield
    finally:
        _caller_retries.reset(before)


def may_repeat() -> bool:
    """Whether a workspace may repeat the request that is being made; see `caller_retries`."""
    return not _caller_retries.get()


@dataclass(frozen=True, slots=True)
class Capability:
    """Whether something can be done in a workspace; true where it can."""

    missing: str = ""
    """The sentence that is shown where it cannot; "" where it can."""

    def __bool__(self) -> bool:
        return not self.missing

    def require(self) -> None:
        """See that it can be done.

        Raises:
            NotSupportedByServer: it cannot.
        """
        if self.missing:
            raise NotSupportedByServer(self.missing, 405)


CAN: Final = Capability()


@dataclass(frozen=True, slots=True)
class LocalContent:
    """A content that lies on this disk."""

    path: Path
    sha256: str | None = None
    """What the workspace says of its bytes. None: it knows no more than the file."""


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What can be done in a workspace beyond listing and reading."""

    write: Capability = CAN
    """Upload, update and delete."""
    edit: Capability = Capability("This workspace cannot rename or describe a dataset in place.")
    """Describe, and rename where that can be, without sending the contents again."""
    rename: Capability = CAN
    """Give a dataset another name, in place or by sending it again."""
    archive: Capability = Capability("This workspace has no archive: what is deleted is gone.")
    """Hide datasets instead of deleting them, and bring them back; `delete` does the same then."""
    versions: Capability = Capability("This workspace keeps no list of a dataset's versions.")
    restore: Capability = Capability("This workspace cannot restore an old version.")
    experiments: Capability = Capability("This workspace has no experiments.")
    publish: Capability = Capability("This workspace takes no outputs of experiments.")
    """Give an experiment an output."""
    tokens: Capability = Capability("This workspace has no access tokens to manage.")
    users: Capability = Capability("This workspace does not say who has access.")
    quota: Capability = Capability("This workspace does not say how much it may hold.")
    copy: Capability = Capability("Contents are copied by way of this machine.")
    """Copy a content without sending it here and back."""
    exclusive: Capability = CAN
    """Of several who write one name at once exactly one wins, and the others are told."""

    @property
    def lacks(self) -> tuple[str, ...]:
        """The names of what cannot be done.

        Copying always can: it only takes longer. Where there is no archive, there is deleting.
        """
        names = (field.name for field in dataclasses.fields(self))
        return tuple(
            name for name in names if name not in {"copy", "archive"} and not getattr(self, name)
        )


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


@dataclass(frozen=True, slots=True)
class Level:
    """One folder of a workspace."""

    folders: tuple[str, ...]
    """The folders in it: whole names, with `/` at the end."""
    datasets: tuple[Dataset, ...]
    unreadable: int = 0
    """Entries beside them that could not be read."""


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


class Workspace(ABC):
    """A workspace's datasets and experiments.

    Use as an async context manager; nothing touches the network before that. Every method may
    raise `Unreachable`, `Unauthorized` and `ServerFailed` besides what it names.
    """

    part_sizes: PartSizes = PartSizes()

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
        """The latest version of every dataset. None: unchanged since `etag`."""

    async def pages(self) -> AsyncIterator[tuple[Dataset, ...]]:
        """As `datasets`, in pieces as they come, for lists that are long."""
        listing = await self.datasets()
        assert listing is not None  # asked without an etag
        yield listing.datasets

    async def level(self, prefix: str) -> Level:
        """What lies directly in a folder, where names have folders: parts that end in `/`.

        `prefix`: "" for the top, else with `/` at its end.

        Raises:
            NotFound: nothing lies below it.
        """
        return level_of(prefix, [one async for page in self.pages() for one in page])

    async def find(self, name: str) -> Dataset:
        """The latest version of the dataset of this name (case-sensitive), key or id.

        Raises:
            UsageError: no name given, or several datasets have it.
            NotFound: none has it; the hint names near ones.
        """
        return find_dataset(name, [one async for page in self.pages() for one in page])

    async def named(self, name: str) -> Dataset | None:
        """The latest version of the dataset of exactly this name. None: there is none."""
        async for page in self.pages():
            for one in page:
                if one.name == name:
                    return one
        return None

    @abstractmethod
    async def dataset(self, dataset_id: str) -> Dataset:
        """One version, the latest or an older one, ready to be read.

        Raises:
            DatasetGone: the workspace does not know it.
        """

    async def local_content(self, dataset: Dataset) -> LocalContent | None:
        """Where the contents of `dataset` lie on this disk, so that nothing needs to be copied.

        The file must not be changed, and stays there only as long as the dataset does: open it
        at once. None: this kind has none, or has it elsewhere.
        """
        del dataset
        return None

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
        An expired link is renewed once. A stopped iteration closes the connection. A failure is
        never tried again here: whoever reads knows how far it came, and when to ask for the rest.

        Raises:
            DatasetGone: it no longer exists.
            LinkExpired: even a fresh link was refused.
            TransferCut: while iterating; the connection dropped, or ended before its length.
            ContentError: the host answered with something that is not the content.
        """

    def check_name(self, name: str) -> None:
        """See before contents are sent that a dataset can have this name at all.

        Raises:
            Rejected: it cannot.
        """
        if not name.strip():
            raise Rejected("A dataset needs a name", 400)

    def name_for(self, dataset: Dataset, name: str) -> str:
        """What a copy of `dataset` is to be called here, where `name` is its name elsewhere."""
        del dataset
        return name

    def copies_from(self, other: Workspace) -> bool:
        """Whether `copy_from` copies from that workspace, without its bytes passing here."""
        del other
        return False

    async def copy_from(self, other: Workspace, dataset: Dataset, *, name: str) -> str:
        """Copy a dataset of `other` to a name that nobody has, with description and type; its id.

        Raises:
            NotSupportedByServer: `copies_from` says no.
            Conflict: another dataset has this name.
            ContentChanged, DatasetGone: it is no longer what was listed.
        """
        del other, dataset, name
        await self._require("copy")
        raise NotImplementedError

    @abstractmethod
    async def begin_upload(self, data_type_id: str, *, name: str = "") -> Upload:
        """Begin an upload of any number of parts, also none. Nothing is seen before the commit.

        `name`: what the dataset will be called, for kinds whose place depends on it.
        """

    @abstractmethod
    async def send_part(self, upload: Upload, index: int, data: bytes, *, total: int) -> None:
        """Send part `index` (0-based) of `total`, in any order; safe to repeat with equal bytes.

        All parts but the last have one size, within `part_sizes`.
        """

    @abstractmethod
    async def commit(
        self,
        upload: Upload,
        *,
        name: str,
        description: str = "",
        data_type_id: str | None = None,
        replaces: str | None = None,
        filename: str = "",
    ) -> str:
        """Make the uploaded parts a dataset, or the latest version of the one with a key; its id.

        `replaces` None: create only. Never repeated by itself: a lost answer raises, and the
        caller looks whether it happened.

        Raises:
            Conflict: another dataset has this name.
            DatasetGone: there is no dataset to replace.
            Rejected: a name that the workspace forbids.
        """

    async def abort(self, upload: Upload) -> None:
        """Give an upload up, so that its parts take no room. A kind may let them expire instead."""
        del upload

    @abstractmethod
    async def edit(
        self, dataset: Dataset, *, name: str | None = None, description: str | None = None
    ) -> Dataset:
        """Change the name or description of the latest version without its contents.

        Raises:
            NotSupportedByServer: `capabilities().edit` is false.
            Conflict: another dataset has this name.
        """

    @abstractmethod
    async def delete(self, key: str) -> None:
        """Delete a dataset with all its versions.

        Raises:
            DatasetGone: there is none.
        """

    async def versions(self, key: str) -> tuple[Dataset, ...]:
        """All versions of a dataset, newest first.

        Raises:
            NotSupportedByServer: `capabilities().versions` is false.
            DatasetGone: there is no such dataset.
        """
        del key
        await self._require("versions")
        raise NotImplementedError

    async def restore(self, dataset_id: str) -> Dataset:
        """Make an old version's contents the latest again, as a new version.

        Raises:
            NotSupportedByServer: `capabilities().restore` is false.
        """
        del dataset_id
        await self._require("restore")
        raise NotImplementedError

    async def archived(self) -> tuple[Dataset, ...]:
        """The datasets that are archived.

        Raises:
            NotSupportedByServer: `capabilities().archive` is false.
        """
        await self._require("archive")
        raise NotImplementedError

    async def archive(self, dataset_id: str) -> None:
        """Archive one version, or all of the dataset of this key."""
        del dataset_id
        await self._require("archive")
        raise NotImplementedError

    async def unarchive(self, dataset_id: str) -> None:
        """Bring back what was archived by the same words."""
        del dataset_id
        await self._require("archive")
        raise NotImplementedError

    async def experiments(self) -> tuple[Experiment, ...]:
        """All experiments, examples included, without graphs."""
        await self._require("experiments")
        raise NotImplementedError

    async def experiment(self, experiment_id: str) -> Experiment:
        """One experiment with its graph."""
        del experiment_id
        await self._require("experiments")
        raise NotImplementedError

    async def publish(self, port: OutputPort, data: AsyncIterator[bytes], *, size: int) -> None:
        """Give an experiment's output port its contents: `size` bytes of `port.data_type_id`."""
        del port, data, size
        await self._require("publish")
        raise NotImplementedError

    async def quota(self) -> Quota:
        """Storage used and allowed."""
        await self._require("quota")
        raise NotImplementedError

    async def users(self) -> tuple[User, ...]:
        """Who has access, with roles."""
        await self._require("users")
        raise NotImplementedError

    async def _require(self, name: str) -> None:
        """See that a capability is there.

        Raises:
            NotSupportedByServer: it is not.
        """
        found: Capability = getattr(await self.capabilities(), name)
        found.require()


def level_of(prefix: str, datasets: Iterable[Dataset]) -> Level:
    """The level of a list of all; see `Workspace.level`."""
    folders: dict[str, None] = {}
    here = []
    for one in datasets:
        if one.name.startswith(prefix):
            head, slash, _ = one.name[len(prefix) :].partition("/")
            if slash:
                folders[f"{prefix}{head}/"] = None
            else:
                here.append(one)
    if prefix and not folders and not here:
        raise NotFound(f"There is no folder {visible(prefix)}", 404)
    return Level(tuple(folders), tuple(here))


def find_dataset(name: str, datasets: Iterable[Dataset]) -> Dataset:
    """The dataset of this id, name (case-sensitive) or key; see `Workspace.find`."""
    if not name:
        raise UsageError("A dataset's name is needed.", hint="The list shows what there is.")
    datasets = tuple(datasets)
    for dataset in datasets:
        if name == dataset.id:
            return dataset
    named = [one for one in datasets if one.name == name]
    named = named or [one for one in datasets if one.key == name]
    if len(named) == 1:
        return named[0]
    if named:
        raise UsageError(
            f'{len(named)} datasets are named "{visible(name)}".',
            hint="Name one by its id: " + " or ".join(dataset.id for dataset in named),
        )
    near = near_names(name, (dataset.name for dataset in datasets))
    raise NotFound(
        f'No dataset is named "{visible(name)}".',
        404,
        hint=f"Did you mean {near}?" if near else "The list shows what there is.",
    )
