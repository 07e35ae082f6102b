"""Giving the terminal away for a while, and writing to it past the screen."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import termios
import tty
from collections.abc import AsyncIterator, Mapping, Sequence

from textual.app import App

from amltui.errors import LocalError


def take_piped_input() -> int | None:
    """Take what is piped into this program, and let keys come from the terminal in its place.

    The descriptor of the pipe, the caller's own. None: standard input is the terminal itself, or
    there is no terminal.
    """
    if sys.stdin is None or sys.stdin.isatty():
        return None
    try:
        terminal = os.open("/dev/tty", os.O_RDWR)
    except OSError:
        return None
    piped = os.dup(0)
    os.dup2(terminal, 0)
    os.close(terminal)
    return piped


def write(app: App[object], sequence: str) -> None:
    """Send a control sequence to the terminal as it is."""
    driver = app._driver  # noqa: SLF001  Textual has no public way to write OSC 52 wrapped for tmux
    if driver is not None:
        driver.write(sequence)


@contextlib.asynccontextmanager
async def given_away(app: App[object]) -> AsyncIterator[None]:
    """Leave the screen; the program works on but draws nothing until the block ends.

    Raises:
        LocalError: this terminal cannot be given away.
    """
    driver = app._driver  # noqa: SLF001  only the driver knows
    if driver is None or not driver.can_suspend:
        raise LocalError("This terminal cannot be left for a while.", hint="Open another one.")

    def ignored(*_signal: object) -> None:
        """Ctrl-C is for the program in front; unlike SIG_IGN this is not inherited by it."""

    # Nothing may be drawn meanwhile: batching holds updates back and repaints all at the end.
    before = signal.signal(signal.SIGINT, ignored)
    try:
        with app.batch_update(), app.suspend():
            yield
    finally:
        signal.signal(signal.SIGINT, before)


async def run_in_front(
    app: App[object], command: Sequence[str], environment: Mapping[str, str]
) -> int:
    """Run a program on the terminal and come back when it ended; its exit code."""
    async with given_away(app):
        ended = await asyncio.to_thread(
            subprocess.run,
            list(command),
            env={**os.environ, **environment},
            check=False,
        )
    return ended.returncode


async def show_plainly(app: App[object], text: str) -> None:
    """Print a text on the bare terminal, where the mouse can take it, until a key is pressed."""
    async with given_away(app):
        sys.stdout.write(f"\n{text}\n\n--- any key goes back to amltui ---")
        sys.stdout.flush()
        await asyncio.to_thread(_any_key)


def _any_key() -> None:
    """Wait for a key; what it sends besides (an arrow is three characters) is dropped."""
    terminal = sys.stdin.fileno()
    before = termios.tcgetattr(terminal)
    try:
        tty.setcbreak(terminal)
        os.read(terminal, 1)
        termios.tcflush(terminal, termios.TCIFLUSH)
    finally:
        termios.tcsetattr(terminal, termios.TCSANOW, before)
