"""Where things lie on this machine: settings, cache and data, each movable by one variable."""

from __future__ import annotations

import os
from pathlib import Path

from platformdirs import PlatformDirs

from amltui.disk import expanded

_DIRS = PlatformDirs("amltui", appauthor=False)

DIALECTS = "dialects.json"
"""In `config_dir`: how a person said that datasets are written."""
SHEETS = "sheets.json"
"""In `config_dir`: which of their sheets a person chose."""


def config_dir() -> Path:
    """Profiles; `AMLTUI_CONFIG_DIR` or the platform's place. Not created here."""
    return _from("AMLTUI_CONFIG_DIR", _DIRS.user_config_dir)


def cache_dir() -> Path:
    """What can be fetched again; `AMLTUI_CACHE_DIR` or the platform's place. Not created here."""
    return _from("AMLTUI_CACHE_DIR", _DIRS.user_cache_dir)


def data_dir() -> Path:
    """The embedded workspace; `AMLTUI_DATA_DIR` or the platform's place. Not created here."""
    return _from("AMLTUI_DATA_DIR", _DIRS.user_data_dir)


def local_key(data: Path) -> str:
    """What names the embedded workspace in `data` in the cache: its port changes, this does not."""
    return f"local:{data}"


def content_file(directory: Path, sha256: str) -> Path:
    """Where a server with this data directory keeps the content of this hash on its own disk."""
    return directory / "contents" / sha256[:2] / sha256


def _from(variable: str, default: str) -> Path:
    value = os.environ.get(variable)
    return expanded(value).absolute() if value else Path(default)
