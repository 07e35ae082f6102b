"""Datasets: the collection, and one with its metadata and contents."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from datetime import datetime
from typing import IO, TYPE_CHECKING, TypeVar

from amltui.api.arguments import check_new, not_none
from amltui.api.metadata import Conditional, DatasetMetadata, has_frame, is_own, only_if
from amltui.api.progress import Progress
from amltui.api.reading import AsyncContents, read_whole, with_reader
from amltui.api.sending import RawData, send, spooled
from amltui.api.threads import apart
from amltui.errors import NotFound
from amltui.models import Dataset, OutputPort

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from amltui.api.aio.workspace import AsyncWorkspace
    from amltui.api.metadata import Listed
    from amltui.services.versions import Which

T = TypeVar("T")


def _serialize(file: IO[bytes], data_type_id: str, dataframe: pd.DataFrame) -> None:
    from amltui.formats.frames import serialize_dataframe

    serialize_dataframe(file, data_type_id, dataframe)
    file.seek(0)


class AsyncDatasets:
    """The datasets of a workspace: the latest version of each. One question, one request."""

    def __init__(self, workspace: AsyncWorkspace, *, examples: bool | None = None) -> None:
        self.workspace = workspace
        self._examples = examples

    def __repr__(self) -> str:
        return f"<AsyncDatasets of {self.workspace!r}>"

    async def all(self) -> list[AsyncDataset]:
        """All of them, in the workspace's order."""
        listed = await self.workspace.listed_datasets()
        return [AsyncDataset(self.workspace, m) for m in listed.only(examples=self._examples)]

    async def count(self) -> int:
        """How many there are."""
        return len((await self.workspace.listed_datasets()).only(examples=self._examples))

    async def __aiter__(self) -> AsyncIterator[AsyncDataset]:
        for dataset in await self.all():
            yield dataset

    async def get(
        self, index: int | str, *, version: Which | None = None, as_of: str | datetime | None = None
    ) -> AsyncDataset:
        """One by position, by name (case-sensitive) or by id; the latest version unless said.

        A name may say the version itself: `Sales@2`; see `amltui help versions`.

        Args:
            index: position, name or id.
            version: its number from 1, -1 for the one before the latest, or an id.
            as_of: a day (its end, in local time) or a moment: the version that was latest then.

        Raises:
            IndexError: there is none.
        """
        listed = await self.workspace.listed_datasets()
        which = version if as_of is None else as_of
        try:
            if isinstance(index, str) and listed.find(index, examples=self._examples) is None:
                model = await self._named(index, listed)
            else:
                model = listed.pick(index, examples=self._examples)
            dataset = AsyncDataset(self.workspace, model)
            return dataset if which is None else await dataset.version(which)
        except NotFound as error:
            raise IndexError(str(error)) from error

    async def _named(self, text: str, listed: Listed[Dataset]) -> Dataset:
        """A folder that is one table, or an older version by its name or id.

        Raises:
            IndexError: there is none.
            NotSupportedByServer: the files of the folder are no one table.
        """
        from amltui.services.versions import find_by_key, find_version

        if text.endswith("/"):
            folder = await find_by_key(text, await self.workspace.connect())
            if folder is not None:
                return folder
        known = listed.only(examples=self._examples)
        try:
            found = await find_version(text, known, self.workspace.connect)
        except NotFound:
            if "@" in text and listed.find(text.rpartition("@")[0], examples=self._examples):
                raise
            return listed.pick(text, examples=self._examples)
        if self._examples is not None and found.is_example != self._examples:
            return listed.pick(text, examples=self._examples)
        return found

    async def add_from_dataframe(
        self,
        dataframe: pd.DataFrame,
        data_type_id: str,
        name: str,
        description: str,
        *,
        progress: Progress | None = None,
    ) -> AsyncDataset:
        """Upload a frame as a new dataset; see `amltui.formats.frames` for what survives.

        `progress` is told bytes so far and bytes in all.

        Raises:
            TypeError: an argument is None or empty.
            UnsupportedDatasetTypeError: no frame can be written as this type.
            AzureMLConflictHttpError: a dataset of this name is there.
        """
        not_none("dataframe", dataframe)
        check_new(data_type_id, name, description)
        with spooled() as file:
            await apart(lambda: _serialize(file, data_type_id, dataframe))
            return await self.add_from_raw_data(
                file, data_type_id, name, description, progress=progress
            )

    async def add_from_raw_data(
        self,
        raw_data: RawData,
        data_type_id: str,
        name: str,
        description: str,
        *,
        progress: Progress | None = None,
    ) -> AsyncDataset:
        """Upload text, bytes, a binary file or a `pathlib.Path` as a new dataset, 4 MiB at a time.

        `progress` is told bytes so far and bytes in all.

        Raises:
            TypeError: an argument is None or empty, or `raw_data` is a file that is open for text.
            AzureMLConflictHttpError: a dataset of this name is there.
        """
        not_none("raw_data", raw_data)
        check_new(data_type_id, name, description)
        workspace = await self.workspace.connect()
        made = await send(
            workspace,
            raw_data,
            name=name,
            data_type_id=data_type_id,
            description=description,
            progress=progress,
        )
        return AsyncDataset(self.workspace, made)


