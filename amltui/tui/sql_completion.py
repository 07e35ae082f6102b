"""What the word before the caret of an SQL statement can become."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from amltui.tables.queries.words import SqlWords

MOST: Final = 50
"""Candidates that are offered at most."""
_PLAIN: Final = re.compile(r"[a-z_][a-z0-9_]*")
_TABLE_NEXT: Final = re.compile(r"\b(?:from|join|table|describe|summarize)\s+$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Completions:
    """What can stand in place of a word."""

    start: int
    """Where the word begins in the text."""
    texts: tuple[str, ...]


def completions(
    text: str, *, columns: Sequence[str], datasets: Iterable[str], words: SqlWords
) -> Completions:
    """What the end of `text` can become, the likeliest first.

    Behind `from` and `join` these are datasets, else columns, functions and keywords. Letter case
    does not count. A name that SQL would read as something else is put in quotes.

    Args:
        text: the statement up to the caret.
        columns: of `data`, as SQL names them.
        datasets: their names.
        words: of the language.
    """
    start = _opened_at(text)
    typed = text[start:].removeprefix('"').replace('""', '"').casefold()
    if start == len(text) and not _TABLE_NEXT.search(text):
        return Completions(start, ())
    if _TABLE_NEXT.search(text[:start]):
        names = ["data", *datasets]
        return Completions(start, _matching(typed, names, words))
    found = _matching(typed, columns, words)
    if not text[start:].startswith('"'):
        found += tuple(f"{name}(" for name in words.functions if name.startswith(typed))
        found += tuple(word for word in words.keywords if word.startswith(typed))
    return Completions(start, tuple(dict.fromkeys(found))[:MOST])


def _opened_at(text: str) -> int:
    """Where the last word begins: at its quote, if that is still open."""
    if text.count('"') % 2:
        return text.rfind('"')
    match = re.search(r"[^\W\d]\w*$", text)
    return match.start() if match else len(text)


def _matching(typed: str, names: Iterable[str], words: SqlWords) -> tuple[str, ...]:
    """Names that begin with what was typed, then those that hold it."""
    known = [(name, name.casefold()) for name in names]
    begin = [name for name, folded in known if folded.startswith(typed)]
    hold = [name for name, folded in known if typed in folded[1:] and not folded.startswith(typed)]
    return tuple(quoted(name, words) for name in [*begin, *hold][:MOST])


def quoted(name: str, words: SqlWords) -> str:
    """A name as it is written in SQL, where small and capital letters are the same."""
    if _PLAIN.fullmatch(name.lower()) and name.lower() not in words.reserved:
        return name
    return '"' + name.replace('"', '""') + '"'
