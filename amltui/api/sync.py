"""The old client's classes: a thin face of `aio` for code without an event loop.

Each call runs on the shared loop of `loop` and waits for it. Threads may share a workspace.
"""

from __future__ import annotations

import io
import weakref
from collections.abc import Awaitable, Callable, Iterator
from typing import TYPE_CHECKING, Self, TypeVar

from amltui.api.aio import AsyncDataset, AsyncExperiment, AsyncIntermediateDataset, AsyncWorkspace
from amltui.api.checks import check_output
from amltui.api.connecting import Address
from amltui.api.loop import LOOP
from amltui.api.metadata import (
    Conditional,
    DatasetMetadata,
    ExperimentMetadata,
    has_frame,
    is_own,
    only_if,
)
from amltui.api.reading import BUFFER, RawContents
from amltui.api.sending import RawData
from amltui.models import Dataset as DatasetModel
from amltui.models import Experiment as ExperimentModel
from amltui.models import OutputPort

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from amltui.workspaces.base import Workspace as Base

T = TypeVar("T")


class _Twin(AsyncWorkspace):
    """An async workspace at an address that was already given."""

    def __init__(self, address: Address) -> None:
        self._at(address)


class _Slot:
    """The async workspace of the present loop; made anew when that loop has gone."""

    def __init__(self, address: Address) -> None:
        self._address = address
        self._generation = -1
        self.present: AsyncWorkspace | None = None

    def workspace(self) -> AsyncWorkspace:
        if self.present is None or self._generation != LOOP.generation:
            self.present = _Twin(self._address)
            self._generation = LOOP.generation
            LOOP.adopt(self.present)
        return self.present

    def close(self) -> None:
        present, self.present = self.present, None
        LOOP.dismiss(present)


class Workspace:
    """A workspace: the entry point, as in the old client.

    Args:
        workspace_id: 32 hex digits.
        authorization_token: a token of the workspace.
        endpoint: the server's address.
        profile: a profile made with `amltui profile add`.

    What is left out comes from the environment (`AMLTUI_WORKSPACE_ID`, `AMLTUI_TOKEN`,
    `AMLTUI_ENDPOINT`), the profile in force or the old client's `~/.azureml/settings.json`; where
    nobody says anything it is the local workspace of this machine, whose server is started.

    Nothing is reached before it is needed. Use it with `with`, call `close()`, or leave it: what
    it holds is let go with it or when Python ends.

    >>> ws = Workspace()
    >>> [dataset.name for dataset in ws.example_datasets][:2]
    ['Adult Census Income Binary Classification dataset', 'Airport Codes Dataset']
    >>> ws.datasets["Iris"].to_dataframe().shape
    (150, 5)

    Raises:
        TypeError: an argument is empty.
    """

    def __init__(
        self,
        workspace_id: str | None = None,
        authorization_token: str | None = None,
        endpoint: str | None = None,
        *,
        profile: str | None = None,
    ) -> None:
        address = Address(workspace_id, authorization_token, endpoint, profile)

        self._address = address
        self._slot = _Slot(address)
        self._finalizer = weakref.finalize(self, self._slot.close)
        self._finalizer.atexit = False  # the loop closes everything then
        self.datasets = Datasets(self)
        self.user_datasets = Datasets(self, example_filter=False)
        self.example_datasets = Datasets(self, example_filter=True)
        self.experiments = Experiments(self)
        self.user_experiments = Experiments(self, example_filter=False)
        self.example_experiments = Experiments(self, example_filter=True)

    @classmethod
    def from_profile(cls, name: str) -> Self:
        """The workspace of a profile made with `amltui profile add`.

        Raises:
            TypeError: `name` is empty.
        """
        return cls(profile=name)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        """Close connections now. A workspace that is used again connects again."""
        self._slot.close()

    @property
    def workspace_id(self) -> str:
        """32 hex digits."""
        connection = self._address.connection
        if connection is not None:
            return connection.workspace_id
        return self.run(_info_id)

    @property
    def authorization_token(self) -> str | None:
        """The token in use, a secret. None: that of this machine's local workspace."""
        connection = self._address.connection
        return connection.token if connection is not None else None

    @property
    def api_endpoint(self) -> str | None:
        """The server's address with a closing slash. None: this machine's local workspace."""
        connection = self._address.connection
        return connection.endpoint if connection is not None else None

    def run(self, func: Callable[[AsyncWorkspace], Awaitable[T]]) -> T:
        """The result of an async function of this workspace's async twin."""
        with LOOP.use():
            return LOOP.call(func, self._slot.workspace())

    def connecting(self) -> Callable[[], Awaitable[Base]]:
        """What reaches the workspace on the present loop."""
        return self._slot.workspace().connect


