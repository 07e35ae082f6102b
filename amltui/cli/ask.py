"""Asking the person at the terminal; what is secret is not echoed."""

from __future__ import annotations

import getpass
import os
import select
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from amltui.cli.output import warn
from amltui.errors import ConfigError, UsageError

_PAUSE: Final = 0.3
"""Seconds without another line after which what was pasted is over."""


def is_there() -> bool:
    """Whether somebody is at the terminal to be asked."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def text(
    question: str, default: str = "", *, check: Callable[[str], object] = lambda _text: None
) -> str:
    """An answer on one line; the default when it is empty. Asked on standard error.

    What `check` refuses with a `ConfigError` is said, and asked again.

    Raises:
        UsageError: the input ended.
    """
    shown = f"{question} [{default}]: " if default else f"{question}: "
    while True:
        sys.stderr.write(shown)
        sys.stderr.flush()
        with _interruptible():
            line = sys.stdin.readline()
        if not line:
            raise _no_answer(question)
        answer = line.strip() or default
        if _taken(answer, check):
            return answer


def yes(question: str) -> bool:
    """Whether the person agrees; what is not a yes is a no."""
    return text(f"{question} (yes/no)", "no").lower() in {"y", "yes"}


def secret(question: str, *, check: Callable[[str], object]) -> str:
    """An answer on one line that is not shown while it is typed; else as `text`."""
    while True:
        try:
            with _interruptible():
                answer = getpass.getpass(f"{question} (not shown): ", stream=sys.stderr).strip()
        except EOFError:
            raise _no_answer(question) from None
        if _taken(answer, check):
            return answer


def pasted(question: str, *, whole: Callable[[str], bool]) -> str:
    """Lines that are not shown: up to where `whole` says that they are all, or to an empty line.

    Pasted lines arrive together, and one may be empty: so nothing is over while more waits. What
    comes with them is never left for the next question, nor for the shell.

    Raises:
        UsageError: the input ended before anything was typed.
    """
    typed = b""
    with _unseen(sys.stdin.fileno()) as descriptor:
        sys.stderr.write(f"{question} (not shown): ")
        sys.stderr.flush()
        while line := os.read(descriptor, 1 << 16):
            typed += line
            if select.select([descriptor], [], [], _PAUSE)[0]:
                continue
            if not line.strip() or whole(typed.decode("utf-8", "replace")):
                break
    if not typed:
        raise _no_answer(question)
    return typed.decode("utf-8", "replace")


def _taken(answer: str, check: Callable[[str], object]) -> bool:
    try:
        check(answer)
    except ConfigError as error:
        warn(f"{error}. {error.hint}")
        return False
    return True


def _no_answer(question: str) -> UsageError:
    sys.stderr.write("\n")  # behind the question, where the cursor still is
    return UsageError(f"No answer to: {question}", hint="Give it as an option instead.")


@contextmanager
def _interruptible() -> Iterator[None]:
    """Let Ctrl-C end a question also where a running event loop would only take note of it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    except KeyboardInterrupt:
        sys.stderr.write("\n")
        raise
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def _unseen(descriptor: int) -> Iterator[int]:
    """The terminal without echo; at the end it is as before, and what still waits is dropped."""
    import termios

    before = termios.tcgetattr(descriptor)
    silent = termios.tcgetattr(descriptor)
    silent[3] &= ~termios.ECHO
    termios.tcsetattr(descriptor, termios.TCSADRAIN, silent)
    try:
        yield descriptor
    finally:
        termios.tcsetattr(descriptor, termios.TCSAFLUSH, before)
        sys.stderr.write("\n")
