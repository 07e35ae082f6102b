"""Which workspace, and who says so: argument, environment, profile, the old client's settings."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from amltui.config import credentials
from amltui.config.connection_values import (
    DEFAULT_ENDPOINT,
    LOCAL,
    endpoint_of,
    folder_address,
    is_address,
    is_azure,
    is_folder,
    token_of,
    workspace_id_of,
)
from amltui.config.legacy import legacy_settings
from amltui.config.profiles import default_profile
from amltui.config.profiles import profile as named_profile
from amltui.errors import ConfigError

VARIABLES: Final = {
    "endpoint": "AMLTUI_ENDPOINT",
    "workspace_id": "AMLTUI_WORKSPACE_ID",
    "token": "AMLTUI_TOKEN",
}

_CLEAN: Final = {"endpoint": endpoint_of, "workspace_id": workspace_id_of, "token": token_of}
_WORDS: Final = {"endpoint": "endpoint", "workspace_id": "workspace id", "token": "token"}


@dataclass(frozen=True, slots=True)
class Connection:
    """A workspace and how to reach it, and who said each of the values."""

    endpoint: str
    """Ends in a slash."""
    workspace_id: str
    token: str = field(repr=False)
    profile: str | None = None
    """The profile in force, whether or not all values come from it."""
    sources: Mapping[str, str] = field(default_factory=dict, compare=False)
    """For `endpoint`, `workspace_id` and `token`: in words, where the value comes from."""
    write: bool = False
    """Of a folder: whether its files may be made, changed and deleted."""
    cloud: str = ""
    """Of an Azure ML workspace; "" for the public one."""
    datastore: str = ""
    """Of an Azure ML workspace: where uploads go; "" for its default."""

    @property
    def is_azure(self) -> bool:
        """Whether this is an Azure ML workspace: `endpoint` is its `azureml://` address."""
        return is_azure(self.endpoint)

    @property
    def is_folder(self) -> bool:
        """Whether this is a folder, a file or an object store: `endpoint` is its address alone."""
        return is_folder(self.endpoint)

    @property
    def opened_by(self) -> str | None:
        """The profile that opens this workspace by itself: endpoint and id are not said elsewhere.

        A default profile stays in force where the environment names another server's workspace.
        """
        own = {f'profile "{self.profile}"', "default"}
        said = {self.sources.get(key) for key in ("endpoint", "workspace_id")} - {None}
        return self.profile if said <= own else None

    @property
    def key(self) -> str:
        """What names this workspace in the cache; no secret in it."""
        return f"{self.endpoint}{self.workspace_id}"


@dataclass(frozen=True, slots=True)
class _Layer:
    name: str
    values: Mapping[str, str | None]


def resolve(
    profile: str | None = None,
    endpoint: str | None = None,
    workspace_id: str | None = None,
    token: str | None = None,
    *,
    check: bool = True,
) -> Connection | None:
    """The connection in force. None: the embedded local workspace.

    Each value comes from the first that says it: the argument, the environment, the profile (the
    one that `AMLTUI_PROFILE` or else the settings name), the old client's settings file. Two
    rules keep values of different workspaces apart: a profile that is named as the argument is
    itself an argument, so the environment only fills what it lacks; and the old client's file is
    read only where no profile is in force. A profile of a folder or of Azure ML has no such
    values: it is not in force where the argument or the environment names a server's workspace.

    A `profile` that is a path or an address of a folder is that folder, one that is the
    `azureml://` address of an Azure ML workspace is that workspace.

    `check` false leaves the values as they were written, wrong ones too.

    Raises:
        ConfigError: a profile is not there, a file cannot be read, or a value is missing or wrong.
    """
    arguments = {"endpoint": endpoint, "workspace_id": workspace_id, "token": token}
    chosen, said_by = _chosen(profile)
    if (other := _without_token(chosen, said_by)) is not None:
        if profile or not _names_a_server(arguments):
            return other
        chosen = None
    if profile == LOCAL and not any(arguments.values()):
        return None
    layers = [_Layer("argument", arguments), _environment(), *_stored(chosen)]
    if profile:
        layers[1:] = reversed(layers[1:])
    found, sources = _first_said(layers, check=check)
    if not chosen and len(found) < len(VARIABLES) and (old := legacy_settings()) is not None:
        # Last, and only when needed: a broken file must not hinder who never uses it.
        values = {"endpoint": old.endpoint, "workspace_id": old.workspace_id, "token": old.token}
        found, sources = _first_said([*layers, _Layer(str(old.path), values)], check=check)
    if not found:
        return None
    name = chosen if chosen != LOCAL else None
    _complete(found, sources, name)
    if name:
        sources["profile"] = said_by
    return Connection(found["endpoint"], found["workspace_id"], found["token"], name, sources)


def _first_said(layers: Sequence[_Layer], *, check: bool) -> tuple[dict[str, str], dict[str, str]]:
    """Each value from the first layer that has it, and in words which one that is."""
    found: dict[str, str] = {}
    sources: dict[str, str] = {}
    for key, variable in VARIABLES.items():
        for layer in layers:
            value = layer.values.get(key)
            if value and value.strip():
                source = f"environment {variable}" if layer.name == "environment" else layer.name
                found[key] = _CLEAN[key](value, source=source) if check else value.strip()
                sources[key] = source
                break
    return found, sources


def _complete(found: dict[str, str], sources: dict[str, str], name: str | None) -> None:
    """Add the default endpoint; raise for what has no default."""
    if "endpoint" not in found:
        found["endpoint"], sources["endpoint"] = DEFAULT_ENDPOINT, "default"
    for key in ("workspace_id", "token"):
        if key not in found:
            raise _missing(key, name, sources)


def _chosen(argument: str | None) -> tuple[str | None, str]:
    """The profile in force and who says so."""
    if argument:
        return argument, "argument"
    variable = os.environ.get("AMLTUI_PROFILE")
    if variable:
        return variable, "environment AMLTUI_PROFILE"
    return default_profile(), "default of the settings"


def _without_token(chosen: str | None, said_by: str) -> Connection | None:
    """The workspace that needs no token of ours; None: it is a server's."""
    if not chosen or chosen == LOCAL:
        return None
    if is_azure(chosen):
        from amltui.config.azure import azure_workspace

        address = azure_workspace(chosen, source=said_by).address
        return Connection(address, "", "", sources={"endpoint": said_by})
    if is_address(chosen):
        return Connection(folder_address(chosen), "", "", sources={"endpoint": said_by})
    entry = named_profile(chosen)
    if not entry.is_folder and not entry.is_azure:
        return None
    sources = {"endpoint": f'profile "{chosen}"', "profile": said_by}
    return Connection(
        entry.endpoint, "", "", chosen, sources, entry.write, entry.cloud, entry.datastore
    )


