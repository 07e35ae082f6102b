"""The library: the old `azureml` client's names, and async twins of them.

Where something is not said to be new, it does what the old client did, down to the exceptions.
"""

from amltui.api.aio import (
    AsyncDataset,
    AsyncDatasets,
    AsyncExperiment,
    AsyncExperiments,
    AsyncIntermediateDataset,
    AsyncWorkspace,
)
from amltui.api.comparing import diff
from amltui.api.connecting import Endpoints
from amltui.api.sync import (
    Dataset,
    Datasets,
    Experiment,
    Experiments,
    IntermediateDataset,
    SourceDataset,
    Workspace,
)

__all__ = [
    "AsyncDataset",
    "AsyncDatasets",
    "AsyncExperiment",
    "AsyncExperiments",
    "AsyncIntermediateDataset",
    "AsyncWorkspace",
    "Dataset",
    "Datasets",
    "Endpoints",
    "Experiment",
    "Experiments",
    "IntermediateDataset",
    "SourceDataset",
    "Workspace",
    "diff",
]

for _name in __all__:
    globals()[_name].__module__ = "amltui"  # where users know them from: help, repr, tracebacks
