"""Telling the person who waits for a workspace what it takes of them: a code to sign in with."""

from __future__ import annotations

import sys
from collections.abc import Callable

Tell = Callable[[str], None]

_told_by: list[Tell] = []


def teller() -> Tell | None:
    """What shows a person a text; it may be called from any thread. None: nobody is there."""
    if _told_by:
        return _told_by[-1]
    return _to_terminal if sys.stderr is not None and sys.stderr.isatty() else None


def tell_by(tell: Tell | None) -> None:
    """Show texts by `tell` from now on, where standard error is no place for them.

    None: by standard error again.
    """
    _told_by[:] = [tell] if tell is not None else []


def _to_terminal(text: str) -> None:
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()
