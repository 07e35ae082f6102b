"""Datasets: the collection, and one with its metadata and contents."""

from __future__ import annotations

import io
from collections.abc import Awaitable, Callable, Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from amltui.api.aio import (
    AsyncDataset,
    AsyncDatasets,
    AsyncIntermediateDataset,
    AsyncWorkspace,
)
from amltui.api.loop import LOOP
from amltui.api.metadata import (
    Conditional,
    DatasetMetadata,
    dataset_table,
    has_frame,
    is_own,
    only_if,
)
from amltui.api.progress import Progress
from amltui.api.reading import BUFFER, RawContents
from amltui.api.sending import RawData
from amltui.models import Dataset as DatasetModel
from amltui.models import OutputPort

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from amltui.api.sync.workspace import Workspace
    from amltui.services.versions import Which


class Datasets:
    """The datasets of a workspace: the latest version of each.

    Iterate, `len`, index by position, by name (case-sensitive) or by id. Each of these asks the
    workspace once; an unchanged list costs one small answer.
    """

    def __init__(self, workspace: Workspace, example_filter: bool | None = None) -> None:  # noqa: FBT001 - the old client's signature
        self.workspace = workspace
        self._examples = example_filter

    def _models(self) -> tuple[DatasetModel, ...]:
        async def ask(workspace: AsyncWorkspace) -> tuple[DatasetModel, ...]:
            return (await workspace.listed_datasets()).only(examples=self._examples)

        return self.workspace.run(ask)

    def __repr__(self) -> str:
        return "\n".join(repr(dataset) for dataset in self)

    def _repr_html_(self) -> str:
        """What a notebook shows."""
        return dataset_table(self._models())

    def __iter__(self) -> Iterator[SourceDataset]:
        for model in self._models():
            yield SourceDataset(self.workspace, model)

    def __len__(self) -> int:
        return len(self._models())

    def __contains__(self, name: object) -> bool:
        """Whether there is a dataset of this name or id."""

        async def ask(workspace: AsyncWorkspace) -> bool:
            listed = await workspace.listed_datasets()
            return listed.find(str(name), examples=self._examples) is not None

        return self.workspace.run(ask)

    def _ipython_key_completions_(self) -> list[str]:
        """What IPython and Jupyter offer after `ws.datasets["`."""
        return [model.name for model in self._models()]

    def __getitem__(self, index: int | str) -> SourceDataset:
        """One by position, by name (case-sensitive) or by id, an older version's too; see `get`.

        Raises:
            IndexError: there is none.
            TypeError: `index` is None.
        """
        return self.get(index)

    def get(
        self, index: int | str, *, version: Which | None = None, as_of: str | datetime | None = None
    ) -> SourceDataset:
        """One by position, by name (case-sensitive) or by id; the latest version unless said.

        A name may say the version itself: `Sales@2`; see `amltui help versions`.

        >>> Workspace().datasets.get("Iris", version=1).name
        'Iris'

        Args:
            index: position, name or id.
            version: its number from 1, -1 for the one before the latest, or an id.
            as_of: a day (its end, in local time) or a moment: the version that was latest then.

        Raises:
            IndexError: there is none.
            TypeError: `index` is None.
        """

        async def ask(workspace: AsyncWorkspace) -> AsyncDataset:
            datasets = AsyncDatasets(workspace, examples=self._examples)
            return await datasets.get(index, version=version, as_of=as_of)

        return SourceDataset(self.workspace, self.workspace.run(ask).model)

    def add_from_dataframe(
        self,
        dataframe: pd.DataFrame,
        data_type_id: str,
        name: str,
        description: str,
        *,
        progress: Progress | None = None,
    ) -> SourceDataset:
        """Upload a frame as a new dataset; see `amltui.formats.frames` for what survives.

        `progress` is told bytes so far and bytes in all, on another thread.

        Raises:
            TypeError: an argument is None or empty.
            UnsupportedDatasetTypeError: no frame can be written as this type.
            AzureMLConflictHttpError: a dataset of this name is there.
        """

        async def add(workspace: AsyncWorkspace) -> AsyncDataset:
            return await workspace.datasets.add_from_dataframe(
                dataframe, data_type_id, name, description, progress=progress
            )

        return SourceDataset(self.workspace, self.workspace.run(add).model)

    def add_from_raw_data(
        self,
        raw_data: RawData,
        data_type_id: str,
        name: str,
        description: str,
        *,
        progress: Progress | None = None,
    ) -> SourceDataset:
        r"""Upload text, bytes, a binary file or a `pathlib.Path` as a new dataset, 4 MiB at a time.

        `progress` is told bytes so far and bytes in all, on another thread.

        >>> ws = Workspace()
        >>> made = ws.datasets.add_from_raw_data(b"a,b\n1,2\n", "GenericCSV", "two", "columns")
        >>> made.size, made.to_dataframe().columns.tolist()
        (8, ['a', 'b'])
        >>> made.delete()

        Raises:
            TypeError: an argument is None or empty, or `raw_data` is a file that is open for text.
            AzureMLConflictHttpError: a dataset of this name is there.
        """

        async def add(workspace: AsyncWorkspace) -> AsyncDataset:
            return await workspace.datasets.add_from_raw_data(
                raw_data, data_type_id, name, description, progress=progress
            )

        return SourceDataset(self.workspace, self.workspace.run(add).model)


