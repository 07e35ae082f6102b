"""SQL statements that were given a name, for every program of this machine's user."""

from __future__ import annotations

import contextlib
import json
from typing import Final

from amltui.config import paths
from amltui.config.private import read_settings, write_private
from amltui.disk import alone
from amltui.errors import ConfigError

_FILE: Final = "queries.json"
"""In the directory of data: `{name: statement}`, the newest last. Only its owner can read it."""


def load() -> dict[str, str]:
    """The statements by their names, the newest last. Blocks on the disk.

    Raises:
        ConfigError: the file is damaged: nothing of it is replaced.
    """
    path = paths.data_dir() / _FILE
    found: object = None
    with contextlib.suppress(ValueError):
        found = json.loads(read_settings(path) or "{}")
    if not isinstance(found, dict) or not all(isinstance(text, str) for text in found.values()):
        raise ConfigError(
            f"These are no named statements: {path}", hint="Mend the file, or move it away."
        )
    return found


def save(name: str, text: str) -> None:
    """Keep a statement under a name, in place of what had it. Blocks on the disk.

    Raises:
        ConfigError: it cannot be written, or the file is damaged.
    """
    _change(name, text)


def delete(name: str) -> None:
    """Forget the statement of a name. Blocks on the disk. Raises as `save`."""
    _change(name, None)


def _change(name: str, text: str | None) -> None:
    path = paths.data_dir() / _FILE
    with alone(path.parent):
        known = load()
        known.pop(name, None)
        if text is not None:
            known[name] = text
        write_private(path, json.dumps(known, ensure_ascii=False, indent=1) + "\n")
