"""The keys of the terminal program as somebody may have changed them: bindings and texts.

One map holds for the process, as its configuration does: texts that name a key are made where no
widget is near.
"""

from __future__ import annotations

from collections.abc import Mapping

from textual.binding import Binding
from textual.keys import _character_to_key as name_of  # there is no public one

from amltui.config.keymap import DEFAULTS, Keymap, keys_for

_chosen: dict[str, tuple[str, ...]] = {}


def take(keymap: Keymap) -> Mapping[str, str]:
    """Let these keys hold from now on; them as `App.set_keymap` takes them."""
    _chosen.clear()
    _chosen.update(keymap)
    return {name: _as_bound(keys) for name, keys in keymap.items()}


def key_of(name: str) -> str:
    """The first key of what is called so, as a person reads it."""
    return keys_for(name, _chosen)[0]


def undoes(what: str = "it") -> str:
    """Which key takes back what was done."""
    return f"{key_of('undo')} undoes {what}"


def bound(name: str, action: str, description: str = "", *, show: bool = False) -> Binding:
    """A binding whose keys are those of the name."""
    return Binding(_as_bound(DEFAULTS[name].keys), action, description, show=show, id=name)


def _as_bound(keys: tuple[str, ...]) -> str:
    return ",".join(map(_named, keys))


def _named(key: str) -> str:
    before, plus, last = key.rpartition("+")
    if not last:  # the key is + itself
        before, last = key[:-1].removesuffix("+"), "+"
        plus = "+" if before else ""
    return before + plus + (name_of(last) if len(last) == 1 else last)
