"""What the command line needs of the terminal program; `__main__` knows both and fills it in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from amltui.models import Dataset


@dataclass(slots=True)
class Hooks:
    """Ways out of the command line."""

    pick: Callable[[str | None], Dataset | None] | None = None
    """Let the user of a terminal choose a dataset of a profile's workspace."""


HOOKS = Hooks()
