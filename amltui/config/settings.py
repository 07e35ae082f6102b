"""The settings at the top of `config.toml`: what each is for, what it may be, how it is changed.

default = "team"
theme = "light"
missing_sign = "NA"
download_folder = "~/data"
cache_quota = "20 GiB"
fetch_limit = "1 GiB"
engine = "sc://spark.example.org:15002"
engine_above = "10 GiB"
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from amltui.config import keymap
from amltui.config.cluster import ABOVE, engine_address
from amltui.config.connection_values import LOCAL
from amltui.config.display import DATES, date_format_of, number_format_of
from amltui.config.downloads import folder_of
from amltui.config.look import (
    LOW_TRAFFIC,
    MISSING,
    SIGN_WIDTH,
    THEMES,
    low_traffic_of,
    sign_of,
    theme_of,
)
from amltui.config.profiles import default_of, profile_names, profiles_file, written_at
from amltui.config.quota import FETCH_VARIABLE, VARIABLE, bytes_of
from amltui.config.toml import edit_toml, read_toml, with_key, without_key
from amltui.errors import ConfigError
from amltui.text import human_size

Document = Mapping[str, Any]
"""`config.toml` as plain values."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One of them."""

    key: str
    about: str
    """In a line."""
    unset: str
    """What holds where it is not set."""
    since: str
    """From when on a change counts."""
    check: Callable[[Document, Any, object], object]
    """Raises `ConfigError` for a value that cannot be taken; what names it comes last."""
    choices: Callable[[Document], Mapping[str, str]] | None = None
    """What it can be, and what each of them is; None: it is typed."""
    more: str = ""
    variable: str = ""
    """Of the environment, which goes before it where it is set."""
    section: bool = False
    """Whether it is one of the file, to be written there."""
    hides: bool = False
    """Whether a wrong value may hold a secret."""


@dataclass(frozen=True, slots=True)
class Written:
    """A setting, and what the file says of it."""

    setting: Setting
    value: str | None
    """As it is written; None: it is not; "": it is wrong and may hold a secret."""
    problem: ConfigError | None
    """What is wrong with it."""
    overruled: bool
    """Whether the environment goes before it now."""
    choices: Mapping[str, str]
    """What it can be, and what each is; empty: it is typed."""


def _size(_document: Document, value: Any, source: object) -> object:
    return bytes_of(str(value), source)