def _names_a_server(arguments: Mapping[str, str | None]) -> bool:
    """Whether the arguments or the environment say of which server's workspace they are."""
    return any(
        (value or "").strip()
        for layer in (arguments, _environment().values)
        for value in (layer.get("endpoint"), layer.get("workspace_id"))
    )


def _environment() -> _Layer:
    return _Layer("environment", {key: os.environ.get(name) for key, name in VARIABLES.items()})


def _stored(chosen: str | None) -> Iterator[_Layer]:
    if chosen and chosen != LOCAL:
        entry = named_profile(chosen)
        token = credentials.load(chosen, entry.token_place) if entry.token_place else None
        values = {"endpoint": entry.endpoint, "workspace_id": entry.workspace_id, "token": token}
        yield _Layer(f'profile "{chosen}"', values)


def _missing(key: str, chosen: str | None, sources: Mapping[str, str]) -> ConfigError:
    word = _WORDS[key]
    if chosen:
        return ConfigError(
            f'Profile "{chosen}" has no {word}',
            hint=f"Run: amltui profile add {chosen}, or set {VARIABLES[key]}.",
        )
    known = "; ".join(f"{_WORDS[name]} from {source}" for name, source in sources.items())
    return ConfigError(
        f"The connection has no {word} ({known})",
        hint=f"Set {VARIABLES[key]}, or choose a profile with --profile.",
    )
