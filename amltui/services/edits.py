"""Changes to datasets that send no new contents: rename, describe, restore, delete, and undo."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from amltui.errors import ContentChanged, Damaged, DatasetGone, NotSupportedByServer, UsageError
from amltui.models import Dataset
from amltui.services.versions import LATEST, Version, VersionList
from amltui.text import visible
from amltui.workspaces.base import Workspace


@dataclass(frozen=True, slots=True)
class Change:
    """A change that was made and can be taken back."""

    summary: str
    """What was done, for a person: `renamed "a" to "b"`. Safe to show."""
    before: Dataset
    after: Dataset
    contents: bool = False
    """Whether the contents were changed too."""
    tags: Mapping[str, str | None] | None = None
    """Where tags were changed: those that were there before, None for those that were not."""
    sent: bool = True
    """Whether the workspace knows of it. False: a delete that waits for `send`."""
    archived: bool = False
    """Whether the dataset went into the workspace's archive."""


class Edits:
    """Renames, describes, restores and deletes datasets, and remembers what can be undone."""

    def __init__(
        self,
        connect: Callable[[], Awaitable[Workspace]],
        journals: Callable[[], Path] | None = None,
    ) -> None:
        """Begin.

        Args:
            connect: gives the workspace.
            journals: gives where it is noted what a rename that is killed may leave at a store. A
                cache makes its directories when it is first asked, which a list does without.
        """
        self._connect = connect
        self._journals = journals
        self._done: list[Change] = []
        self._under_way: list[str] = []
        self._last_at_begin: Change | None = None
        self._settled = asyncio.Event()
        self._settled.set()
        self._undoing = asyncio.Lock()

    async def rename(self, dataset: Dataset, name: str) -> Dataset:
        """Give a dataset another name; its contents and versions stay.

        Raises:
            UsageError: the name is empty, or the dataset is an example.
            Conflict: another dataset has this name.
            Rejected: the workspace forbids it.
        """
        if not name.strip():
            raise UsageError("A dataset needs a name.", hint="Give a name that is not empty.")
        with self._changing(f'renaming "{visible(dataset.name)}" to "{visible(name)}"'):
            after = await self._edit(dataset, name=name)
        summary = f'renamed "{visible(dataset.name)}" to "{visible(name)}"'
        self._done.append(Change(summary, dataset, after))
        return after

    async def describe(self, dataset: Dataset, description: str) -> Dataset:
        """Give a dataset another description; "" removes it."""
        with self._changing(f'describing "{visible(dataset.name)}"'):
            after = await self._edit(dataset, description=description)
        self._done.append(Change(f'described "{visible(dataset.name)}"', dataset, after))
        return after

    async def tag(self, dataset: Dataset, tags: Mapping[str, str | None]) -> Dataset:
        """Give a version of a dataset tags beside those that it has; None takes one away.

        Raises:
            UsageError: it is an example.
            NotSupportedByServer: this workspace gives datasets no tags.
        """
        must_be_own(dataset)
        with self._changing(f'tagging "{visible(dataset.name)}"'):
            workspace = await self._connect()
            now = await workspace.dataset(dataset.id)  # somebody may have given it others since
            after = await workspace.tag(now, tags)
        known = dict(now.tags)
        back = {key: known.get(key) for key in tags}
        self._done.append(Change(f'tagged "{visible(dataset.name)}"', now, after, tags=back))
        return after

    def updated(self, before: Dataset, after: Dataset) -> None:
        """Note that `before` got new contents as `after`, so that it can be undone."""
        self._done.append(Change(f'updated "{visible(before.name)}"', before, after, contents=True))

    async def delete(self, dataset: Dataset) -> bool:
        """Delete a dataset with all its versions; whether an archive keeps it. Else it is gone.

        What an archive keeps can be undone.
        """
        must_be_own(dataset)
        with self._changing(f'removing "{visible(dataset.name)}"'):
            workspace = await self._connect()
            archives = bool((await workspace.capabilities()).archive)
            await workspace.delete(dataset.key)
        if archives:
            summary = f'archived "{visible(dataset.name)}"'
            self._done.append(Change(summary, dataset, dataset, archived=True))
        else:
            self._done = [c for c in self._done if c.before.key != dataset.key]
        return archives

    async def restore(self, dataset: Dataset) -> Dataset:
        """Make an old version the latest again, as a new version. It can be undone.

        Raises:
            UsageError: it is an example, or is the latest already.
            NotSupportedByServer: this workspace cannot restore.
        """
        must_be_own(dataset)
        with self._changing(f'restoring "{visible(dataset.name)}"'):
            workspace = await self._connect()
            before = await VersionList(workspace, dataset.key).pick(LATEST, dataset.name)
            if before.id == dataset.id:
                raise UsageError(
                    f'This is the latest version of "{visible(dataset.name)}" already.',
                    hint="Name an older one: NAME@-1 is the one before.",
                )
            after = await workspace.restore(dataset.id)
        self.updated(before, after)
        return after

    async def delete_versions(self, versions: Iterable[Version]) -> int:
        """Delete old versions of a dataset, the oldest first; how many. It cannot be undone.

        Raises:
            UsageError: it is an example.
            NotSupportedByServer: this workspace cannot delete single versions.
        """
        workspace = await self._connect()
        count = 0
        for one in sorted(versions, key=lambda version: version.number):
            must_be_own(one.dataset)
            with contextlib.suppress(DatasetGone):  # somebody else did it
                await workspace.delete_version(one.dataset.id)
            count += 1
        return count

    def delete_later(self, dataset: Dataset) -> Change:
        """Note that a dataset is to be deleted: `send` does it, unless it is undone before.

        Raises:
            UsageError: the dataset is an example.
        """
        must_be_own(dataset)
        change = Change(f'deleted "{visible(dataset.name)}"', dataset, dataset, sent=False)
        self._done.append(change)
        return change

    @property
    def waiting(self) -> tuple[Change, ...]:
        """The deletes that were not sent yet, the oldest first."""
        return tuple(change for change in self._done if not change.sent)

    async def send(self, change: Change) -> bool | None:
        """Delete what `delete_later` noted: see `delete`. None: it was undone, or sent before."""
        if not any(one is change for one in self._done):
            return None
        self._done = [one for one in self._done if one is not change]
        return await self.delete(change.before)

    @property
    def undoable(self) -> Change | None:
        """The change that `undo` would take back."""
        return self._done[-1] if self._done else None

    @property
    def undo_waits_for(self) -> str:
        """The change under way that an `undo` waits for, for a person; "": none.

        It is the last one. A delete that was noted after it began is taken back before it is sent.
        """
        last = self.undoable
        if self._under_way and (last is None or last.sent or last is self._last_at_begin):
            return self._under_way[-1]
        return ""

    async def undo(self) -> Change | None:
        """Take the last change back, also one that is under way; None when there is none.

        Raises:
            UsageError: of the change that was under way nothing came that can be taken back.
            ContentChanged: somebody changed the dataset since.
            NotSupportedByServer: the server cannot restore an old version.
        """
        async with self._undoing:
            if waited := self.undo_waits_for:
                known = (None, *self._done)
                await self._settled.wait()
                if any(self.undoable is one for one in known):  # which nobody meant
                    raise UsageError(
                        f"Nothing was undone: there is nothing to take back of {waited}.",
                        hint="Undo again to take back what was done before it.",
                    )
            return await self._undo()

    async def _undo(self) -> Change | None:
        change = self.undoable
        if change is None:
            return None
        if not change.sent:
            self._done.remove(change)
            return change
        workspace = await self._connect()
        if change.archived:
            await workspace.unarchive(change.before.key)
            self._done.remove(change)
            return change
        now = await _latest(workspace, change.after.key)
        if now is None or now.id != change.after.id:
            raise ContentChanged(
                f'"{visible(change.after.name)}" was changed since; nothing was undone.',
                hint="Look at its versions and restore the one you want.",
            )
        if change.tags is not None:
            await workspace.tag(now, change.tags)
            self._done.remove(change)
            return change
        if change.contents:
            now = await workspace.restore(change.before.id)
        await self._edit(now, name=change.before.name, description=change.before.description)
        self._done.remove(change)
        return change

    @contextlib.contextmanager
    def _changing(self, doing: str) -> Iterator[None]:
        self._under_way.append(doing)
        self._last_at_begin = self.undoable
        self._settled.clear()
        try:
            yield
        finally:
            self._under_way.remove(doing)
            if not self._under_way:
                self._settled.set()

    async def _edit(
        self, dataset: Dataset, *, name: str | None = None, description: str | None = None
    ) -> Dataset:
        must_be_own(dataset)
        workspace = await self._connect()
        can = await workspace.capabilities()
        if name not in {None, dataset.name}:
            can.rename.require()
        if can.edit:
            try:
                async with self._noted(workspace, dataset, name) as begun:
                    return await workspace.edit(
                        dataset, name=name, description=description, begun=begun
                    )
            except NotSupportedByServer:
                pass  # It said that it could; the old way always works.
        wanted = replace(
            dataset,
            name=dataset.name if name is None else name,
            description=dataset.description if description is None else description,
        )
        return await send_again(workspace, dataset, wanted)

    @contextlib.asynccontextmanager
    async def _noted(
        self, workspace: Workspace, dataset: Dataset, name: str | None
    ) -> AsyncIterator[Callable[[str], None]]:
        """Take the id of an upload that a new name may be; see `noted_inside`.

        What an earlier one left is removed first, as with the start of transfers.
        """
        if self._journals is None or name in {None, dataset.name}:
            yield lambda _: None
            return
        from amltui.transfers.beginning import noted_inside
        from amltui.transfers.given_up import abort_given_up
        from amltui.transfers.journal import Journal  # a list needs no transfers

        assert name is not None
        journal = Journal(self._journals())
        await abort_given_up(journal, workspace)
        with noted_inside(journal, workspace.key, name) as begun:
            yield begun