class Dataset(Conditional):
    """Contents that can be read: a `SourceDataset` or an `IntermediateDataset`."""

    workspace: Workspace

    def _source(self) -> DatasetModel | OutputPort:
        """What is read; each subclass says which."""
        raise NotImplementedError

    def _twin(self, workspace: AsyncWorkspace) -> AsyncDataset | AsyncIntermediateDataset:
        """The same thing in `aio`, which does the work; each subclass makes its own."""
        raise NotImplementedError

    def open(self) -> io.BufferedReader:
        """A binary file object of the contents, fetched as it is read.

        Bytes that are not read are not fetched, up to some MiB; `seek` asks for what is needed.

        >>> with Workspace().datasets["Iris"].open() as file:
        ...     file.read(12)
        b'sepal_length'
        """
        return io.BufferedReader(
            RawContents(LOOP, self.workspace.connecting, self._source()), BUFFER
        )

    def read_as_binary(self, *, progress: Progress | None = None) -> bytes:
        """All bytes, verified.

        `progress` is told bytes so far and bytes in all, on another thread.

        Raises:
            TransferCut, Damaged, LinkExpired: they did not come as promised.
            ContentLost: they are gone from the server's store.
        """

        async def read(workspace: AsyncWorkspace) -> bytes:
            return await self._twin(workspace).read_as_binary(progress=progress)

        return self.workspace.run(read)

    def read_as_text(self, *, progress: Progress | None = None) -> str:
        """All text, which must be UTF-8; a byte order mark is dropped.

        `progress` is told bytes so far and bytes in all, on another thread.

        Raises:
            UnicodeDecodeError: it is not UTF-8.
        """

        async def read(workspace: AsyncWorkspace) -> str:
            return await self._twin(workspace).read_as_text(progress=progress)

        return self.workspace.run(read)

    @only_if(has_frame)
    def to_dataframe(self, *, progress: Progress | None = None) -> pd.DataFrame:
        """The contents as a pandas frame; see `amltui.formats.frames` for the rules.

        `progress` is told bytes so far and bytes in all, on another thread.
        Absent (`hasattr` is false) where the type has no frame.

        Raises:
            Unreadable: the contents are not what their type says.
        """

        async def read(workspace: AsyncWorkspace) -> pd.DataFrame:
            return await self._twin(workspace).to_dataframe(progress=progress)

        return self.workspace.run(read)

    @only_if(has_frame)
    def to_arrow(
        self,
        columns: Sequence[str] | None = None,
        rows: slice | range | None = None,
        *,
        progress: Progress | None = None,
    ) -> pa.Table:
        """The contents as an Arrow table with the types of `to_dataframe`; missing is null.

        Of a Parquet file only the footer and what is wanted are fetched; of text only what stands
        before the last row, and types are those that these rows show.

        >>> Workspace().datasets["Iris"].to_arrow(["class"], range(2)).to_pylist()
        [{'class': 'setosa'}, {'class': 'setosa'}]

        Args:
            columns: their names, in the order that is wanted. None: all.
            rows: which, from 0, as `range(100)` or `slice(1000, 2000)`. None: all.
            progress: is told bytes so far and bytes in all.

        Raises:
            KeyError: there is no such column.
            ValueError: rows are counted from the end, or some between are left out.
            Unreadable: the contents are not what their type says.
        """

        async def read(workspace: AsyncWorkspace) -> pa.Table:
            return await self._twin(workspace).to_arrow(columns, rows, progress=progress)

        return self.workspace.run(read)


