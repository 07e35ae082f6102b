"""What an emulated terminal shows."""

from __future__ import annotations

import time
from collections.abc import Callable

import pyte

from tests.benchmarks.terminal import Terminal

SECONDS = 30
"""How long two screens may take to become the same on a busy machine."""
QUIET = 0.15
"""Seconds without a byte after which the screens are compared."""


def shown(screen: pyte.Screen) -> list[list[tuple[object, ...]]]:
    """The cells as the eye sees them: a blank has no colour of its own unless it is marked."""
    return [
        [_seen(screen.buffer[y][x]) for x in range(screen.columns)] for y in range(screen.lines)
    ]


def _seen(cell: pyte.screens.Char) -> tuple[object, ...]:
    marked = cell.reverse or cell.underscore or cell.strikethrough
    if cell.data == " " and not marked:
        return (" ", cell.bg)
    return tuple(cell)


def same(terminal: Terminal, other: Callable[[], pyte.Screen]) -> bool:
    """Wait until the terminal shows what the other screen does."""
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        terminal.drain(QUIET)
        if shown(terminal.screen) == shown(other()):
            return True
    return False
