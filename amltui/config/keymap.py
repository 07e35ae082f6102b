"""Which keys do what in the terminal program: what there is, and what somebody changed of it.

[keymap]                    # in config.toml
download = "ctrl+d"
up = ["up", "e"]

What is not named keeps its keys. `amltui help keys` lists the names.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol

from amltui.config.profiles import profiles_file, written_at
from amltui.config.toml import WrittenAt, read_toml
from amltui.errors import ConfigError
from amltui.text import visible

SECTION: Final = "keymap"
Keymap = Mapping[str, tuple[str, ...]]
"""Keys as people write them, by the name of what they do."""


class Source(Protocol):
    """Names what is wrong, for errors."""

    def __call__(self, name: str, *, of_key: bool = False) -> object:
        """The value of this name, or its key; "" is the section."""


LIST: Final = "datasets"
PREVIEW: Final = "preview"
DETAILS: Final = "details"
TRANSFERS: Final = "transfers"


@dataclass(frozen=True, slots=True)
class Keys:
    """Something that keys do."""

    keys: tuple[str, ...]
    """Unless somebody changed them."""
    panes: frozenset[str] = frozenset()
    """Where they do it; empty: everywhere but in dialogs."""


def _everywhere(*keys: str) -> Keys:
    return Keys(keys)


def _in(panes: str, *keys: str) -> Keys:
    return Keys(keys, frozenset(panes.split()))


_LISTS: Final = "datasets preview details transfers"
DEFAULTS: Final[Mapping[str, Keys]] = {
    "help": _everywhere("?", "f1"),
    "commands": _everywhere(":", "ctrl+p"),
    "download": _everywhere("d"),
    "upload": _everywhere("u"),
    "update": _everywhere("U"),
    "rename": _everywhere("r", "f2"),
    "describe": _everywhere("e"),
    "copy": _everywhere("y"),
    "delete": _everywhere("D"),
    "versions": _everywhere("V"),
    "undo": _everywhere("z"),
    "refresh": _everywhere("R"),
    "python": _everywhere("P"),
    "workspaces": _everywhere("W"),
    "next_workspace": _everywhere("}"),
    "workspace_before": _everywhere("{"),
    "close_workspace": _everywhere("Q"),
    "sign_in": _everywhere("S"),
    "settings": _everywhere("O"),
    "details": _everywhere("i"),
    "transfers": _everywhere("w"),
    "datasets_pane": _everywhere("1"),
    "preview_pane": _everywhere("2"),
    "details_pane": _everywhere("3"),
    "transfers_pane": _everywhere("4"),
    "next_pane": _everywhere("tab"),
    "pane_before": _everywhere("shift+tab"),
    "zoom": _everywhere("+"),
    "redraw": _everywhere("ctrl+l"),
    "suspend": _everywhere("ctrl+z"),
    "quit": _everywhere("q"),
    "up": _in(_LISTS, "up", "k"),
    "down": _in(_LISTS, "down", "j"),
    "page_up": _in(_LISTS, "pageup", "ctrl+b"),
    "page_down": _in(_LISTS, "pagedown", "ctrl+f"),
    "half_page_up": _in("datasets preview", "ctrl+u"),
    "half_page_down": _in("datasets preview", "ctrl+d"),
    "first": _in(_LISTS, "home", "ctrl+home"),
    "last": _in(_LISTS, "end", "ctrl+end", "G"),
    "filter_list": _in(LIST, "/"),
    "folder_above": _in(LIST, "backspace", "left", "h"),
    "folder_table": _in(LIST, "t"),
    "compare": _in(LIST, "c"),
    "mark": _in(LIST, "space"),
    "mark_all": _in(LIST, "*"),
    "invert_marks": _in(LIST, "v"),
    "left": _in(PREVIEW, "left", "h"),
    "right": _in(PREVIEW, "right", "l"),
    "first_column": _in(PREVIEW, "0", "^"),
    "last_column": _in(PREVIEW, "$"),
    "find": _in(PREVIEW, "/"),
    "find_next": _in(PREVIEW, "n"),
    "find_previous": _in(PREVIEW, "N"),
    "filter_rows": _in(PREVIEW, "&"),
    "sql": _in(PREVIEW, "s"),
    "sort_ascending": _in(PREVIEW, "["),
    "sort_descending": _in(PREVIEW, "]"),
    "columns": _in(PREVIEW, "c"),
    "profile": _in(PREVIEW, "I"),
    "profile_all": _in(PREVIEW, "C"),
    "malformed": _in(PREVIEW, "m"),
    "fetch_all": _in(PREVIEW, "F"),
    "record": _in(PREVIEW, "o"),
    "export": _in(PREVIEW, "E"),
    "dialect": _in(PREVIEW, "X"),
    "freeze": _in(PREVIEW, "f"),
    "hide_column": _in(PREVIEW, "-"),
    "show_columns": _in(PREVIEW, "_"),
    "narrower": _in(PREVIEW, "<"),
    "wider": _in(PREVIEW, ">"),
    "fit_column": _in(PREVIEW, "="),
    "select": _in(PREVIEW, "v"),
    "select_all": _in(PREVIEW, "ctrl+a"),
    "cancel": _in(TRANSFERS, "x"),
    "pause": _in(TRANSFERS, "p"),
    "clear": _in(TRANSFERS, "c"),
}
"""What keys can be given to. Of two with one key each has a pane of its own."""

_FIXED: Final = frozenset({"escape", "enter", "ctrl+c", "ctrl+q", "g"})
"""Keys that stay what they are."""
_SAME: Final = {"ctrl+h": "backspace", "ctrl+i": "tab", "ctrl+j": "enter", "ctrl+m": "enter"}
"""What a terminal sends for some keys, so that no program can tell them apart."""
_NAMED: Final = (
    "(?:up|down|left|right|home|end|pageup|pagedown|insert|delete|backspace|tab|space"
    "|f[1-9]|f1[0-9]|f2[0-4])"
)
_KEY: Final = re.compile(
    rf"(?:ctrl\+|alt\+|shift\+)?{_NAMED}|ctrl\+[a-z]|(?:alt\+)?[^\s\x00-\x1f\x7f]"
)


def keymap() -> Keymap:
    """What somebody changed. Blocks on the disk.

    Raises:
        ConfigError: a name is none, a key is none, or two things have one key where both work.
    """
    value = read_toml(profiles_file()).get(SECTION)
    if value is None:
        return {}
    return keymap_of(value, _written_at)


def _written_at(name: str, *, of_key: bool = False) -> WrittenAt:
    return written_at(*way_to(name), of_key=of_key)


def way_to(name: str) -> tuple[str, ...]:
    """Where a name's keys are in the file, from its top level down; "" is the section."""
    return (SECTION, name) if name else (SECTION,)