async def send_again(workspace: Workspace, dataset: Dataset, wanted: Dataset) -> Dataset:
    """Make a new instance with `dataset`'s contents and `wanted`'s name and description.

    What a server without our extensions needs for a rename. Memory holds some parts at a time.

    Raises:
        Damaged: the contents that came do not match their size or hash; nothing was changed.
    """
    from amltui.transfers.content_stream import ALONE, ContentStream
    from amltui.transfers.sources import PieceSource
    from amltui.transfers.uploader import send  # a list needs no transfers

    async def connect() -> Workspace:
        return workspace

    content = ContentStream(connect, dataset)
    try:
        size = (await content.info()).size
        if size is None:
            raise Damaged(
                f'The workspace does not say how large "{visible(dataset.name)}" is.',
                hint="Download it and upload it under the new name instead.",
            )
        return await send(
            workspace,
            PieceSource(size, content.take, dataset.uploaded_from_filename),
            ALONE,
            name=wanted.name,
            description=wanted.description,
            data_type_id=dataset.data_type_id,
            replaces=dataset.key,
        )
    finally:
        await content.aclose()


async def _latest(workspace: Workspace, key: str) -> Dataset | None:
    """The dataset of a key as the workspace has it now."""
    if workspace.named_by_key:
        return await workspace.named(key)
    latest = [one async for page in workspace.pages() for one in page]
    return next((one for one in latest if one.key == key), None)


def must_be_own(dataset: Dataset) -> None:
    """Refuse to change an example.

    Raises:
        UsageError: it is one.
    """
    if dataset.is_example:
        raise UsageError(
            f'"{visible(dataset.name)}" is an example and cannot be changed.',
            hint="Download it and upload it under a name of your own.",
        )
