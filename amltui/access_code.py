"""Code that opens a dataset of a workspace elsewhere, and runs as it stands.

What the terminal program, the command line and the server's page offer alike.
"""

from __future__ import annotations

import shlex
from typing import Final, Literal

from amltui.config import Connection
from amltui.config.connection_values import LOCAL
from amltui.errors import UnsupportedDataType, UsageError
from amltui.formats import file_name, format_of
from amltui.models import Dataset, DataTypeIds
from amltui.text import visible

Kind = Literal["amltui", "azureml", "pandas", "cli"]

_READ_CSV: Final = {
    DataTypeIds.GenericCSV: "pd.read_csv(data, skipinitialspace=True)",
    DataTypeIds.GenericCSVNoHeader: "pd.read_csv(data, header=None, skipinitialspace=True)",
    DataTypeIds.GenericTSV: 'pd.read_csv(data, sep="\\t")',
    DataTypeIds.GenericTSVNoHeader: 'pd.read_csv(data, sep="\\t", header=None)',
    DataTypeIds.PlainText: 'pd.DataFrame(data.read().decode("utf-8").splitlines())',
}


def access_code(
    dataset: Dataset,
    connection: Connection | None,
    kind: Kind,
    *,
    with_token: bool = False,
    explicit: bool = False,
) -> str:
    """Code that gets `dataset`; `connection` None: from the embedded workspace.

    `explicit`: it says which workspace, for those who have no profile; the token comes from the
    environment unless `with_token`.

    Raises:
        UsageError: the embedded workspace has no address that others could use, or the old client
            could not open an older version.
        UnsupportedDataType: pandas alone cannot read this type.
    """
    if connection is None and (with_token or explicit or kind == "azureml"):
        raise UsageError(
            "The embedded workspace has a new address at every start",
            hint="Run `amltui serve` and use its address, or take another kind of snippet.",
        )
    if kind == "azureml" and not dataset.is_latest:
        raise UsageError(
            "The old client reads the latest version only",
            hint="Take another kind of snippet for an older one.",
        )
    if kind == "azureml" or (kind == "amltui" and explicit):
        assert connection is not None
        return _called(dataset, connection, kind, with_token=with_token)
    if kind == "amltui":
        return _amltui(dataset, connection, with_token=with_token)
    build = {"pandas": _pandas, "cli": _cli}[kind]
    variables = _variables(connection, with_token=with_token, explicit=explicit)
    return build(dataset, _words(dataset, connection, told=bool(variables)), variables)


def _amltui(dataset: Dataset, connection: Connection | None, *, with_token: bool) -> str:
    if with_token and connection is not None:
        workspace = _workspace_call(connection, repr(connection.token))
    elif connection is None:
        workspace = f'Workspace(profile="{LOCAL}")'
    elif connection.opened_by:
        workspace = f"Workspace(profile={connection.opened_by!r})"
    else:
        # Where it came from: the environment, or the old client's settings file.
        workspace = "Workspace()"
    return f"from amltui import Workspace\n\nws = {workspace}\n{_opened(dataset)}"


def _called(dataset: Dataset, connection: Connection, package: str, *, with_token: bool) -> str:
    token, imports = 'os.environ["AMLTUI_TOKEN"]', "import os\n\n"
    if with_token:
        token, imports = repr(connection.token), ""
    workspace = _workspace_call(connection, token)
    return f"{imports}from {package} import Workspace\n\nws = {workspace}\n{_opened(dataset)}"


def _pandas(dataset: Dataset, words: list[str], variables: tuple[tuple[str, str], ...]) -> str:
    if dataset.data_type_id not in _READ_CSV:
        raise UnsupportedDataType(
            dataset.data_type_id, hint="pandas cannot read it by itself: use --for amltui."
        )
    call = ["amltui", "get", *words, "-o", "-"]
    environment = imports = ""
    if variables:
        given = ", ".join(f'"{name}": {value!r}' for name, value in variables)
        imports = "import os\n"
        environment = f", env={{**os.environ, {given}}}"
    return (
        f"import io\n{imports}import subprocess\n\n"
        "import pandas as pd\n\n"
        f"call = {call!r}\n"
        f"done = subprocess.run(call, check=True, stdout=subprocess.PIPE{environment})\n"
        "data = io.BytesIO(done.stdout)\n"
        f"df = {_READ_CSV[dataset.data_type_id]}\n"
    )


def _cli(dataset: Dataset, words: list[str], variables: tuple[tuple[str, str], ...]) -> str:
    target = file_name(dataset.name, dataset.data_type_id)
    lines = [f"export {name}={shlex.quote(value)}" for name, value in variables]
    lines.append(shlex.join(["amltui", "get", *words, "-o", f"./{target}"]))
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


def _words(dataset: Dataset, connection: Connection | None, *, told: bool) -> list[str]:
    # A name that a shell or a screen could take for something else is replaced by the id.
    harmless = visible(dataset.name) == dataset.name and not dataset.name.startswith("-")
    words = [dataset.name if harmless and dataset.is_latest else dataset.id]
    if connection is None:
        words += ["--profile", LOCAL]
    elif connection.opened_by and not told:
        words += ["--profile", connection.opened_by]
    return words


def _variables(
    connection: Connection | None, *, with_token: bool, explicit: bool
) -> tuple[tuple[str, str], ...]:
    """What the environment must say, beside what it says already."""
    if connection is None or not (with_token or explicit):
        return ()
    place = (
        ("AMLTUI_ENDPOINT", connection.endpoint),
        ("AMLTUI_WORKSPACE_ID", connection.workspace_id),
    )
    return (*place, ("AMLTUI_TOKEN", connection.token)) if with_token else place
