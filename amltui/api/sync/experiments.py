"""Experiments and their outputs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from amltui.api.aio import AsyncExperiment, AsyncIntermediateDataset, AsyncWorkspace
from amltui.api.arguments import check_output
from amltui.api.metadata import ExperimentMetadata
from amltui.api.sync.datasets import Dataset
from amltui.models import Experiment as ExperimentModel
from amltui.models import OutputPort

if TYPE_CHECKING:
    from amltui.api.sync.workspace import Workspace


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

    def _ipython_key_completions_(self) -> list[str]:
        """What IPython and Jupyter offer after `ws.experiments["`."""
        return [model.experiment_id for model in self._models()]

    def __getitem__(self, index: int | str) -> Experiment:
        """One by position or by id.

        Raises:
            IndexError: there is none.
            TypeError: `index` is None.
        """

        async def ask(workspace: AsyncWorkspace) -> ExperimentModel:
            return (await workspace.listed_experiments()).pick(index, examples=self._examples)

        return Experiment(self.workspace, self.workspace.run(ask))