def keymap_of(value: Any, source: Source) -> Keymap:
    """The section as somebody wrote it; `source` says where, of the section itself by "".

    Raises:
        ConfigError: as `keymap`.
    """
    if not isinstance(value, Mapping):
        raise ConfigError(
            f"{source('')} has to be a section, [keymap]", hint="See: amltui help keys"
        )
    chosen = {name: _keys_of(name, keys, source) for name, keys in value.items()}
    _refuse_clashes(chosen, source)
    return chosen


def keys_for(name: str, chosen: Keymap) -> tuple[str, ...]:
    """Which keys do it now."""
    return chosen.get(name) or DEFAULTS[name].keys


def _keys_of(name: str, value: Any, source: Source) -> tuple[str, ...]:
    if name not in DEFAULTS:
        near = difflib.get_close_matches(name, DEFAULTS, n=3, cutoff=0.5)
        hint = f"Did you mean {' or '.join(near)}? " if near else ""
        raise ConfigError(
            f"{source(name, of_key=True)} is nothing that a key can do",
            hint=f"{hint}See: amltui help keys",
        )
    keys = value if isinstance(value, list) else [value]
    if not keys or not all(isinstance(key, str) for key in keys):
        raise ConfigError(
            f"{source(name)} has to be a key or a list of keys",
            hint='Write "x", or ["x", "f5"].',
        )
    return tuple(dict.fromkeys(_key_of(key, source(name)) for key in keys))


def _key_of(text: str, source: object) -> str:
    if text in _SAME:
        raise ConfigError(
            f"{source}: a terminal sends {text} as {_SAME[text]}", hint="Choose another key."
        )
    if text in _FIXED:
        raise ConfigError(f"{source}: the key {text} stays what it is", hint="Choose another key.")
    if not _KEY.fullmatch(text):
        raise ConfigError(
            f'{source} is no key that a terminal sends: "{visible(text)}"',
            hint="Write x, X, ?, f5, pageup, ctrl+x, alt+x or shift+f5.",
        )
    return text


def _refuse_clashes(chosen: Keymap, source: Source) -> None:
    for name, keys in chosen.items():
        for other, known in DEFAULTS.items():
            if other == name or not _meet(DEFAULTS[name].panes, known.panes):
                continue
            for key in keys_for(other, chosen):
                if key in keys:
                    raise ConfigError(
                        f"{source(name)}: the key {key} is that of `{other}`",
                        hint=f"Choose another one, or give `{other}` other keys, too.",
                    )


def _meet(panes: frozenset[str], others: frozenset[str]) -> bool:
    return not panes or not others or bool(panes & others)