class Readable(Conditional):
    """What can be done with the contents of a dataset or an experiment's output."""

    workspace: AsyncWorkspace

    @property
    def _source(self) -> Dataset | OutputPort:
        """What is read; each subclass says which."""
        raise NotImplementedError

    def open(self) -> AsyncContents:
        """The contents as a stream: `async with dataset.open() as file: await file.read(1000)`."""
        return AsyncContents(self.workspace.connect, self._source)

    async def read_as_binary(self, *, progress: Progress | None = None) -> bytes:
        """All bytes, verified.

        `progress` is told bytes so far and bytes in all.

        Raises:
            TransferCut, Damaged, LinkExpired: they did not come as promised.
            ContentLost: they are gone from the server's store.
        """
        return await read_whole(self.workspace.connect, self._source, progress)

    async def read_as_text(self, *, progress: Progress | None = None) -> str:
        """All text, which must be UTF-8; a byte order mark is dropped.

        `progress` is told bytes so far and bytes in all.

        Raises:
            UnicodeDecodeError: it is not UTF-8.
        """
        return (await self.read_as_binary(progress=progress)).decode("utf-8-sig")

    @only_if(has_frame)
    async def to_dataframe(self, *, progress: Progress | None = None) -> pd.DataFrame:
        """The contents as a pandas frame; see `amltui.formats.frames` for the rules.

        `progress` is told bytes so far and bytes in all.
        Of a type that has none, what the bytes are decides: `amltui help formats`.

        Raises:
            Unreadable: the contents are not what their type says.
        """
        from amltui.api.content_frames import read_frame
        from amltui.formats.frames import deserialize_dataframe, is_supported

        source = self._source
        if not is_supported(source.data_type_id):
            name = source.name if isinstance(source, Dataset) else source.port_name
            return await self._parsed(
                lambda reader, given: read_frame(reader, name, given), progress
            )
        return await self._parsed(deserialize_dataframe, progress)

    @only_if(has_frame)
    async def to_arrow(
        self,
        columns: Sequence[str] | None = None,
        rows: slice | range | None = None,
        *,
        progress: Progress | None = None,
    ) -> pa.Table:
        """The contents as an Arrow table with the types of `to_dataframe`; missing is null.

        Of a Parquet file only the footer and what is wanted are fetched; of text only what stands
        before the last row, and types are those that these rows show.

        Args:
            columns: their names, in the order that is wanted. None: all.
            rows: which, from 0, as `range(100)` or `slice(1000, 2000)`. None: all.
            progress: is told bytes so far and bytes in all.

        Raises:
            KeyError: there is no such column.
            ValueError: rows are counted from the end, or some between are left out.
            Unreadable: the contents are not what their type says.
        """
        from amltui.api.arrow_parts import read_part

        return await read_part(self.workspace.connect, self._source, columns, rows, progress)

    async def _parsed(self, parse: Callable[[IO[bytes], str], T], progress: Progress | None) -> T:
        source = self._source
        return await with_reader(
            self.workspace.connect,
            source,
            lambda reader: parse(reader, source.data_type_id),
            progress,
        )


