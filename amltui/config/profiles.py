"""Named connections in `config.toml`, which people may edit: their comments stay.

default = "team"

[profiles.team]
endpoint = "https://studio.example.org/"
workspace_id = "0123456789abcdef0123456789abcdef"
token = "keyring"        # where the token is, never the token: "keyring" or "file"

[profiles.results]
url = "file:///srv/results"
write = true             # else its files can only be read

[profiles.cloud]
azure = "/subscriptions/ID/resourceGroups/G/providers/.../workspaces/W"
cloud = "china"          # or usgov, or the address of a Resource Manager; else the public one
datastore = "archive"    # where uploads go; else the workspace's default
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from amltui.config import credentials, paths
from amltui.config.connection_values import (
    LOCAL,
    endpoint_of,
    folder_address,
    is_azure,
    is_folder,
    profile_name_of,
    workspace_id_of,
)
from amltui.config.toml import WrittenAt, edit_toml, read_toml, with_key, without_key
from amltui.errors import ConfigError

if TYPE_CHECKING:
    from tomlkit import TOMLDocument


@dataclass(frozen=True, slots=True)
class Profile:
    """A named connection, without its token."""

    name: str
    endpoint: str
    """Of a folder or an object store, its address."""
    workspace_id: str = ""
    token_place: credentials.Place | None = None
    """None: nobody said where its token is."""
    write: bool = False
    """Of a folder: whether its files may be made, changed and deleted."""
    cloud: str = ""
    """Of an Azure ML workspace; "" for the public one."""
    datastore: str = ""
    """Of an Azure ML workspace: where uploads go; "" for its default."""

    @property
    def is_azure(self) -> bool:
        """Whether it is an Azure ML workspace: `endpoint` is its `azureml://` address."""
        return is_azure(self.endpoint)

    @property
    def is_folder(self) -> bool:
        """Whether it is a folder or an object store: its `endpoint` is all there is of it."""
        return is_folder(self.endpoint)


def profiles_file() -> Path:
    """Where the profiles stand."""
    return paths.config_dir() / "config.toml"


def written_at(*keys: str, of_key: bool = False) -> WrittenAt:
    """Where a value stands there, by the keys from the top level down to it."""
    return WrittenAt(profiles_file(), keys, of_key)


def profiles() -> tuple[Profile, ...]:
    """All profiles in the file's order.

    Raises:
        ConfigError: the file cannot be read or a profile in it is wrong.
    """
    return tuple(_profile(name, table) for name, table in _tables(read_toml(profiles_file())))


def profile(name: str) -> Profile:
    """One profile; another one that is wrong does not matter.

    Raises:
        ConfigError: there is none of that name (the hint names near ones), or it is wrong.
    """
    tables = dict(_tables(read_toml(profiles_file())))
    if name not in tables:
        raise unknown_profile(name, tuple(tables))
    return _profile(name, tables[name])


def default_profile() -> str | None:
    """The profile that is used when nobody names one, `local` included. None: not chosen.

    Raises:
        ConfigError: the file cannot be read, or names a profile that is not there.
    """
    document = read_toml(profiles_file())
    name = document.get("default")
    return None if name is None else default_of(document, name, written_at("default"))


def profile_names(document: dict[str, Any]) -> tuple[str, ...]:
    """The names of the profiles in `config.toml`, wrong ones too.

    Raises:
        ConfigError: `profiles` holds no tables.
    """
    return tuple(name for name, _ in _tables(document))


def default_of(document: dict[str, Any], name: object, source: object) -> str:
    """A default profile that `config.toml` names, or is to name.

    Raises:
        ConfigError: it is none of its profiles; `source` says where it is written.
    """
    if not isinstance(name, str) or (name != LOCAL and name not in profile_names(document)):
        raise ConfigError(
            f"{source} is not one of its profiles: {name!r}",
            hint="Choose one with: amltui profile use NAME",
        )
    return name


def save(entry: Profile, token: str | None) -> credentials.Place | None:
    """Add or replace a profile; its token goes to the keyring or the 0600 file. Says where.

    Raises:
        ConfigError: the name is taken by the embedded workspace, or a file cannot be written.
    """
    profile_name_of(entry.name)
    if entry.name == LOCAL:
        raise ConfigError(
            f'"{LOCAL}" is the embedded workspace and needs no profile', hint="Choose another name."
        )
    read_toml(profiles_file())  # no token is stored for a file that cannot be edited
    place = credentials.store(entry.name, token) if token else entry.token_place
    edit_toml(profiles_file(), partial(_put, entry, place))
    return place


def _put(entry: Profile, place: credentials.Place | None, document: TOMLDocument) -> None:
    import tomlkit

    tables = document.setdefault("profiles", tomlkit.table(is_super_table=True))
    table = tables.setdefault(entry.name, tomlkit.table())
    if entry.is_azure:
        from amltui.config.azure import azure_workspace

        table["azure"] = f"/{azure_workspace(entry.endpoint, source='the profile').path}"
        for key in ("cloud", "datastore"):
            if value := getattr(entry, key):
                table[key] = value
    elif entry.is_folder:
        table["url"] = entry.endpoint
        if entry.write:
            table["write"] = True
    else:
        table["endpoint"] = entry.endpoint
        table["workspace_id"] = entry.workspace_id
    if place:
        table["token"] = place


def use(name: str) -> None:
    """Make a profile, or the embedded workspace by its name `local`, the default.

    Raises:
        ConfigError: there is no such profile.
    """
    if name != LOCAL:
        profile(name)
    edit_toml(profiles_file(), lambda document: with_key(document, "default", name))


def remove(name: str) -> None:
    """Remove a profile and its token; a default that named it is gone too.

    Raises:
        ConfigError: there is no such profile.
    """
    tables: dict[str, Any] = read_toml(profiles_file()).get("profiles", {})
    if name not in tables:
        raise unknown_profile(name, tuple(tables))
    # Whatever the table says: a wrong one must be removable too.
    credentials.forget(name, "keyring")

    def take(document: TOMLDocument) -> None:
        document.get("profiles", {}).pop(name, None)
        if document.get("default") == name:
            without_key(document, "default")

    edit_toml(profiles_file(), take)


def unknown_profile(name: str, known: tuple[str, ...]) -> ConfigError:
    """What to say about a name that is no profile."""
    near = difflib.get_close_matches(name, [*known, LOCAL], n=3, cutoff=0.5)
    if near:
        hint = f"Did you mean {' or '.join(near)}?"
    elif known:
        hint = f"There are: {', '.join(known)}, {LOCAL}."
    else:
        hint = "There are none yet; add one with: amltui profile add NAME"
    return ConfigError(f'There is no profile "{name}"', hint=hint)


@dataclass(frozen=True, slots=True)
class _Where:
    """A profile in the file, or one of its values, as errors name it."""

    profile: str
    key: str = ""

    def __str__(self) -> str:
        place = written_at("profiles", self.profile, self.key).place if self.key else ""
        return f'profile "{self.profile}" in {place or profiles_file()}'

    def of(self, key: str) -> _Where:
        return _Where(self.profile, key)


def _tables(document: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    tables = document.get("profiles", {})
    if not isinstance(tables, dict) or not all(isinstance(one, dict) for one in tables.values()):
        raise ConfigError(
            f"{written_at('profiles')} has to hold tables such as [profiles.team]",
            hint="See: amltui help files",
        )
    return list(tables.items())


def _profile(name: str, table: dict[str, Any]) -> Profile:
    where = _Where(name)
    if "azure" in table:
        return _azure(name, table, where)
    if "url" in table:
        return _folder(name, table, where)
    for key in ("endpoint", "workspace_id", "token"):
        if not isinstance(table.get(key, ""), str):
            raise ConfigError(
                f"`{key}` of {where.of(key)} has to be a text", hint="Put it in quotes."
            )
    for key in ("endpoint", "workspace_id"):
        if key not in table:
            raise ConfigError(
                f"`{key}` is missing in {where}", hint=f"Add it, or run: amltui profile add {name}"
            )
    place = table.get("token")
    if place not in {None, "keyring", "file"}:
        # Most likely the token itself, so it is not repeated.
        raise ConfigError(
            f'`token` of {where.of("token")} has to be "keyring" or "file"; '
            "tokens do not belong there",
            hint=f"Remove the line and run: amltui profile add {name}",
        )
    return Profile(
        name,
        endpoint_of(table["endpoint"], source=where.of("endpoint")),
        workspace_id_of(table["workspace_id"], source=where.of("workspace_id")),
        cast("credentials.Place | None", place),
    )


def _folder(name: str, table: dict[str, Any], where: _Where) -> Profile:
    url, write = table["url"], table.get("write", False)
    if not isinstance(url, str):
        raise ConfigError(f"`url` of {where.of('url')} has to be a text", hint="Put it in quotes.")
    if not isinstance(write, bool):
        raise ConfigError(f"`write` of {where.of('write')} has to be true or false")
    return Profile(name, folder_address(url), write=write)


def _azure(name: str, table: dict[str, Any], where: _Where) -> Profile:
    from amltui.config.azure import azure_workspace, cloud_of

    values = {key: table.get(key, "") for key in ("azure", "cloud", "datastore")}
    for key, value in values.items():
        if not isinstance(value, str):
            raise ConfigError(
                f"`{key}` of {where.of(key)} has to be a text", hint="Put it in quotes."
            )
    workspace, cloud, datastore = values.values()
    cloud_of(cloud, source=where.of("cloud"))
    address = azure_workspace(workspace, source=where.of("azure")).address
    return Profile(name, address, cloud=cloud, datastore=datastore)
