"""A session with one workspace: what the terminal program and the command line use.

Opening one costs no network: the workspace is reached, or the embedded one started, when
something first needs it. So the cached list can be on the screen before.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from amltui.cache import Cache, source_name
from amltui.config import Connection, paths, resolve
from amltui.config.connection_values import LOCAL, address_name, input_path
from amltui.config.quota import cache_quota
from amltui.errors import (
    AmltuiError,
    Damaged,
    DatasetGone,
    Unreachable,
    UsageError,
)
from amltui.models import Dataset, OutputPort
from amltui.services.catalog import Catalog, Snapshot
from amltui.services.edits import Edits, must_be_own
from amltui.services.opener import Opener
from amltui.services.preview_opener import PreviewOpener
from amltui.services.versions import Version, VersionList, find_by_key, find_version
from amltui.text import visible

if TYPE_CHECKING:
    from amltui.formats.lens import Lens
    from amltui.transfers import Options, Transfer, Transfers
    from amltui.workspaces.base import Workspace
    from amltui.workspaces.terms import Seen


class Session:
    """One workspace, what is cached of it and what is on its way; make it with `open_session`."""

    def __init__(
        self,
        connection: Connection | None,
        cache: Cache,
        *,
        profile: str | None = None,
        offline: bool = False,
        options: Options | None = None,
        reading: Callable[[Lens], Lens] | None = None,
    ) -> None:
        self._opener = Opener(connection)
        self.cache = cache
        self.offline = offline
        """Whether the network is left alone: only what is cached can be seen."""
        self._profile = profile
        self._options = options
        self._workspace: Workspace | None = None
        self._transfers: Transfers | None = None
        self._queue = AsyncExitStack()
        self.catalog = Catalog(self.key, cache, self.connect)
        self.edits = Edits(self.connect, lambda: cache.journals)
        self.previews = PreviewOpener(self, reading)

    @property
    def connection(self) -> Connection | None:
        """Whose workspace this is. None: the embedded one."""
        return self._opener.connection

    @property
    def key(self) -> str:
        """What names this workspace in the cache."""
        return self._opener.key

    @property
    def name(self) -> str:
        """What a person calls this workspace; not made safe to show."""
        if self.connection is None:
            return "local workspace"
        return self.connection.opened_by or address_name(self.connection.endpoint)

    @property
    def place(self) -> str | None:
        """The profile or the address that opens it again; None: what is in force has neither."""
        if (connection := self.connection) is None:
            return LOCAL
        no_token = connection.is_folder or connection.is_azure
        return connection.opened_by or (connection.endpoint if no_token else None)

    async def connect(self) -> Workspace:
        """The workspace, reached or started now if it was not yet.

        An embedded workspace whose server died is started again.

        Raises:
            Unreachable: the session is offline, or nothing answers.
        """
        if self.offline:
            raise Unreachable(
                "This session is offline.", hint="Leave out --offline to ask the workspace."
            )
        before, self._workspace = self._workspace, await self._opener.open()
        if self._transfers is not None and self._workspace is not before:
            self._transfers.signed_in(self._workspace)
            self._transfers.online()
        return self._workspace

    async def transfers(self) -> Transfers:
        """The queue of downloads and uploads, connected to the workspace."""
        workspace = await self.connect()
        if self._transfers is None:
            from amltui.transfers import Transfers  # a list needs no queue

            queue = Transfers(workspace, self.cache, options=self._options)
            self._transfers = await self._queue.enter_async_context(queue)
        return self._transfers

    def give_way(self) -> None:
        """Answer a key first; see `Transfers.give_way`."""
        if self._transfers is not None:
            self._transfers.give_way()

    async def sign_in(self, connection: Connection) -> None:
        """Go on with another token for the same workspace; waiting transfers continue.

        Raises:
            UsageError: the connection is another workspace's.
        """
        await self._opener.change(connection)
        await self.connect()

    def signed_in(self) -> None:
        """Whoever is asked accepts the sign-in again: transfers that waited for it go on."""
        if self._transfers is not None:
            self._transfers.signed_in()

    async def resume(self, transfer_id: str) -> None:
        """Go on with a transfer; one that waits for a sign-in with the profile's present token.

        Raises:
            ConfigError: the profile or a settings file is wrong.
            UsageError: the profile is now another workspace's.
        """
        from amltui.transfers import State

        queue = await self.transfers()
        if queue.get(transfer_id).state is State.WAITING_SIGN_IN:
            wanted = await asyncio.to_thread(resolve, self._profile)
            if wanted is not None:
                await self.sign_in(wanted)
        queue.resume(transfer_id)

    async def close(self) -> None:
        """Pause what is on its way and let go of the workspace; an embedded one ends."""
        await self._queue.aclose()
        self._transfers = None
        self._workspace = None
        await self._opener.close()

    # What one does

    async def cached_list(self) -> Snapshot | None:
        """The list as this disk remembers it."""
        return await asyncio.to_thread(self.catalog.cached)

    async def current_list(self, seen: Seen | None = None) -> Snapshot:
        """The list, asked for now; of an offline session the one that this disk remembers.

        `seen`: see `Catalog.refresh`.

        Raises:
            Unreachable: nothing answers, or offline nothing is cached.
        """
        snapshot = await (self.cached_list() if self.offline else self.catalog.refresh(seen))
        if snapshot is None:
            raise Unreachable(
                "Nothing is cached of this workspace.", hint="Ask once while it can be reached."
            )
        return snapshot

    async def find(self, name: str) -> Dataset:
        """The dataset, or the version of one, of this name; see `services.versions`.

        Raises:
            NotFound: none has it; the hint names near ones.
            Unreachable: offline, and this disk does not remember it.
        """
        found = None if self.offline else await find_by_key(name, await self.connect())
        if found is None:
            found = await find_version(name, (await self.current_list()).datasets, self.connect)
        return await self.whole(found)

    async def whole(self, dataset: Dataset) -> Dataset:
        """A dataset with what its list did not say of it, unless the session is offline."""
        if not dataset.is_brief or self.offline:
            return dataset
        found = await (await self.connect()).dataset(dataset.id)
        if not found.is_brief:
            self.catalog.learn(found)
        return found

    async def glance(self, datasets: Sequence[Dataset]) -> tuple[Dataset, ...]:
        """What few requests tell of datasets of which their list said little; it is remembered."""
        found = await (await self.connect()).glance([one for one in datasets if one.is_brief])
        self.catalog.learn(*found)
        return found

    async def find_to_change(self, name: str) -> Dataset:
        """As `find`, for what changes the whole dataset with all its versions.

        Raises:
            UsageError: the name is that of an older version.
        """
        dataset = await self.find(name)
        if not dataset.is_latest:
            raise UsageError(
                f'"{visible(name)}" is an older version, and versions never change.',
                hint=f'Name the dataset itself: "{visible(dataset.name)}" or its latest version.',
            )
        return dataset

    async def version_list(self, name: str) -> VersionList:
        """The versions of a dataset, of which the first page was read.

        Raises:
            NotSupportedByServer: this workspace cannot list them.
        """
        workspace = await self.connect()
        if workspace.named_by_key:
            found = VersionList(workspace, name)
            try:
                await found.read()
            except DatasetGone:  # a version's name, or none: then `find` says what is near
                pass
            else:
                return found
        found = VersionList(workspace, (await self.find(name)).key)
        await found.read()
        return found

    async def versions(self, name: str) -> tuple[Version, ...]:
        """All versions of a dataset, newest first, with their numbers.

        Raises:
            NotSupportedByServer: this workspace cannot list them.
        """
        found = await self.version_list(name)
        while found.more:
            await found.read()
        return found.versions

    async def check_linked(self, source: Dataset | OutputPort) -> None:
        """See that a content that is read where it lies is what the workspace says, once.

        About 1 s per GiB the first time, nothing after that until the file is written to.

        Raises:
            Damaged: it is not.
        """
        entry = self.cache.entry(self.key, source)
        if await asyncio.to_thread(entry.check_once) == "damaged":
            raise Damaged(f'"{visible(source_name(source))}" is damaged on the workspace\'s disk.')

    async def cached_content(self, source: Dataset | OutputPort) -> tuple[Path, str]:
        """The whole content on this disk, looked at now; what an offline session can hand out.

        With how it was looked at: `sha256`, or `length` of a file in a folder, which has no hash.

        Raises:
            Unreachable: it is not whole here, or was damaged and is dropped.
        """
        entry = self.cache.entry(self.key, source)
        state = await asyncio.to_thread(entry.check)
        if state != "good" and not (state == "unknown" and entry.whole and entry.linked):
            raise Unreachable(
                f'"{visible(source_name(source))}" is not whole on this disk.',
                hint="Leave out --offline to fetch it.",
            )
        entry.touch()
        return entry.raw, "sha256" if state == "good" else "length"

    async def download(
        self, source: Dataset | OutputPort, path: Path, *, overwrite: bool = False
    ) -> Path:
        """Save contents as `path` and wait for it; see `Transfers.download`."""
        done = await self.finished(
            (await self.transfers()).download(source, path, overwrite=overwrite)
        )
        assert done.path is not None
        return done.path

    async def stream(self, source: Dataset | OutputPort) -> AsyncIterator[bytes]:
        """All bytes of a content as they come; see `content_bytes.stream`."""
        from amltui.services.content_bytes import read, stream

        if self.offline:
            path, _ = await self.cached_content(source)
            async for chunk in read(path):
                yield chunk
            return
        queue = await self.transfers()
        async for chunk in stream(queue, await self.connect(), self.cache, source):
            yield chunk

    async def upload(
        self,
        path: Path,
        *,
        name: str,
        data_type_id: str,
        description: str = "",
        keep: bool = False,
    ) -> Dataset:
        """Send a file as a new dataset and wait for it; see `Transfers.upload` and `finished`."""
        queue = await self.transfers()
        done = await self.finished(
            queue.upload(path, name=name, data_type_id=data_type_id, description=description),
            keep=keep,
        )
        return await self._made(done)

    async def update(
        self,
        dataset: Dataset,
        path: Path,
        *,
        name: str | None = None,
        data_type_id: str | None = None,
        description: str | None = None,
        keep: bool = False,
    ) -> Dataset:
        """Send a file as the new contents of a dataset; what is None stays as it is.

        `keep`: see `finished`.

        Raises:
            UsageError: the dataset is an example.
        """
        must_be_own(dataset)
        queue = await self.transfers()
        done = await self.finished(
            queue.upload(
                path,
                name=dataset.name if name is None else name,
                data_type_id=data_type_id or dataset.data_type_id,
                description=dataset.description if description is None else description,
                replaces=dataset.key,
            ),
            keep=keep,
        )
        after = await self._made(done)
        self.edits.updated(dataset, after)
        return after

    async def finished(self, transfer: Transfer, *, keep: bool = False) -> Transfer:
        """Wait for a transfer; whoever stops waiting cancels it.

        What failed for good leaves nothing in the journal; what a later process can go on with
        stays there. `keep`: so does what is cancelled.
        """
        from amltui.transfers.retry import final

        queue = await self.transfers()
        try:
            return await queue.finished(transfer.id)
        except asyncio.CancelledError:
            await queue.cancel(transfer.id, keep=keep)
            raise
        except AmltuiError as error:
            if final(error):
                await queue.cancel(transfer.id)
            raise

    async def _made(self, transfer: Transfer) -> Dataset:
        assert transfer.dataset_id is not None
        return await (await self.connect()).dataset(transfer.dataset_id)


@asynccontextmanager
async def open_session(
    profile: str | None = None,
    *,
    connection: Connection | None = None,
    offline: bool = False,
    options: Options | None = None,
    reading: Callable[[Lens], Lens] | None = None,
) -> AsyncIterator[Session]:
    """A session with the workspace that `connection`, `profile` or the environment names.

    `reading`: how its texts are written, put into what their types and bytes say of it.

    Raises:
        ConfigError: the profile or a settings file is wrong.
    """
    wanted = connection or await asyncio.to_thread(resolve, profile)
    kept = None if wanted is None else input_path(wanted.endpoint)
    # Nothing of standard input is to stay when the program has ended.
    directory = paths.cache_dir() if kept is None else kept.parent / "cache"
    with Cache(directory, cache_quota()) as cache:
        session = Session(
            wanted, cache, profile=profile, offline=offline, options=options, reading=reading
        )
        try:
            yield session
        finally:
            await session.close()
