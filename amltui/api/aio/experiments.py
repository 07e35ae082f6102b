"""Experiments and their outputs."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

from amltui.api.aio.datasets import Readable
from amltui.api.arguments import check_output
from amltui.api.metadata import ExperimentMetadata
from amltui.models import Experiment, OutputPort

if TYPE_CHECKING:
    from amltui.api.aio.workspace import AsyncWorkspace


class AsyncIntermediateDataset(Readable):
    """One output of an experiment's module. It has contents and no metadata."""

    def __init__(
        self, workspace: AsyncWorkspace, experiment: AsyncExperiment, port: OutputPort
    ) -> None:
        self.workspace = workspace
        self.experiment = experiment
        self._port = port

    def __repr__(self) -> str:
        return f"{self.node_id}\t{self.port_name}\t{self.data_type_id}"

    @property
    def node_id(self) -> str:
        """The module's node in the graph."""
        return self._port.node_id

    @property
    def port_name(self) -> str:
        """The module's output port."""
        return self._port.port_name

    @property
    def data_type_id(self) -> str:
        """How the contents are written."""
        return self._port.data_type_id

    @property
    def module(self) -> str:
        """What a person knows the module by; "" where the graph was not asked."""
        return self._port.module

    @property
    def _source(self) -> OutputPort:
        return self._port


class AsyncExperiment(ExperimentMetadata):
    """One experiment."""

    def __init__(self, workspace: AsyncWorkspace, model: Experiment) -> None:
        self.workspace = workspace
        self._model = model

    def get_intermediate_dataset(
        self, node_id: str, port_name: str, data_type_id: str
    ) -> AsyncIntermediateDataset:
        """One output, by what Studio's snippets name. Asks nobody.

        Raises:
            TypeError: an argument is None or empty.
        """
        check_output(node_id, port_name, data_type_id)
        port = OutputPort(self.experiment_id, node_id, port_name, data_type_id)
        return AsyncIntermediateDataset(self.workspace, self, port)

    async def outputs(self) -> list[AsyncIntermediateDataset]:
        """All outputs in the experiment's graph, in its order."""
        whole = await (await self.workspace.connect()).experiment(self.experiment_id)
        return [AsyncIntermediateDataset(self.workspace, self, port) for port in whole.outputs]


class AsyncExperiments:
    """The experiments of a workspace. One question, one request."""

    def __init__(self, workspace: AsyncWorkspace, *, examples: bool | None = None) -> None:
        self.workspace = workspace
        self._examples = examples

    def __repr__(self) -> str:
        return f"<AsyncExperiments of {self.workspace!r}>"

    async def all(self) -> list[AsyncExperiment]:
        """All of them, in the workspace's order."""
        listed = await self.workspace.listed_experiments()
        return [AsyncExperiment(self.workspace, m) for m in listed.only(examples=self._examples)]

    async def count(self) -> int:
        """How many there are."""
        return len((await self.workspace.listed_experiments()).only(examples=self._examples))

    async def __aiter__(self) -> AsyncIterator[AsyncExperiment]:
        for experiment in await self.all():
            yield experiment

    async def get(self, index: int | str) -> AsyncExperiment:
        """One by position or by id.

        Raises:
            IndexError: there is none.
        """
        listed = await self.workspace.listed_experiments()
        return AsyncExperiment(self.workspace, listed.pick(index, examples=self._examples))
