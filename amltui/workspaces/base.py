"""What a workspace can be asked, whatever kind it is.

Everything above this package speaks to `Workspace` only, and asks no kind for its name: what a kind
lacks it says in its `Capabilities`, with the sentence that is shown instead.

A new kind is a subclass in a module of its own, a branch in `opening.workspace_of`, and a line in
`KINDS` of the contract suite, tests/contracts/test_workspaces.py, which says what it must keep.
What the class below is abstract in, every kind has. The rest refuses with the sentence of the
capability that is missing, or does without: a kind overrides what it can do, or can do better.

A dataset has a `key`, which all its versions share, and an `id`, which names one version for ever:
the contents of an id never change, so it is what caches go by.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import TYPE_CHECKING, NoReturn, Self, TypeVar

from amltui.errors import Rejected, UsageError
from amltui.models import (
    Dataset,
    Experiment,
    Level,
    Listing,
    OutputPort,
    Quota,
    User,
    WorkspaceInfo,
)
from amltui.workspaces.capabilities import Capabilities, Capability
from amltui.workspaces.lists import find_dataset, level_of
from amltui.workspaces.terms import (
    Content,
    FilesAsked,
    LocalContent,
    PartSizes,
    Route,
    Seen,
    Upload,
    VersionPage,
)

if TYPE_CHECKING:
    from amltui.workspaces.arrival import Arrival

_T = TypeVar("_T")


class Workspace(ABC):
    """A workspace's datasets and experiments.

    Use as an async context manager; nothing touches the network before that. Every method may
    raise `Unreachable`, `Unauthorized` and `ServerFailed` besides what it names.
    """

    part_sizes: PartSizes = PartSizes()
    named_by_key: bool = False
    """Whether a name is a key, so that `named` asks for that one alone and for no list."""

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

    async def listed(self, seen: Seen, *, etag: str | None = None) -> Listing | None:
        """As `datasets`; of a list that comes in pages `seen` is given each as it comes."""
        del seen
        return await self.datasets(etag=etag)

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

    async def glance(self, datasets: Sequence[Dataset]) -> tuple[Dataset, ...]:
        """All that is known of those of which a list said less, where few requests tell it.

        Those that are gone or refused are left out.
        """
        del datasets
        return ()

    async def local_content(self, dataset: Dataset) -> LocalContent | None:
        """Where the contents of `dataset` lie on this disk, so that nothing needs to be copied.

        The file must not be changed, and stays there only as long as the dataset does: open it
        at once. None: this kind has none, or has it elsewhere.
        """
        del dataset
        return None

    async def arrival(self, dataset: Dataset) -> Arrival | None:
        """What brings the contents of `dataset` to this disk by itself. None: nothing any more.

        Those contents are read as they come; `local_content` has them once they are whole.
        """
        del dataset
        return None

    async def addresses(self, dataset: Dataset) -> tuple[str, ...]:
        """Where a cluster finds the files of `dataset`, as Hadoop's file systems are addressed.

        Nothing in them is quoted, and no credential is among them. One that ends in `/` is a
        folder, whose files the cluster finds itself. None of them: a cluster does not reach it.
        Of a disk they are good where the cluster shares it.
        """
        local = await self.local_content(dataset)
        return () if local is None else (f"file://{local.path}",)

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
            ContentLost: the workspace lists it, and its bytes are gone from the server's store.
            TransferCut: while iterating; the connection dropped, or ended before its length.
            ContentError: the host answered with something that is not the content.
        """

    async def narrowed(self, dataset: Dataset, asked: FilesAsked) -> Dataset | None:
        """A dataset of many files with only those of them that `asked` names.

        None: all of them are asked for, or this one is not such a dataset.
        """
        del dataset, asked
        return None

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

    async def copy_from(
        self,
        other: Workspace,
        dataset: Dataset,
        *,
        name: str,
        begun: Callable[[str], None] = lambda _: None,
        copied: Callable[[int], None] = lambda _: None,
    ) -> str:
        """Copy a dataset of `other` to a name that nobody has, with description and type; its id.

        Where the copy is an upload that would stay if we were killed, `begun` is told its id, which
        `abort` takes; in a thread. `copied` is told now and then how many bytes are. A cancellation
        stops it and leaves nothing; where the copy was made just then, its id is the answer all the
        same.

        Raises:
            NotSupportedByServer: `copies_from` says no.
            Conflict: another dataset has this name.
            ContentChanged, DatasetGone: it is no longer what was listed.
        """
        del other, dataset, name, begun, copied
        await self._refuse("copy")

    async def begin_upload(
        self, data_type_id: str, *, name: str = "", replaces: str | None = None
    ) -> Upload:
        """Begin an upload of any number of parts, also none. Nothing is seen before the commit.

        `name` and `replaces` are what `commit` will be told: for kinds whose place depends on the
        name, and for those that keep no versions to see what is replaced as it is now.

        Raises:
            NotSupportedByServer: `capabilities().write` is false; so do all that follow here.
        """
        del data_type_id, name, replaces
        await self._refuse("write")

    async def send_part(self, upload: Upload, index: int, data: bytes, *, total: int) -> None:
        """Send part `index` (0-based) of `total`, in any order; safe to repeat with equal bytes.

        All parts but the last have one size, within `part_sizes`.
        """
        del upload, index, data, total
        await self._refuse("write")

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
        caller looks whether it happened. What somebody else committed to the same dataset after
        this upload was begun is never lost: it stays as an older version, and a kind that keeps
        none refuses.

        Raises:
            Conflict: another dataset has this name, or the dataset was changed meanwhile.
            DatasetGone: there is no dataset to replace.
            Rejected: a name that the workspace forbids.
        """
        del upload, name, description, data_type_id, replaces, filename
        await self._refuse("write")

    async def begin_folder(self, files: Sequence[str], *, name: str) -> str:
        """Begin an upload of a folder as one dataset; its id, by which a later process goes on.

        `files` are the paths of its files in it, with `/`. Nothing is seen before the commit.

        Raises:
            NotSupportedByServer: `capabilities().folders` is false; so do all that follow here.
            Rejected: a file cannot have such a path here.
        """
        del files, name
        await self._refuse("folders")

    async def send_folder_part(self, upload: str, file: str, index: int, data: bytes) -> None:
        """Send part `index` (0-based) of a file, in any order; an empty file has an empty part 0.

        Otherwise as `send_part`.
        """
        del upload, file, index, data
        await self._refuse("folders")

    async def end_folder_file(self, upload: str, file: str) -> None:
        """Put the parts of a file together, all of which were sent; safe to repeat."""
        del upload, file
        await self._refuse("folders")

    async def commit_folder(
        self, upload: str, *, name: str, description: str = "", replaces: str | None = None
    ) -> str:
        """Make the files a dataset, or the latest version of the one with a key; its id.

        Safe to repeat: what a call made whose answer was lost is found. Otherwise as `commit`.
        """
        del upload, name, description, replaces
        await self._refuse("folders")

    async def abort(self, upload: Upload) -> None:
        """Give an upload up, so that its parts take no room. A kind may let them expire instead."""
        del upload

    async def abort_unnamed(
        self, name: str, *, since: datetime, known: Callable[[], Collection[str]]
    ) -> None:
        """As `abort`, what `begin_upload` for `name` began and whose id did not come back.

        Only what holds no part yet is given up: it may be another program's.

        Args:
            name: what the upload was begun for.
            since: when it was begun, by this machine's clock.
            known: gives the ids of uploads that somebody goes on with; asked once it is known which
                uploads there are, for others are begun meanwhile. What it raises ends this.
        """
        del name, since, known

    async def edit(
        self,
        dataset: Dataset,
        *,
        name: str | None = None,
        description: str | None = None,
        begun: Callable[[str], None] = lambda _: None,
    ) -> Dataset:
        """Change the name or description of the latest version without its contents.

        Where a new name takes an upload at the store, `begun` is told its id; see `copy_from`.

        Raises:
            NotSupportedByServer: `capabilities().edit` is false.
            Conflict: another dataset has this name.
        """
        del dataset, name, description, begun
        await self._refuse("edit")

    async def tag(self, dataset: Dataset, tags: Mapping[str, str | None]) -> Dataset:
        """Give one version of a dataset tags beside those that it has; None takes one away.

        Raises:
            NotSupportedByServer: `capabilities().tags` is false.
        """
        del dataset, tags
        await self._refuse("tags")

    async def delete(self, key: str) -> None:
        """Delete a dataset with all its versions.

        Raises:
            DatasetGone: there is none.
        """
        del key
        await self._refuse("write")

    async def versions(self, key: str) -> tuple[Dataset, ...]:
        """All versions of a dataset, newest first.

        Raises:
            NotSupportedByServer: `capabilities().versions` is false.
            DatasetGone: there is no such dataset.
        """
        del key
        await self._refuse("versions")

    async def version_pages(self, key: str) -> AsyncIterator[VersionPage]:
        """As `versions`, in pieces that are asked for when they are wanted, for datasets with many.

        An empty answer is one page without versions.
        """
        yield VersionPage(await self.versions(key))

    async def restore(self, dataset_id: str) -> Dataset:
        """Make an old version's contents the latest again, as a new version.

        Raises:
            NotSupportedByServer: `capabilities().restore` is false.
        """
        del dataset_id
        await self._refuse("restore")

    async def delete_version(self, dataset_id: str) -> None:
        """Delete one version that is not the latest.

        Raises:
            NotSupportedByServer: `capabilities().prune` is false.
            DatasetGone: there is none.
            Conflict: it is the latest.
        """
        del dataset_id
        await self._refuse("prune")

    async def archived(self) -> tuple[Dataset, ...]:
        """The datasets that are archived.

        Raises:
            NotSupportedByServer: `capabilities().archive` is false.
        """
        await self._refuse("archive")

    async def archive(self, dataset_id: str) -> None:
        """Archive one version, or all of the dataset of this key."""
        del dataset_id
        await self._refuse("archive")

    async def unarchive(self, dataset_id: str) -> None:
        """Bring back what was archived by the same words."""
        del dataset_id
        await self._refuse("archive")

    async def experiments(self) -> tuple[Experiment, ...]:
        """All experiments, examples included, without graphs."""
        await self._refuse("experiments")

    async def experiment(self, experiment_id: str) -> Experiment:
        """One experiment with its graph."""
        del experiment_id
        await self._refuse("experiments")

    async def publish(self, port: OutputPort, data: AsyncIterator[bytes], *, size: int) -> None:
        """Give an experiment's output port its contents: `size` bytes of `port.data_type_id`."""
        del port, data, size
        await self._refuse("publish")

    async def quota(self) -> Quota:
        """Storage used and allowed."""
        await self._refuse("quota")

    async def users(self) -> tuple[User, ...]:
        """Who has access, with roles."""
        await self._refuse("users")

    async def _require(self, name: str) -> None:
        """See that a capability is there.

        Raises:
            NotSupportedByServer: it is not.
        """
        found: Capability = getattr(await self.capabilities(), name)
        found.require()

    async def _refuse(self, name: str) -> NoReturn:
        """Refuse what takes a capability that is missing, with its sentence.

        Raises:
            NotSupportedByServer: always.
        """
        await self._require(name)
        # Only a kind that is not finished comes here; the contract suite asks each for everything.
        raise AssertionError(f"{type(self).__name__} says that it can {name}, and does not")

    async def _dataset_to_read(self, source: Dataset | OutputPort) -> Dataset:
        """What is to be read, for a kind that has datasets only.

        Raises:
            NotSupportedByServer: it is an experiment's output.
        """
        if isinstance(source, OutputPort):
            await self._refuse("experiments")
        return source


def opened(value: _T | None) -> _T:
    """What a workspace opened when it was entered.

    Raises:
        UsageError: it is not entered.
    """
    if value is None:
        raise UsageError("This workspace is not open: use it within `async with`")
    return value
