"""Files that hold secrets: 0600 in a directory of 0700, whole or not there at all."""

from __future__ import annotations

import os
from pathlib import Path

from amltui.disk import write_whole
from amltui.errors import ConfigError


def write_private(path: Path, text: str) -> None:
    """Put `text` at `path` by temp file and rename; nobody but its owner can ever read it.

    A directory that is not there yet is made with 0700; one that is there keeps its mode. A
    symbolic link is followed, so that a settings file kept elsewhere stays a link.

    Raises:
        ConfigError: the place cannot be written.
    """
    target = path.resolve()
    try:
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_whole(target, text.encode(), sync=True)
    except OSError as error:
        raise ConfigError(
            f"Cannot write {path}: {error.strerror}",
            hint="Make the directory writable, or choose another by AMLTUI_CONFIG_DIR.",
        ) from error


def read_settings(path: Path) -> str | None:
    """The text of a settings file, or None when it is not there.

    Raises:
        ConfigError: it is there but cannot be read, or is not UTF-8.
    """
    try:
        return path.read_text(encoding="utf-8-sig")
    except (FileNotFoundError, NotADirectoryError):
        return None
    except UnicodeDecodeError as error:
        raise ConfigError(
            f"{path} is not text in UTF-8 (byte {error.start})", hint="Save it as UTF-8."
        ) from error
    except OSError as error:
        raise ConfigError(
            f"Cannot read {path}: {error.strerror}", hint="Check who owns it and its permissions."
        ) from error


def tighten(path: Path) -> None:
    """Take a file with secrets away from group and others, should they be able to read it.

    Raises:
        ConfigError: others can read it and its mode cannot be changed.
    """
    if os.name != "posix":
        return
    try:
        mode = path.stat().st_mode
        if mode & 0o077:
            path.chmod(0o600)
    except FileNotFoundError:
        return
    except OSError as error:
        raise ConfigError(
            f"{path} holds tokens and other users can read it", hint=f"Run: chmod 600 '{path}'"
        ) from error
