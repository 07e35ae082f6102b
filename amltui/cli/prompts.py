"""Asking the person at the terminal; what is secret is not echoed."""

from __future__ import annotations

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
        with _interruptible() as typed:
            _show(shown)
            line = typed()
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
        with _unseen(), _interruptible() as typed:
            _show(f"{question} (not shown): ")
            line = typed()
        if not line:
            raise _no_answer(question)
        answer = line.strip()
        if _taken(answer, check):
            return answer


def pasted(question: str, *, whole: Callable[[str], bool]) -> str:
    """Lines that are not shown: up to where `whole` says that they are all, or to an empty line.

    Pasted lines arrive together, and one may be empty: so nothing is over while more waits. What
    comes with them is never left for the next question, nor for the shell.

    Raises:
        UsageError: the input ended before anything was typed.
    """
    lines = ""
    with _unseen(), _interruptible() as typed:
        _show(f"{question} (not shown): ")
        while line := typed():
            lines += line
            if select.select([sys.stdin], [], [], _PAUSE)[0]:
                continue
            if not line.strip() or whole(lines):
                break
    if not lines:
        raise _no_answer(question)
    return lines


def _show(question: str) -> None:
    sys.stderr.write(question)
    sys.stderr.flush()


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
def _interruptible() -> Iterator[Callable[[], str]]:
    """What waits for a line and reads it, "" at the end of input; Ctrl-C ends it at any moment.

    A running event loop would only take note of Ctrl-C, so it is heard by Python's own handler.
    The handler runs between two steps of Python: a signal right before a read would be heard
    after it. It also writes into a pipe, though, and that is waited for together with the line.
    """
    told, tells = os.pipe()
    os.set_blocking(tells, False)
    handler = signal.signal(signal.SIGINT, signal.default_int_handler)
    wakeup = signal.set_wakeup_fd(tells)

    def typed() -> str:
        descriptor = sys.stdin.fileno()
        while descriptor not in select.select([descriptor, told], [], [])[0]:
            os.read(told, 64)  # of a signal that ends nothing
        return os.read(descriptor, 1 << 16).decode("utf-8", "replace")

    try:
        yield typed
    except KeyboardInterrupt:
        sys.stderr.write("\n")
        raise
    finally:
        signal.set_wakeup_fd(wakeup)
        signal.signal(signal.SIGINT, handler)
        os.close(told)
        os.close(tells)


@contextmanager
def _unseen() -> Iterator[None]:
    """The terminal without echo; at the end it is as before, and what still waits is dropped."""
    import termios

    descriptor = sys.stdin.fileno()
    before = termios.tcgetattr(descriptor)
    silent = termios.tcgetattr(descriptor)
    silent[3] &= ~termios.ECHO
    termios.tcsetattr(descriptor, termios.TCSADRAIN, silent)
    try:
        yield
        sys.stderr.write("\n")
    finally:
        termios.tcsetattr(descriptor, termios.TCSAFLUSH, before)
