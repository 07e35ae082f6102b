"""What a person said on this machine of how datasets are written."""

from __future__ import annotations

import contextlib
import json
from typing import Final

from amltui.config import paths
from amltui.config.private import read_settings, write_private
from amltui.formats.dialect import Dialect

_FILE: Final = "dialects.json"
"""In the directory of settings: `{workspace: {dataset key: dialect}}`."""


def remembered(workspace: str, key: str) -> Dialect | None:
    """What a person said of a dataset on this machine; `workspace`: its key in the cache."""
    text = _read().get(workspace, {}).get(key)
    with contextlib.suppress(ValueError):
        return Dialect.from_text(text) if isinstance(text, str) else None
    return None


def remember(workspace: str, key: str, dialect: Dialect | None) -> None:
    """Keep what a person says of a dataset; None: forget it.

    Raises:
        ConfigError: it cannot be written.
    """
    known = _read()
    mine = known.setdefault(workspace, {})
    if dialect is None:
        mine.pop(key, None)
    else:
        mine[key] = dialect.to_text()
    known = {name: kept for name, kept in known.items() if kept}
    write_private(paths.config_dir() / _FILE, json.dumps(known, indent=2) + "\n")


def _read() -> dict[str, dict[str, str]]:
    with contextlib.suppress(ValueError):
        found = json.loads(read_settings(paths.config_dir() / _FILE) or "{}")
        if isinstance(found, dict) and all(isinstance(one, dict) for one in found.values()):
            return found
    return {}