class SourceDataset(DatasetMetadata, Dataset):
    """One dataset: its metadata as they were when asked for, and its contents.

    What changes it is absent (`hasattr` is false) in the examples.
    """

    def __init__(self, workspace: Workspace, metadata: DatasetModel) -> None:
        self.workspace = workspace
        self._model = metadata

    def _source(self) -> DatasetModel:
        return self._model

    def _twin(self, workspace: AsyncWorkspace) -> AsyncDataset:
        return AsyncDataset(workspace, self._model)

    def _change(self, change: Callable[[AsyncDataset], Awaitable[None]]) -> None:
        async def run(workspace: AsyncWorkspace) -> DatasetModel:
            twin = self._twin(workspace)
            await change(twin)
            return twin.model

        self._model = self.workspace.run(run)

    @only_if(is_own)
    def update_from_dataframe(
        self,
        dataframe: pd.DataFrame,
        data_type_id: str | None = None,
        name: str | None = None,
        description: str | None = None,
        *,
        progress: Progress | None = None,
    ) -> None:
        """Replace the contents by a frame; what is None stays as it is.

        `progress` is told bytes so far and bytes in all, on another thread.

        Raises:
            TypeError: `dataframe` is None.
            UnsupportedDatasetTypeError: no frame can be written as this type.
            AzureMLConflictHttpError: another dataset has the new name.
        """
        self._change(
            lambda twin: twin.update_from_dataframe(
                dataframe, data_type_id, name, description, progress=progress
            )
        )

    @only_if(is_own)
    def update_from_raw_data(
        self,
        raw_data: RawData,
        data_type_id: str | None = None,
        name: str | None = None,
        description: str | None = None,
        *,
        progress: Progress | None = None,
    ) -> None:
        """Replace the contents by text, bytes, a binary file or a path; what is None stays.

        `progress` is told bytes so far and bytes in all, on another thread.

        Raises:
            TypeError: `raw_data` is None, or a file that is open for text.
            AzureMLConflictHttpError: another dataset has the new name.
        """
        self._change(
            lambda twin: twin.update_from_raw_data(
                raw_data, data_type_id, name, description, progress=progress
            )
        )

    @only_if(is_own)
    def rename(self, name: str) -> None:
        """Give it another name; a server without that gets the same contents sent again.

        Raises:
            AzureMLConflictHttpError: another dataset has this name.
        """
        self._change(lambda twin: twin.rename(name))

    @only_if(is_own)
    def describe(self, description: str) -> None:
        """Give it another description; "" removes it."""
        self._change(lambda twin: twin.describe(description))

    @only_if(is_own)
    def delete(self) -> None:
        """Delete it with all its versions. This cannot be undone."""
        self._change(lambda twin: twin.delete())

    def versions(self) -> list[SourceDataset]:
        """All versions, newest first, each readable.

        Raises:
            NotSupportedByServer: this server cannot list them.
        """

        async def ask(workspace: AsyncWorkspace) -> list[AsyncDataset]:
            return await self._twin(workspace).versions()

        return [SourceDataset(self.workspace, one.model) for one in self.workspace.run(ask)]

    def version(self, which: Which) -> SourceDataset:
        """Another version: its number from 1, -1 for the one before the latest, a day, or an id.

        >>> Workspace().datasets["Iris"].version(1).size == Workspace().datasets["Iris"].size
        True

        Raises:
            NotFound: there is no such version.
            NotSupportedByServer: this workspace cannot list versions.
        """

        async def ask(workspace: AsyncWorkspace) -> AsyncDataset:
            return await self._twin(workspace).version(which)

        return SourceDataset(self.workspace, self.workspace.run(ask).model)

    @only_if(is_own)
    def restore(self) -> SourceDataset:
        """Make this old version the latest again; the new latest, with these contents."""

        async def ask(workspace: AsyncWorkspace) -> AsyncDataset:
            return await self._twin(workspace).restore()

        return SourceDataset(self.workspace, self.workspace.run(ask).model)

    def refresh(self) -> None:
        """Ask again for what the workspace says about this version, with fresh links."""
        self._change(lambda twin: twin.refresh())
