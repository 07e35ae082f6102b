"""`amltui profile`: named connections."""

from __future__ import annotations

import asyncio
import os
import sys
from functools import partial
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from cyclopts import Parameter

from amltui.cli import prompts
from amltui.cli.exit_codes import DONE, FileNotThere, code_of
from amltui.cli.options import PLAIN, Plain
from amltui.cli.output import Col, warn
from amltui.cli.probe import Probed, probe
from amltui.config import Connection, credentials, profiles, resolve
from amltui.config.azure import (
    AzureWorkspaceId,
    azure_workspace,
    cloud_of,
    downloaded_settings,
    named_workspace,
)
from amltui.config.connection_text import ConnectionText, is_whole, read_connection
from amltui.config.connection_values import (
    DEFAULT_ENDPOINT,
    LOCAL,
    endpoint_of,
    folder_address,
    profile_name_of,
    token_of,
    workspace_id_of,
)
from amltui.config.legacy import legacy_settings, read_settings_file
from amltui.config.profiles import Profile
from amltui.disk import expanded
from amltui.errors import AmltuiError, Conflict, UsageError
from amltui.text import visible

_endpoint = partial(endpoint_of, source="the answer")
_workspace_id = partial(workspace_id_of, source="the answer")
_token = partial(token_of, source="the answer")


def add(
    name: str,
    /,
    *,
    endpoint: str | None = None,
    workspace_id: str | None = None,
    token: str | None = None,
    token_stdin: bool = False,
    source: Annotated[str | None, Parameter(name="--from")] = None,
    use_it: Annotated[bool, Parameter(name="--use")] = False,
    force: bool = False,
    no_test: bool = False,
    url: str | None = None,
    write: bool = False,
    azure: str | None = None,
    cloud: str = "",
    datastore: str = "",
    common: Plain = PLAIN,
) -> int:
    """Add a profile: by options, from what you paste, from a file, or by answering questions.

    The connection is tested before anything is kept; a person may keep one that does not answer
    all the same. The token goes to the system keyring where
    there is one, else to a file that only you can read.

    Args:
        name: What to call it.
        endpoint: Address of the workspace's server.
        workspace_id: 32 hex digits.
        token: The token itself. Others on this machine can see it in the list of processes while
            the command runs: prefer --token-stdin, AMLTUI_TOKEN or the question.
        token_stdin: Read the token from standard input.
        source: A settings.json, a settings.ini or Studio's code in a file, or - for standard input.
        use_it: Make it the default.
        force: Replace a profile of that name.
        no_test: Do not ask the workspace whether it answers.
        url: A folder or file of this disk instead of a server's workspace.
        write: Let files of that folder be made, changed and deleted.
        azure: An Azure ML v2 workspace instead: its resource id, SUBSCRIPTION/GROUP/WORKSPACE, a
            config.json as Azure gives it for download, or a folder at or above which one lies.
        cloud: Of an Azure ML workspace: public, china, usgov, or the address of a Resource Manager.
        datastore: Of an Azure ML workspace: where uploads go, instead of its default datastore.
        common: Common options.
    """
    profile_name_of(name)
    if not force and any(one.name == name for one in profiles.profiles()):
        raise Conflict(
            f'There is a profile "{name}" already', 409, hint="Choose another name, or --force."
        )
    others = any((endpoint, workspace_id, token, token_stdin, source))
    entry = _without_token(name, url, azure, cloud, datastore, write=write, others=others)
    if entry is not None:
        return _keep(common, entry, use_it=use_it, test=not no_test)
    given = _given(endpoint, workspace_id, token, from_stdin=token_stdin)
    connection = _complete(name, _merged(given, _from(source) if source else ConnectionText()))
    if not no_test:
        try:
            _say(common, name, asyncio.run(probe(connection)))
        except AmltuiError as error:
            if not prompts.is_there():
                raise
            warn(f"{error}\n{error.hint}")
            if not prompts.yes("Keep the profile all the same?"):
                common.out.note("Nothing was kept.")
                return code_of(error)
    place = profiles.save(
        Profile(name, connection.endpoint, connection.workspace_id), connection.token
    )
    if use_it:
        profiles.use(name)
    where = "the system keyring" if place == "keyring" else str(credentials.credentials_file())
    common.out.note(f'Added profile "{name}"; its token is in {where}.')
    host = urlsplit(connection.endpoint)
    if host.scheme == "http" and host.hostname not in {"localhost", "127.0.0.1", "::1"}:
        warn("This endpoint has no TLS: everybody on the way can read the token and the data.")
    return DONE


