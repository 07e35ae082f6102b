"""Code that opens a dataset elsewhere, and runs as it stands."""

from __future__ import annotations

import shlex
from typing import Final, Literal

from amltui.config import Connection
from amltui.config.values import LOCAL
from amltui.errors import UnsupportedDataType, UsageError
from amltui.formats import file_name, format_of
from amltui.models import Dataset, DataTypeIds
from amltui.services.azure_snippets import azure_snippet
from amltui.text import visible

Kind = Literal["amltui", "azureml", "pandas", "cli", "az"]

_READ_CSV: Final = {
    DataTypeIds.GenericCSV: "pd.read_csv(data, skipinitialspace=True)",
    DataTypeIds.GenericCSVNoHeader: "pd.read_csv(data, header=None, skipinitialspace=True)",
    DataTypeIds.GenericTSV: 'pd.read_csv(data, sep="\\t")',
    DataTypeIds.GenericTSVNoHeader: 'pd.read_csv(data, sep="\\t", header=None)',
    DataTypeIds.PlainText: 'pd.DataFrame(data.read().decode("utf-8").splitlines())',
}


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
    if connection is None and (with_token or kind == "azureml"):
        raise UsageError(
            "The embedded workspace has a new address at every start",
            hint="Run `amltui serve` and use its address, or take another kind of snippet.",
        )
    if kind == "azureml" and not dataset.is_latest:
        raise UsageError(
            "The old client reads the latest version only",
            hint="Take another kind of snippet for an older one.",
        )
    build = {"amltui": _amltui, "azureml": _azureml, "pandas": _pandas, "cli": _cli}[kind]
    return build(dataset, connection, with_token=with_token)


def _amltui(dataset: Dataset, connection: Connection | None, *, with_token: bool) -> str:
    if with_token and connection is not None:
        workspace = _workspace_call(connection, repr(connection.token))
    elif connection is None:
        workspace = f'Workspace(profile="{LOCAL}")'
    elif connection.profile:
        workspace = f"Workspace(profile={connection.profile!r})"
    else:
        # Where it came from: the environment, or the old client's settings file.
        workspace = "Workspace()"
    return f"from amltui import Workspace\n\nws = {workspace}\n{_opened(dataset)}"


def _azureml(dataset: Dataset, connection: Connection | None, *, with_token: bool) -> str:
    assert connection is not None
    token, imports = 'os.environ["AMLTUI_TOKEN"]', "import os\n\n"
    if with_token:
        token, imports = repr(connection.token), ""
    workspace = _workspace_call(connection, token)
    return f"{imports}from azureml import Workspace\n\nws = {workspace}\n{_opened(dataset)}"


def _pandas(dataset: Dataset, connection: Connection | None, *, with_token: bool) -> str:
    if dataset.data_type_id not in _READ_CSV:
        raise UnsupportedDataType(
            dataset.data_type_id, hint="pandas cannot read it by itself: use --for amltui."
        )
    call = ["amltui", "get", *_words(dataset, connection, with_token=with_token), "-o", "-"]
    environment = imports = ""
    if with_token and connection is not None:
        variables = ", ".join(f'"{name}": {value!r}' for name, value in _variables(connection))
        imports = "import os\n"
        environment = f", env={{**os.environ, {variables}}}"
    return (
        f"import io\n{imports}import subprocess\n\n"
        "import pandas as pd\n\n"
        f"call = {call!r}\n"
        f"done = subprocess.run(call, check=True, stdout=subprocess.PIPE{environment})\n"
        "data = io.BytesIO(done.stdout)\n"
        f"df = {_READ_CSV[dataset.data_type_id]}\n"
    )


def _cli(dataset: Dataset, connection: Connection | None, *, with_token: bool) -> str:
    target = file_name(dataset.name, dataset.data_type_id)
    words = [
        "amltui",
        "get",
        *_words(dataset, connection, with_token=with_token),
        "-o",
        f"./{target}",
    ]
    lines = [shlex.join(words)]
    if with_token and connection is not None:
        lines[:0] = [
            f"export {name}={shlex.quote(value)}" for name, value in _variables(connection)
        ]
    return "\n".join(lines) + "\n"


def _opened(dataset: Dataset) -> str:
    found = f"ws.datasets[{(dataset.name if dataset.is_latest else dataset.id)!r}]"
    if format_of(dataset.data_type_id).to_frame:
        return f"df = {found}.to_dataframe()\n"
    return f"data = {found}.read_as_binary()\n"


def _workspace_call(connection: Connection, token: str) -> str:
    return (
        "Workspace(\n"
        f"    workspace_id={connection.workspace_id!r},\n"
        f"    authorization_token={token},\n"
        f"    endpoint={connection.endpoint!r},\n"
        ")"
    )


def _words(dataset: Dataset, connection: Connection | None, *, with_token: bool) -> list[str]:
    # A name that a shell or a screen could take for something else is replaced by the id.
    harmless = visible(dataset.name) == dataset.name and not dataset.name.startswith("-")
    words = [dataset.name if harmless and dataset.is_latest else dataset.id]
    if connection is None:
        words += ["--profile", LOCAL]
    elif connection.profile and not with_token:
        words += ["--profile", connection.profile]
    return words


def _variables(connection: Connection) -> tuple[tuple[str, str], ...]:
    return (
        ("AMLTUI_ENDPOINT", connection.endpoint),
        ("AMLTUI_WORKSPACE_ID", connection.workspace_id),
        ("AMLTUI_TOKEN", connection.token),
    )
