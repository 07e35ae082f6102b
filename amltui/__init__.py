"""Datasets of an Azure ML Studio (classic) style workspace: terminal program, library, server.

    import amltui

    ws = amltui.Workspace(workspace_id="...", authorization_token="...", endpoint="...")
    frame = ws.datasets["my dataset name"].to_dataframe()

Importing this is cheap: what stands below is imported when it is first used.
"""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from amltui import errors
    from amltui.api import (
        AsyncDataset,
        AsyncDatasets,
        AsyncExperiment,
        AsyncExperiments,
        AsyncIntermediateDataset,
        AsyncWorkspace,
        Dataset,
        Datasets,
        Endpoints,
        Experiment,
        Experiments,
        IntermediateDataset,
        SourceDataset,
        Workspace,
        diff,
    )
    from amltui.errors import (
        AmltuiError,
        AzureMLConflictHttpError,
        AzureMLError,
        AzureMLHttpError,
        AzureMLUnauthorizedError,
        UnsupportedDatasetTypeError,
    )
    from amltui.formats.frames import (
        deserialize_dataframe,
        is_supported,
        serialize_dataframe,
    )
    from amltui.models import (
        DataTypeIds,
    )

__all__ = [
    "AmltuiError",
    "AsyncDataset",
    "AsyncDatasets",
    "AsyncExperiment",
    "AsyncExperiments",
    "AsyncIntermediateDataset",
    "AsyncWorkspace",
    "AzureMLConflictHttpError",
    "AzureMLError",
    "AzureMLHttpError",
    "AzureMLUnauthorizedError",
    "DataTypeIds",
    "Dataset",
    "Datasets",
    "Endpoints",
    "Experiment",
    "Experiments",
    "IntermediateDataset",
    "SourceDataset",
    "UnsupportedDatasetTypeError",
    "Workspace",
    "__version__",
    "deserialize_dataframe",
    "diff",
    "errors",
    "is_supported",
    "serialize_dataframe",
    "services",
]

_ELSEWHERE = {
    "amltui.errors": {
        "AmltuiError",
        "AzureMLConflictHttpError",
        "AzureMLError",
        "AzureMLHttpError",
        "AzureMLUnauthorizedError",
        "UnsupportedDatasetTypeError",
    },
    "amltui.formats.frames": {"deserialize_dataframe", "is_supported", "serialize_dataframe"},
    "amltui.models": {"DataTypeIds"},
}
"""Where names come from that are not of `amltui.api`."""


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(
            f"module {__name__!r} has no attribute {name!r}",
            name=name,
            obj=sys.modules[__name__],
        )
    if name in {"errors", "services"}:
        return importlib.import_module(f"{__name__}.{name}")
    place = next((p for p, names in _ELSEWHERE.items() if name in names), "amltui.api")
    value = getattr(importlib.import_module(place), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
