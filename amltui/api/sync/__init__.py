"""The old client's classes: a thin face of `aio` for code without an event loop.

Each call runs on the shared loop of `loop` and waits for it. Threads may share a workspace.
"""

from amltui.api.sync.datasets import Dataset, Datasets, SourceDataset
from amltui.api.sync.experiments import Experiment, Experiments, IntermediateDataset
from amltui.api.sync.workspace import Workspace

__all__ = [
    "Dataset",
    "Datasets",
    "Experiment",
    "Experiments",
    "IntermediateDataset",
    "SourceDataset",
    "Workspace",
]
