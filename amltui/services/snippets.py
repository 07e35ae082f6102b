"""Code that opens a dataset elsewhere, and runs as it stands."""

from __future__ import annotations

from typing import Literal

from amltui import access_code
from amltui.config import Connection
from amltui.errors import UsageError
from amltui.models import Dataset
from amltui.services.azure_snippets import azure_snippet

Kind = Literal["amltui", "azureml", "pandas", "cli", "az"]


def snippet(
    dataset: Dataset, connection: Connection | None, kind: Kind, *, with_token: bool = False
) -> str:
    """Code that gets `dataset`; `connection` None: from the embedded workspace.

    The token is left to the profile or the environment unless `with_token`.

    Raises:
        UsageError: the embedded workspace has no address that others could use, or the old client
            could not open an older version.
        UnsupportedDataType: pandas alone cannot read this type.
    """
    if connection is not None and connection.is_azure and kind not in {"amltui", "cli"}:
        return azure_snippet(dataset, connection, kind)
    if kind == "az":
        raise UsageError(
            "The Azure CLI knows Azure ML v2 workspaces only",
            hint="Take another kind of snippet for this workspace.",
        )
    return access_code.access_code(dataset, connection, kind, with_token=with_token)