class AsyncDataset(DatasetMetadata, Readable):
    """One dataset, as it was when it was asked for."""

    def __init__(self, workspace: AsyncWorkspace, model: Dataset) -> None:
        self.workspace = workspace
        self._model = model

    @property
    def _source(self) -> Dataset:
        return self._model

    @only_if(is_own)
    async def update_from_dataframe(
        self,
        dataframe: pd.DataFrame,
        data_type_id: str | None = None,
        name: str | None = None,
        description: str | None = None,
        *,
        progress: Progress | None = None,
    ) -> None:
        """Replace the contents by a frame; what is None stays as it is.

        `progress` is told bytes so far and bytes in all.

        Raises:
            TypeError: `dataframe` is None.
            UnsupportedDatasetTypeError: no frame can be written as this type.
            AzureMLConflictHttpError: another dataset has the new name.
        """
        not_none("dataframe", dataframe)
        data_type_id = self.data_type_id if data_type_id is None else data_type_id
        with spooled() as file:
            await apart(lambda: _serialize(file, data_type_id, dataframe))
            await self.update_from_raw_data(
                file, data_type_id, name, description, progress=progress
            )

    @only_if(is_own)
    async def update_from_raw_data(
        self,
        raw_data: RawData,
        data_type_id: str | None = None,
        name: str | None = None,
        description: str | None = None,
        *,
        progress: Progress | None = None,
    ) -> None:
        """Replace the contents by text, bytes, a binary file or a path; what is None stays.

        `progress` is told bytes so far and bytes in all.

        Raises:
            TypeError: `raw_data` is None, or a file that is open for text.
            AzureMLConflictHttpError: another dataset has the new name.
        """
        not_none("raw_data", raw_data)
        workspace = await self.workspace.connect()
        self._model = await send(
            workspace,
            raw_data,
            name=self.name if name is None else name,
            data_type_id=self.data_type_id if data_type_id is None else data_type_id,
            description=self.description if description is None else description,
            replaces=self._model.key,
            progress=progress,
        )

    @only_if(is_own)
    async def rename(self, name: str) -> None:
        """Give it another name; a server without that gets the same contents sent again.

        Raises:
            AzureMLConflictHttpError: another dataset has this name.
        """
        from amltui.cache import Cache
        from amltui.config import paths
        from amltui.services.edits import Edits

        with Cache(paths.cache_dir()) as cache:
            edits = Edits(self.workspace.connect, lambda: cache.journals)
            self._model = await edits.rename(self._model, name)

    @only_if(is_own)
    async def describe(self, description: str) -> None:
        """Give it another description; "" removes it."""
        from amltui.services.edits import Edits

        self._model = await Edits(self.workspace.connect).describe(self._model, description)

    @only_if(is_own)
    async def delete(self) -> None:
        """Delete it with all its versions. This cannot be undone."""
        await (await self.workspace.connect()).delete(self._model.key)

    async def versions(self) -> list[AsyncDataset]:
        """All versions, newest first, each readable.

        Raises:
            NotSupportedByServer: this server cannot list them.
        """
        found = await (await self.workspace.connect()).versions(self._model.key)
        return [AsyncDataset(self.workspace, model) for model in found]

    async def version(self, which: Which) -> AsyncDataset:
        """Another version: its number from 1, -1 for the one before the latest, a day, or an id.

        Raises:
            NotFound: there is no such version.
            NotSupportedByServer: this workspace cannot list versions.
        """
        from amltui.services.versions import VersionList

        found = VersionList(await self.workspace.connect(), self._model.key)
        return AsyncDataset(self.workspace, await found.pick(which, self.name))

    @only_if(is_own)
    async def restore(self) -> AsyncDataset:
        """Make this old version the latest again; the new latest, with these contents."""
        restored = await (await self.workspace.connect()).restore(self.id)
        return AsyncDataset(self.workspace, restored)

    async def refresh(self) -> None:
        """Ask again for what the workspace says about this version, with fresh links."""
        self._model = await (await self.workspace.connect()).dataset(self.id)