def _given(
    endpoint: str | None, workspace_id: str | None, token: str | None, *, from_stdin: bool
) -> ConnectionText:
    if token:
        warn("A token in an argument can be seen by others on this machine: use --token-stdin.")
    if from_stdin:
        token = _token_from_stdin()
    return ConnectionText(endpoint, workspace_id, token or os.environ.get("AMLTUI_TOKEN") or None)


def _without_token(
    name: str,
    url: str | None,
    azure: str | None,
    cloud: str,
    datastore: str,
    *,
    write: bool,
    others: bool,
) -> Profile | None:
    """The folder or Azure ML workspace that the options name. None: they name a server's.

    Raises:
        UsageError: options of several kinds were given.
    """
    if azure is not None or cloud or datastore:
        if azure is None or others or url is not None or write:
            raise UsageError("--azure (with --cloud and --datastore) stands alone")
        cloud_of(cloud, source="--cloud")
        return Profile(name, _azure(azure).address, cloud=cloud, datastore=datastore)
    if url is not None or write:
        if url is None or others:
            raise UsageError("--url (and --write) stand alone: a folder has no server and no token")
        return Profile(name, folder_address(url), write=write)
    return None


def _azure(text: str) -> AzureWorkspaceId:
    """The workspace that --azure names in one of its ways.

    Raises:
        ConfigError: it names none.
    """
    path = expanded(text)
    if path.is_file() or path.is_dir():
        found = downloaded_settings(path)
        if found is None:
            raise FileNotThere(f"There is no config.json in {path}, its .azureml or above")
        return found[0]
    if not text.startswith(("/", "azureml:")) and text.count("/") == 2:
        return named_workspace(*text.split("/"))
    return azure_workspace(text, source="--azure")


def _keep(common: Plain, entry: Profile, *, use_it: bool, test: bool) -> int:
    """Keep a folder or a workspace whose tokens are not ours to keep, after it answered."""
    said = ""
    if test:
        connection = Connection(
            entry.endpoint, "", "", write=entry.write, cloud=entry.cloud, datastore=entry.datastore
        )
        said = f": {visible(asyncio.run(probe(connection)).info.friendly_name)}"
    profiles.save(entry, None)
    if use_it:
        profiles.use(entry.name)
    may = ""
    if entry.is_folder:
        may = ", its files can be changed" if entry.write else ", for reading only"
    common.out.note(f'Added profile "{entry.name}"{said}{may}.')
    return DONE


def list_(*, common: Plain = PLAIN) -> None:
    """List the profiles; `*` marks the default. Tokens are never shown."""
    default = profiles.default_profile()
    entries = profiles.profiles()
    if common.json:
        common.out.document(
            [
                {
                    "name": one.name,
                    "endpoint": one.endpoint,
                    "workspace_id": one.workspace_id,
                    "token": one.token_place,
                    "default": one.name == default,
                }
                for one in entries
            ]
        )
        return
    rows: list[tuple[str | None, ...]] = [
        ("*" if one.name == default else "", one.name, one.endpoint, one.workspace_id,
         one.token_place or "none")
        for one in entries
    ]  # fmt: skip
    rows.append(("*" if default == LOCAL else "", LOCAL, "the embedded workspace", "", ""))
    columns = (Col(""), Col("NAME"), Col("ENDPOINT", wide=True), Col("WORKSPACE"), Col("TOKEN"))
    common.out.table(columns, rows)


def use(name: str, /, *, common: Plain = PLAIN) -> None:
    """Make a profile the default; `local` is the embedded workspace.

    Args:
        name: Which one.
        common: Common options.
    """
    profiles.use(name)
    common.out.note(f'"{name}" is the default now.')


def remove(name: str, /, *, common: Plain = PLAIN) -> None:
    """Remove a profile and its token from this machine.

    Args:
        name: Which one.
        common: Common options.
    """
    profiles.remove(name)
    common.out.note(f'Removed profile "{name}" and its token.')


