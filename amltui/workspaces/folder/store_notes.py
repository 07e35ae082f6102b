"""The notes of objects: one `.amltui.toml` in each folder where somebody noted something."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import Any, Final

from amltui.errors import Conflict, ContentChanged, LocalError, NotFound
from amltui.text import reason_of, visible
from amltui.workspaces.folder.notes import NAME, Note, notes_in, with_note
from amltui.workspaces.folder.store_errors import READ, WRITE, mapped

_TRIES: Final = 5
"""How often a note is written anew that somebody else's note came before."""


class StoreNotes:
    """The notes below one prefix. Everything here blocks."""

    def __init__(self, store: Any) -> None:
        self._store = store
        self._known: dict[str, tuple[str, dict[str, Note]]] = {}
        """By folder, the version that was read; "" where there is none."""
        self._listed = False
        """Whether a list said which folders have notes: what it did not name has none."""

    def listed(self, found: Mapping[str, str]) -> None:
        """Take from a list of everything which notes there are: keys with their versions."""
        folders = {key.removesuffix(NAME): etag for key, etag in found.items()}
        self._known = {
            folder: known
            for folder, known in self._known.items()
            if known[0] and folders.get(folder) == known[0]
        }
        for folder in folders.keys() - self._known.keys():
            self._load(folder)
        self._listed = True

    def add(self, found: Mapping[str, str]) -> None:
        """Take from a page of a list which notes there are, for `known`."""
        for key, etag in found.items():
            folder = key.removesuffix(NAME)
            if self._known.get(folder, ("", {}))[0] != etag:
                self._load(folder)

    def known(self, key: str) -> Note:
        """What is known to be noted of an object; the store is not asked."""
        folder, _, name = _parts(key)
        return self._known.get(folder, ("", {}))[1].get(name, Note())

    def of(self, key: str) -> Note:
        """What is noted of an object."""
        folder = _parts(key)[0]
        if folder not in self._known and not self._listed:
            self._load(folder)
        return self.known(key)

    def refresh(self, folder: str) -> None:
        """Read the notes of one folder anew."""
        self._load(folder)

    def write(self, key: str, note: Note) -> None:
        """Note something of an object, or nothing any more; nobody else's note is lost.

        Raises:
            LocalError: what is there is not TOML.
            Conflict: others write there all the time.
        """
        import obstore

        if self.of(key) == note == Note():
            return
        folder, path, name = _parts(key)
        for _ in range(_TRIES):
            text, version = self._read(folder)
            try:
                after = with_note(text, name, note)
            except ValueError as error:
                raise LocalError(
                    f"Cannot note anything in {visible(path)}: {reason_of(error)}",
                    hint="Correct the file or remove it.",
                ) from None
            mode: Any = {"e_tag": f'"{version}"'} if version else "create"
            try:
                with mapped(path, WRITE):
                    if after.strip() or not version:
                        obstore.put(self._store, path, after.encode(), mode=mode)
                    else:
                        obstore.delete(self._store, path)
            except (Conflict, ContentChanged, NotFound):
                continue
            self._load(folder)
            return
        raise Conflict(f"Others write to {visible(path)} all the time", 409, hint="Try it again.")

    def _load(self, folder: str) -> None:
        text, version = self._read(folder)
        self._known[folder] = (version, notes_in(text))

    def _read(self, folder: str) -> tuple[str, str]:
        """The text and its version; "" twice where there is none."""
        import obstore

        with contextlib.suppress(NotFound), mapped(f"{folder}{NAME}", READ):
            answer = obstore.get(self._store, f"{folder}{NAME}")
            data = bytes(answer.bytes())
            etag = str(answer.meta.get("e_tag") or "").strip('"')
            return data.decode("utf-8", "replace"), etag
        return "", ""


def notes_of(key: str) -> str:
    """Where the notes of an object are."""
    return _parts(key)[1]


def _parts(key: str) -> tuple[str, str, str]:
    """An object's folder with a slash at its end, the notes' key, and the name in it."""
    folder, slash, name = key.rpartition("/")
    return f"{folder}{slash}", f"{folder}{slash}{NAME}", name
