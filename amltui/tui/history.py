"""What was asked before, to be asked again, also by the next program."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import Final

from amltui.config import paths
from amltui.config.private import read_settings, write_private
from amltui.disk import alone
from amltui.errors import ConfigError

KEPT: Final = 500
"""Texts of each kind that are kept."""
_FILE: Final = "history.json"
"""In the directory of data: `{kind: [text, ...]}`, the newest last. Only its owner can read it."""


class History:
    """Texts that were entered in a line, each once, the newest last."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self._at = 0
        """Which of them stands in the line; their number: none does."""
        self._draft = ""
        """What was being typed before an older one took its place."""

    @property
    def last(self) -> str:
        """The newest; "" if there is none."""
        return self.asked[-1] if self.asked else ""

    def before(self, texts: Sequence[str]) -> None:
        """Take in what was entered before all that is known."""
        known = set(self.asked)
        self.asked = [*(text for text in texts if text not in known), *self.asked]

    def add(self, text: str) -> None:
        """Note what was entered."""
        if text in self.asked:
            self.asked.remove(text)
        if text.strip():
            self.asked.append(text)

    def step(self, written: str, by: int) -> str:
        """What stands before (-1) or after (1) what is written; behind the newest, the draft."""
        if self._at >= len(self.asked) or self.asked[self._at] != written:
            known = written in self.asked
            self._at = self.asked.index(written) if known else len(self.asked)
            self._draft = "" if known else written
        self._at = max(0, min(self._at + by, len(self.asked)))
        return self.asked[self._at] if self._at < len(self.asked) else self._draft


def load() -> dict[str, list[str]]:
    """What this and earlier programs noted. Blocks on the disk. A file that is damaged is empty."""
    with contextlib.suppress(ValueError, ConfigError):
        import json  # the first frame does without

        found = json.loads(read_settings(paths.data_dir() / _FILE) or "{}")
        if isinstance(found, dict):
            return {
                str(kind): [text for text in texts if isinstance(text, str)]
                for kind, texts in found.items()
                if isinstance(texts, list)
            }
    return {}


def note(kind: str, text: str) -> None:
    """Keep a text for the next program. Blocks on the disk.

    Raises:
        ConfigError: it cannot be written.
    """
    if not text.strip():
        return
    path = paths.data_dir() / _FILE
    with alone(path.parent):
        known = load()
        mine = [one for one in known.get(kind, []) if one != text]
        known[kind] = [*mine, text][-KEPT:]
        import json

        write_private(path, json.dumps(known, ensure_ascii=False, indent=1) + "\n")
