"""The library for asyncio: the nouns of the old client, awaited."""

from amltui.api.aio.datasets import AsyncDataset, AsyncDatasets
from amltui.api.aio.experiments import AsyncExperiment, AsyncExperiments, AsyncIntermediateDataset
from amltui.api.aio.workspace import AsyncWorkspace

__all__ = [
    "AsyncDataset",
    "AsyncDatasets",
    "AsyncExperiment",
    "AsyncExperiments",
    "AsyncIntermediateDataset",
    "AsyncWorkspace",
]
