"""Descriptions and data types of files, where somebody gave them, in one file per folder.

    [files."sales.csv"]
    description = "By day"
    type = "GenericCSVNoHeader"

The file is written only when there is something to note, and people may edit it.
"""

from __future__ import annotations

import os
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import tomlkit

from amltui.errors import LocalError
from amltui.text import reason_of, visible

NAME: Final = ".amltui.toml"


@dataclass(frozen=True, slots=True)
class Note:
    """What is noted of a file; "" where nothing is."""

    description: str = ""
    type: str = ""


class Notes:
    """The notes of one directory. What is wrong in the file counts as not noted."""

    def __init__(self, directory: Path) -> None:
        self._path = directory / NAME

    def read(self) -> dict[str, Note]:
        """The notes by file name."""
        try:
            files = tomllib.loads(self._path.read_text("utf-8")).get("files", {})
        except (OSError, ValueError):
            return {}
        found = {}
        for name, table in files.items() if isinstance(files, dict) else ():
            if isinstance(table, dict):
                values = (table.get("description"), table.get("type"))
                found[name] = Note(*(one if isinstance(one, str) else "" for one in values))
        return found

    def write(self, name: str, note: Note) -> None:
        """Note something of a file, or nothing any more; other notes and comments stay.

        Raises:
            LocalError: the file that is there is not TOML, or cannot be written.
        """
        if not self._path.exists() and note == Note():
            return
        try:
            text = self._path.read_text("utf-8") if self._path.exists() else ""
            document = tomlkit.parse(text)
        except (OSError, ValueError) as error:
            raise LocalError(
                f"Cannot note anything in {visible(str(self._path))}: {reason_of(error)}",
                hint="Correct the file or remove it.",
            ) from None
        files: Any = document.setdefault("files", tomlkit.table(is_super_table=True))
        files.pop(name, None)
        kept = {key: value for key in ("description", "type") if (value := getattr(note, key))}
        if kept:
            files[name] = kept
        if not files:
            del document["files"]
        temporary = self._path.with_name(f"{NAME}.{os.getpid()}")
        try:
            if not tomlkit.dumps(document).strip():
                self._path.unlink(missing_ok=True)
                return
            temporary.write_text(tomlkit.dumps(document), "utf-8")
            temporary.replace(self._path)
        except OSError as error:
            temporary.unlink(missing_ok=True)
            raise LocalError(f"Cannot write {visible(str(self._path))}: {error.strerror}") from None
