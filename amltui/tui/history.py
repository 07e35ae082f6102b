"""What was asked before, to be asked again."""

from __future__ import annotations


class History:
    """Texts that were entered in a line, each once, the newest last."""

    def __init__(self) -> None:
        self._asked: list[str] = []
        self._at = 0
        """Which of them stands in the line; their number: none does."""
        self._draft = ""
        """What was being typed before an older one took its place."""

    @property
    def last(self) -> str:
        """The newest; "" if there is none."""
        return self._asked[-1] if self._asked else ""

    def add(self, text: str) -> None:
        """Note what was entered."""
        if text in self._asked:
            self._asked.remove(text)
        if text.strip():
            self._asked.append(text)

    def step(self, written: str, by: int) -> str:
        """What stands before (-1) or after (1) what is written; behind the newest, the draft."""
        if self._at >= len(self._asked) or self._asked[self._at] != written:
            known = written in self._asked
            self._at = self._asked.index(written) if known else len(self._asked)
            self._draft = "" if known else written
        self._at = max(0, min(self._at + by, len(self._asked)))
        return self._asked[self._at] if self._at < len(self._asked) else self._draft