AT_ONCE: Final = "at once"
SETTINGS: Final = (
    Setting(
        "default",
        "the profile that is used if nobody names one",
        "what the environment says, or the local workspace",
        "from the next start on",
        lambda document, value, source: default_of(dict(document), value, source),
        lambda document: {
            LOCAL: "the workspace on this machine",
            **dict.fromkeys(profile_names(dict(document)), "a profile"),
        },
        variable="AMLTUI_PROFILE",
    ),
    Setting(
        "theme",
        "colours of the terminal program",
        "dark, or the terminal's own where it has 16",
        f"{AT_ONCE}, of auto from the next start on",
        lambda _document, value, source: theme_of(value, source),
        lambda _document: THEMES,
        variable="NO_COLOR",
    ),
    Setting(
        keymap.SECTION,
        "which keys do what in the terminal program",
        "the keys that `amltui help keys` lists",
        "from the next start on",
        lambda _document, value, _source: keymap.keymap_of(value, _key_in_file),
        more='Written in the file: [keymap], below it lines such as download = "ctrl+x".',
        section=True,
    ),
    Setting(
        "missing_sign",
        "what stands for a missing value in a preview",
        MISSING,
        f"{AT_ONCE}; in other workspaces once they are seen",
        lambda _document, value, source: sign_of(value, source),
        more=f"At most {SIGN_WIDTH} cells. Its style tells it from a text that is the same.",
    ),
    Setting(
        "number_format",
        "how numbers are shown in a preview",
        "as they are written",
        f"{AT_ONCE}; in other workspaces once they are seen",
        lambda _document, value, source: number_format_of(value, source),
        more="As 1234 looks: 1,234.56 or 1 234,5 (rounded), or 1,234. Copies stay as written.",
    ),
    Setting(
        "date_format",
        "how dates are shown in a preview and the details",
        "as they are written",
        f"{AT_ONCE}; in other workspaces once they are seen",
        lambda _document, value, source: date_format_of(value, source),
        lambda _document: dict.fromkeys(DATES, ""),
        more="Copies and exports stay as they are written.",
    ),
    Setting(
        "low_traffic",
        "whether to spare a slow line",
        "no",
        AT_ONCE,
        lambda _document, value, source: low_traffic_of(value, source),
        lambda _document: LOW_TRAFFIC,
        more="Enter shows the rows; column profiles say how values are spread.",
    ),
    Setting(
        "download_folder",
        "where the terminal program saves downloads",
        "the folder it was started in",
        "for the next download",
        lambda _document, value, source: folder_of(value, source),
    ),
    Setting(
        "cache_quota",
        "how much of the disk the cache may take",
        "10 GiB",
        f"{AT_ONCE}; in other programs from their next start on",
        _size,
        variable=VARIABLE,
    ),
    Setting(
        "fetch_limit",
        "up to which size a preview fetches all unasked",
        "256 MiB, or what the line brings in 20 seconds",
        "for the next dataset that is opened",
        _size,
        variable=FETCH_VARIABLE,
    ),
    Setting(
        "engine",
        "the Spark cluster to ask of what is very large",
        "none",
        "for the next question",
        lambda _document, value, source: engine_address(str(value), source=source),
        more="Such as sc://spark.example.org:15002, without a token. One of a profile goes before.",
        hides=True,
    ),
    Setting(
        "engine_above",
        "from which size on the cluster is offered",
        human_size(ABOVE),
        "for the next question",
        _size,
    ),
)
_KEYS: Final = {one.key: one for one in SETTINGS}


def read_settings() -> tuple[tuple[Written, ...], tuple[str, ...]]:
    """All settings as the file has them, and its keys that are none.

    Raises:
        ConfigError: the file cannot be read or is no TOML; the text names line and column.
    """
    document = read_toml(profiles_file())
    others = tuple(key for key in document if key not in _KEYS and key != "profiles")
    return tuple(_written(document, one) for one in SETTINGS), others


@dataclass(frozen=True, slots=True)
class _InFile:
    """A setting, as what is said of it beside the file's name names it."""

    keys: tuple[str, ...]
    of_key: bool = False

    def __str__(self) -> str:
        line = written_at(*self.keys, of_key=self.of_key).line
        return f"`{self.keys[-1]}` ({line})" if line else f"`{self.keys[-1]}`"


def _key_in_file(name: str, *, of_key: bool = False) -> _InFile:
    return _InFile(keymap.way_to(name), of_key)


def _written(document: Document, setting: Setting) -> Written:
    value = document.get(setting.key)
    problem = None
    choices: Mapping[str, str] = {}
    try:
        if setting.choices is not None:
            choices = setting.choices(document)
        if value is not None:
            setting.check(document, value, _InFile((setting.key,)))
    except ConfigError as error:
        problem = error
        if setting.hides:
            value = ""
    overruled = bool(setting.variable and os.environ.get(setting.variable))
    if isinstance(value, dict):
        words = ", ".join(f"{key} {one}" for key, one in value.items())
    else:
        words = str(value).lower() if isinstance(value, bool) else str(value)
    return Written(setting, None if value is None else words, problem, overruled, choices)


def change_setting(key: str, value: str | None) -> None:
    """Write a setting, or take it out of the file, which leaves all else in it as it is.

    Raises:
        ConfigError: the setting cannot be that, or the file cannot be edited; it stays as it is.
    """
    edit_toml(profiles_file(), partial(_change, _KEYS[key], value))


def _change(setting: Setting, value: str | None, document: Any) -> Any:
    if value is None:
        without_key(document, setting.key)
        return document
    setting.check(document.unwrap(), value, f"`{setting.key}`")
    return with_key(document, setting.key, value)
