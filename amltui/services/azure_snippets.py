"""Code that opens a data asset of an Azure ML v2 workspace with Azure's own tools.

None of it holds a secret: whoever runs it signs in.
"""

from __future__ import annotations

import shlex
from typing import Final

from amltui.config import Connection
from amltui.config.azure import CLOUDS, AzureWorkspaceId, azure_workspace
from amltui.errors import UnsupportedDataType
from amltui.models import Dataset, DataTypeIds

_READ: Final = {
    DataTypeIds.GenericCSV: "pd.read_csv(data.path)",
    DataTypeIds.GenericCSVNoHeader: "pd.read_csv(data.path, header=None)",
    DataTypeIds.GenericTSV: 'pd.read_csv(data.path, sep="\\t")',
    DataTypeIds.GenericTSVNoHeader: 'pd.read_csv(data.path, sep="\\t", header=None)',
}
_CLOUD_NAMES: Final = {"china": "AzureChinaCloud", "usgov": "AzureUSGovernment"}


def azure_snippet(dataset: Dataset, connection: Connection, kind: str) -> str:
    """Code of one kind: `azureml` (azure-ai-ml), `pandas` (with azureml-fsspec) or `az`.

    Raises:
        UnsupportedDataType: pandas cannot read this type through an address.
    """
    here = azure_workspace(connection.endpoint, source="the profile")
    name, _, version = dataset.id.partition("/")[0].partition(":")
    if kind == "az":
        words = ["az", "ml", "data", "show", "--name", name, "--version", version]
        words += ["--workspace-name", here.workspace, "--resource-group", here.group]
        return shlex.join([*words, "--subscription", here.subscription]) + "\n"
    asset = f"data = client.data.get({name!r}, version={version!r})\n"
    client = _client(here, connection.cloud)
    if kind == "azureml":
        return f"# pip install azure-ai-ml azure-identity\n{client}{asset}print(data.path)\n"
    read = _READ.get(dataset.data_type_id)
    if read is None or dataset.source_origin != "uri_file":
        raise UnsupportedDataType(
            dataset.data_type_id, hint="pandas cannot read it by its address: use --for amltui."
        )
    return (
        "# pip install azure-ai-ml azure-identity azureml-fsspec pandas\n"
        f"import pandas as pd\n{client}{asset}df = {read}\n"
    )


def _client(here: AzureWorkspaceId, cloud: str) -> str:
    more = ""
    if cloud in _CLOUD_NAMES:
        more = f"    cloud={_CLOUD_NAMES[cloud]!r},\n"
    elif cloud not in {"", *CLOUDS}:
        more = "    # cloud and cloud_metadata of your own cloud stand here\n"
    return (
        "from azure.ai.ml import MLClient\n"
        "from azure.identity import DefaultAzureCredential\n\n"
        "client = MLClient(\n"
        "    DefaultAzureCredential(),\n"
        f"    {here.subscription!r},\n    {here.group!r},\n    {here.workspace!r},\n{more})\n"
    )
