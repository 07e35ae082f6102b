"""Where the terminal program saves downloads.

download_folder = "~/data"      # beside `default` in config.toml, above the profiles
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from amltui.config.profiles import profiles_file, written_at
from amltui.config.toml import read_toml
from amltui.disk import expanded
from amltui.errors import ConfigError


def download_folder() -> Path:
    """The folder that is set, else the current one. Blocks on the disk.

    Raises:
        ConfigError: what is set is no folder.
    """
    value = read_toml(profiles_file()).get("download_folder")
    if value is None:
        return Path.cwd()
    return folder_of(value, written_at("download_folder"))


def folder_of(value: Any, source: object) -> Path:
    """A folder that somebody wrote. Blocks on the disk.

    Raises:
        ConfigError: there is none, or it is no absolute path; `source` says who wrote it.
    """
    path = expanded(value) if isinstance(value, str) else None
    if path is None or not path.is_absolute():
        raise ConfigError(
            f"{source} is no absolute path: {value!r}", hint="Write it from / or from ~ on."
        )
    if not path.is_dir():
        raise ConfigError(f"{source} is no folder: {value!r}", hint="Make it, or write another.")
    return path
