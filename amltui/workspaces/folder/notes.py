"""Descriptions and data types of files, where somebody gave them, in one file per folder.

    [files."sales.csv"]
    description = "By day"
    type = "GenericCSVNoHeader"

The file is written only when there is something to note, and people may edit it.
"""

from __future__ import annotations

import contextlib
import time
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from amltui.disk import whole_file
from amltui.errors import LocalError
from amltui.text import reason_of, visible

NAME: Final = ".amltui.toml"
_ABANDONED: Final = 3_600
"""Seconds after which a file that was to become the notes becomes nothing any more."""


@dataclass(frozen=True, slots=True)
class Note:
    """What is noted of a file; "" where nothing is."""

    description: str = ""
    type: str = ""


def notes_in(text: str) -> dict[str, Note]:
    """The notes by file name. What is wrong in the text counts as not noted."""
    try:
        files = tomllib.loads(text).get("files", {})
    except ValueError:
        return {}
    found = {}
    for name, table in files.items() if isinstance(files, dict) else ():
        if isinstance(table, dict):
            values = (table.get("description"), table.get("type"))
            found[name] = Note(*(one if isinstance(one, str) else "" for one in values))
    return found


def with_note(text: str, name: str, note: Note) -> str:
    """The text with something noted of a file, or nothing any more; other notes and comments stay.

    Raises:
        ValueError: the text is not TOML.
    """
    import tomlkit  # to look at a folder nothing is written

    document = tomlkit.parse(text)
    files: Any = document.setdefault("files", tomlkit.table(is_super_table=True))
    files.pop(name, None)
    kept = {key: value for key in ("description", "type") if (value := getattr(note, key))}
    if kept:
        files[name] = kept
    if not files:
        del document["files"]
    return tomlkit.dumps(document)


class Notes:
    """The notes of one directory."""

    def __init__(self, directory: Path) -> None:
        self._path = directory / NAME

    def tidy(self) -> None:
        """Delete what a process left that was killed while it wrote here."""
        for path in self._path.parent.glob(f".{NAME}.*.tmp"):
            with contextlib.suppress(OSError):
                if time.time() - path.stat().st_mtime > _ABANDONED:
                    path.unlink()

    def read(self) -> dict[str, Note]:
        """See `notes_in`."""
        try:
            return notes_in(self._path.read_text("utf-8"))
        except (OSError, ValueError):
            return {}

    def write(self, name: str, note: Note) -> None:
        """See `with_note`.

        Raises:
            LocalError: the file that is there is not TOML, or cannot be written.
        """
        if not self._path.exists() and note == Note():
            return
        self.tidy()
        try:
            before = self._path.read_text("utf-8") if self._path.exists() else ""
            text = with_note(before, name, note)
        except (OSError, ValueError) as error:
            raise LocalError(
                f"Cannot note anything in {visible(str(self._path))}: {reason_of(error)}",
                hint="Correct the file or remove it.",
            ) from None
        try:
            if not text.strip():
                self._path.unlink(missing_ok=True)
                return
            with whole_file(self._path, mode=0o666) as file:
                file.write(text.encode())
        except OSError as error:
            raise LocalError(f"Cannot write {visible(str(self._path))}: {error.strerror}") from None