def check(name: str | None = None, /, *, common: Plain = PLAIN) -> None:
    """Ask a profile's workspace whether it answers, and what it can do.

    Args:
        name: Which one; without it, the one that is in force.
        common: Common options.
    """
    connection = resolve(name)
    if connection is None:
        common.out.note("The embedded workspace is in force; it needs no profile.")
        if common.json:
            common.out.document({"profile": LOCAL, "embedded": True})
        return
    answer = asyncio.run(probe(connection))
    if common.json:
        common.out.document(
            {
                "profile": connection.profile,
                "embedded": False,
                "endpoint": connection.endpoint,
                "workspace_id": connection.workspace_id,
                "workspace": answer.info.friendly_name,
                "server": answer.info.server,
                "latency_seconds": round(answer.latency, 4),
                "lacks": answer.lacks,
            }
        )
        return
    _say(common, connection.profile or connection.endpoint, answer)


def _say(common: Plain, name: str, answer: Probed) -> None:
    words = f'"{name}" answers in {answer.latency * 1000:.0f} ms'
    if answer.info.friendly_name:
        words += f": workspace {answer.info.friendly_name!r}"
    if answer.info.server:
        words += f", server {answer.info.server}"
    common.out.note(words + ".")
    if answer.lacks:
        common.out.note(f"This server lacks: {', '.join(answer.lacks)}.")
    if not answer.capabilities.exclusive:
        common.out.note(answer.capabilities.exclusive.missing)


def _from(source: str) -> ConnectionText:
    """What a file or standard input says."""
    if source == "-":
        paste = "Paste Studio's Workspace(...) code"
        found = read_connection(
            prompts.pasted(paste, whole=is_whole) if sys.stdin.isatty() else sys.stdin.read()
        )
        where = "standard input"
    else:
        path = expanded(source)
        where = str(path)
        found = _from_file(path)
    if found.empty:
        raise UsageError(
            f"No connection was recognised in {where}",
            hint="It may hold Studio's Workspace(...) code, a settings.json or a settings.ini.",
        )
    return found


def _from_file(path: Path) -> ConnectionText:
    if path.is_dir():
        raise UsageError(f"{path} is a directory", hint="Name the file in it.")
    if path.suffix.lower() in {".json", ".ini"}:
        settings = read_settings_file(path)
        if settings is not None:
            return ConnectionText(settings.endpoint, settings.workspace_id, settings.token)
    try:
        return read_connection(path.read_text("utf-8", "replace"))
    except FileNotFoundError:
        raise FileNotThere(f"There is no file {path}") from None


def _of_old_client() -> ConnectionText:
    """What the old client's settings file says, where there is one and the person wants it."""
    old = legacy_settings()
    if old is None or not prompts.yes(f"Take the connection from {old.path}?"):
        return ConnectionText()
    return ConnectionText(old.endpoint, old.workspace_id, old.token)


def _token_from_stdin() -> str:
    """The first line of standard input, which a terminal does not show."""
    if sys.stdin.isatty():
        return prompts.secret("Token", check=_token)
    return token_of(sys.stdin.readline(), source="standard input")


def _merged(first: ConnectionText, then: ConnectionText) -> ConnectionText:
    return ConnectionText(
        first.endpoint or then.endpoint,
        first.workspace_id or then.workspace_id,
        first.token or then.token,
    )


def _complete(name: str, given: ConnectionText) -> Connection:
    """`given` as a connection; what it lacks is asked for where somebody can answer."""
    if prompts.is_there():
        if given.empty:
            given = _of_old_client()
        if given.empty:
            question = "Paste Studio's Workspace(...) code, or press Enter to be asked"
            text = prompts.pasted(question, whole=is_whole)
            given = read_connection(text)
            if given.empty and text.strip():
                warn("No connection was recognised in that. What it needs is asked one by one.")
        given = ConnectionText(
            given.endpoint or prompts.text("Endpoint", DEFAULT_ENDPOINT, check=_endpoint),
            given.workspace_id or prompts.text("Workspace id", check=_workspace_id),
            given.token or prompts.secret("Token", check=_token),
        )
    options = (("--workspace-id", given.workspace_id), ("--token-stdin", given.token))
    missing = [option for option, value in options if not value]
    if missing:
        raise UsageError(
            f'Profile "{name}" needs {" and ".join(missing)}',
            hint="Give them as options or with --from; the token also as AMLTUI_TOKEN.",
        )
    return Connection(
        endpoint_of(given.endpoint or DEFAULT_ENDPOINT, source="what was given"),
        workspace_id_of(given.workspace_id or "", source="what was given"),
        token_of(given.token or "", source="what was given"),
        name,
    )
