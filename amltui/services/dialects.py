"""What a person said on this machine of how datasets are written, and of which sheet to show."""

from __future__ import annotations

import contextlib
import json
from typing import Final

from amltui.config import paths
from amltui.config.private import read_settings, write_private
from amltui.formats.dialect import Dialect

_FILE: Final = paths.DIALECTS
"""`{workspace: {dataset key: dialect}}`."""
_SHEETS: Final = paths.SHEETS
"""The same with names of sheets."""


def remembered(workspace: str, key: str) -> Dialect | None:
    """What a person said of a dataset on this machine; `workspace`: its key in the cache."""
    text = _read(_FILE).get(workspace, {}).get(key)
    with contextlib.suppress(ValueError):
        return Dialect.from_text(text) if isinstance(text, str) else None
    return None


def remember(workspace: str, key: str, dialect: Dialect | None) -> None:
    """Keep what a person says of a dataset; None: forget it.

    Raises:
        ConfigError: it cannot be written.
    """
    _keep(_FILE, workspace, key, None if dialect is None else dialect.to_text())


def remembered_sheet(workspace: str, key: str) -> str | None:
    """Which sheet of a dataset a person chose on this machine; see `remembered`."""
    name = _read(_SHEETS).get(workspace, {}).get(key)
    return name if isinstance(name, str) else None


def remember_sheet(workspace: str, key: str, sheet: str | None) -> None:
    """Keep which sheet a person chooses; None: the first.

    Raises:
        ConfigError: it cannot be written.
    """
    _keep(_SHEETS, workspace, key, sheet)


def _keep(file: str, workspace: str, key: str, text: str | None) -> None:
    known = _read(file)
    mine = known.setdefault(workspace, {})
    if text is None and key not in mine:
        return
    if text is None:
        mine.pop(key)
    else:
        mine[key] = text
    known = {name: kept for name, kept in known.items() if kept}
    write_private(paths.config_dir() / file, json.dumps(known, indent=2) + "\n")


def _read(file: str) -> dict[str, dict[str, str]]:
    with contextlib.suppress(ValueError):
        found = json.loads(read_settings(paths.config_dir() / file) or "{}")
        if isinstance(found, dict) and all(isinstance(one, dict) for one in found.values()):
            return found
    return {}