async def _info_id(workspace: AsyncWorkspace) -> str:
    return (await (await workspace.connect()).info()).workspace_id


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

    def __iter__(self) -> Iterator[SourceDataset]:
        for model in self._models():
            yield SourceDataset(self.workspace, model)

    def __len__(self) -> int:
        return len(self._models())

    def __contains__(self, name: object) -> bool:
        """Whether there is a dataset of this name or id."""
        try:
            self[str(name)]
        except IndexError:
            return False
        return True

    def __getitem__(self, index: int | str) -> SourceDataset:
        """One by position, by name (case-sensitive) or by id.

        Raises:
            IndexError: there is none.
            TypeError: `index` is None.
        """

        async def ask(workspace: AsyncWorkspace) -> DatasetModel:
            return (await workspace.listed_datasets()).pick(index, examples=self._examples)

        return SourceDataset(self.workspace, self.workspace.run(ask))

    def add_from_dataframe(
        self, dataframe: pd.DataFrame, data_type_id: str, name: str, description: str
    ) -> SourceDataset:
        """Upload a frame as a new dataset; see `amltui.formats.frames` for what survives.

        Raises:
            TypeError: an argument is None or empty.
            UnsupportedDatasetTypeError: no frame can be written as this type.
            AzureMLConflictHttpError: a dataset of this name is there.
        """

        async def add(workspace: AsyncWorkspace) -> AsyncDataset:
            return await workspace.datasets.add_from_dataframe(
                dataframe, data_type_id, name, description
            )

        return SourceDataset(self.workspace, self.workspace.run(add).model)

    def add_from_raw_data(
        self, raw_data: RawData, data_type_id: str, name: str, description: str
    ) -> SourceDataset:
        r"""Upload bytes, a binary file or a path as a new dataset, 4 MiB at a time.

        >>> ws = Workspace()
        >>> made = ws.datasets.add_from_raw_data(b"a,b\n1,2\n", "GenericCSV", "two", "columns")
        >>> made.size, made.to_dataframe().columns.tolist()
        (8, ['a', 'b'])
        >>> made.delete()

        Raises:
            TypeError: an argument is None or empty, or `raw_data` is text.
            AzureMLConflictHttpError: a dataset of this name is there.
        """

        async def add(workspace: AsyncWorkspace) -> AsyncDataset:
            return await workspace.datasets.add_from_raw_data(
                raw_data, data_type_id, name, description
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

    def read_as_binary(self) -> bytes:
        """All bytes, verified.

        Raises:
            TransferCut, Damaged, LinkExpired: they did not come as promised.
        """

        async def read(workspace: AsyncWorkspace) -> bytes:
            return await self._twin(workspace).read_as_binary()

        return self.workspace.run(read)

    def read_as_text(self) -> str:
        """All text, which must be UTF-8; a byte order mark is dropped.

        Raises:
            UnicodeDecodeError: it is not UTF-8.
        """

        async def read(workspace: AsyncWorkspace) -> str:
            return await self._twin(workspace).read_as_text()

        return self.workspace.run(read)

    @only_if(has_frame)
    def to_dataframe(self) -> pd.DataFrame:
        """The contents as a pandas frame; see `amltui.formats.frames` for the rules.

        Absent (`hasattr` is false) where the type has no frame.

        Raises:
            Unreadable: the contents are not what their type says.
        """

        async def read(workspace: AsyncWorkspace) -> pd.DataFrame:
            return await self._twin(workspace).to_dataframe()

        return self.workspace.run(read)

    @only_if(has_frame)
    def to_arrow(self) -> pa.Table:
        """The contents as an Arrow table with the types of `to_dataframe`; missing is null."""

        async def read(workspace: AsyncWorkspace) -> pa.Table:
            return await self._twin(workspace).to_arrow()

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
    ) -> None:
        """Replace the contents by a frame; what is None stays as it is.

        Raises:
            TypeError: `dataframe` is None.
            UnsupportedDatasetTypeError: no frame can be written as this type.
            AzureMLConflictHttpError: another dataset has the new name.
        """
        self._change(
            lambda twin: twin.update_from_dataframe(dataframe, data_type_id, name, description)
        )

    @only_if(is_own)
    def update_from_raw_data(
        self,
        raw_data: RawData,
        data_type_id: str | None = None,
        name: str | None = None,
        description: str | None = None,
    ) -> None:
        """Replace the contents by bytes, a binary file or a path; what is None stays as it is.

        Raises:
            TypeError: `raw_data` is None or text.
            AzureMLConflictHttpError: another dataset has the new name.
        """
        self._change(
            lambda twin: twin.update_from_raw_data(raw_data, data_type_id, name, description)
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

    @only_if(is_own)
    def restore(self) -> SourceDataset:
        """Make this old version the latest again; the new latest, with these contents."""

        async def ask(workspace: AsyncWorkspace) -> AsyncDataset:
            return await self._twin(workspace).restore()

        return SourceDataset(self.workspace, self.workspace.run(ask).model)

    def refresh(self) -> None:
        """Ask again for what the workspace says about this version, with fresh links."""
        self._change(lambda twin: twin.refresh())


class IntermediateDataset(Dataset):
    """One output of an experiment's module. It has contents and no metadata."""

    def __init__(self, workspace: Workspace, experiment: Experiment, port: OutputPort) -> None:
        self.workspace = workspace
        self.experiment = experiment
        self.node_id = port.node_id
        self.port_name = port.port_name
        self.data_type_id = port.data_type_id
        self.module = port.module
        self._port = port

    def __repr__(self) -> str:
        return f"{self.node_id}\t{self.port_name}\t{self.data_type_id}"

    def _source(self) -> OutputPort:
        return self._port

    def _twin(self, workspace: AsyncWorkspace) -> AsyncIntermediateDataset:
        return AsyncIntermediateDataset(workspace, self.experiment.twin(workspace), self._port)


class Experiment(ExperimentMetadata):
    """One experiment."""

    def __init__(self, workspace: Workspace, metadata: ExperimentModel) -> None:
        self.workspace = workspace
        self._model = metadata

    def twin(self, workspace: AsyncWorkspace) -> AsyncExperiment:
        """The same for asyncio."""
        return AsyncExperiment(workspace, self._model)

    def get_intermediate_dataset(
        self, node_id: str, port_name: str, data_type_id: str
    ) -> IntermediateDataset:
        """One output, by what Studio's snippets name. Asks nobody.

        Raises:
            TypeError: an argument is None or empty.
        """
        check_output(node_id, port_name, data_type_id)
        port = OutputPort(self.experiment_id, node_id, port_name, data_type_id)
        return IntermediateDataset(self.workspace, self, port)

    def outputs(self) -> list[IntermediateDataset]:
        """All outputs in the experiment's graph, in its order.

        >>> experiment = Workspace().example_experiments[0]
        >>> [output.data_type_id for output in experiment.outputs()]
        ['Dataset', 'Dataset', 'GenericCSV']
        """

        async def ask(workspace: AsyncWorkspace) -> tuple[OutputPort, ...]:
            whole = await (await workspace.connect()).experiment(self.experiment_id)
            return whole.outputs

        return [IntermediateDataset(self.workspace, self, p) for p in self.workspace.run(ask)]


class Experiments:
    """The experiments of a workspace: iterate, `len`, index by position or by id."""

    def __init__(self, workspace: Workspace, example_filter: bool | None = None) -> None:  # noqa: FBT001 - the old client's signature
        self.workspace = workspace
        self._examples = example_filter

    def _models(self) -> tuple[ExperimentModel, ...]:
        async def ask(workspace: AsyncWorkspace) -> tuple[ExperimentModel, ...]:
            return (await workspace.listed_experiments()).only(examples=self._examples)

        return self.workspace.run(ask)

    def __repr__(self) -> str:
        return "\n".join(repr(experiment) for experiment in self)

    def __iter__(self) -> Iterator[Experiment]:
        for model in self._models():
            yield Experiment(self.workspace, model)

    def __len__(self) -> int:
        return len(self._models())

    def __getitem__(self, index: int | str) -> Experiment:
        """One by position or by id.

        Raises:
            IndexError: there is none.
            TypeError: `index` is None.
        """

        async def ask(workspace: AsyncWorkspace) -> ExperimentModel:
            return (await workspace.listed_experiments()).pick(index, examples=self._examples)

        return Experiment(self.workspace, self.workspace.run(ask))
