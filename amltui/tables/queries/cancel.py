"""Stopping a question that is being answered in another thread."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Lock, Thread
from typing import Any, Final, TypeVar

import anyio
import anyio.to_thread

from amltui.errors import Cancelled

T = TypeVar("T")


class Cancel:
    """Tells a question to stop. Safe from any thread."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._cancelled = False
        self._calls: list[Callable[[], object]] = []

    def cancel(self) -> None:
        """Stop; the question raises `Cancelled` within about a batch's time."""
        with self._lock:
            self._cancelled = True
            for call in self._calls:
                call()

    @property
    def cancelled(self) -> bool:
        """Whether `cancel` was called."""
        return self._cancelled

    def check(self) -> None:
        """Raise `Cancelled` if it was."""
        if self._cancelled:
            raise Cancelled("The question was stopped.")

    @contextmanager
    def calling(self, call: Callable[[], object]) -> Iterator[None]:
        """While inside, `cancel` also makes a call, in its own thread."""
        self.check()
        with self._lock:
            self._calls.append(call)
        try:
            yield
        finally:
            with self._lock:
                self._calls.remove(call)


_GRACE: Final = 3.0
"""Seconds that a stopped question gets to end. A slow regular expression in SQL is one step of
DuckDB, which hears of nothing meanwhile, for minutes or hours."""


def _stop(cancel: Cancel, ended: Event) -> None:
    """Cancel until it is heard: DuckDB forgets an interrupt that comes between two statements."""
    given_up = time.monotonic() + _GRACE
    while not ended.wait(0.05):
        cancel.cancel()
        if time.monotonic() > given_up:
            ended.set()  # its thread is left alone; it ends with the program at the latest


def _drop(answers: list[Any]) -> None:
    """Close answers that nobody takes: some hold files open."""
    while answers:
        answer = answers.pop()
        for part in answer if isinstance(answer, tuple) else (answer,):
            close = getattr(part, "close", None)
            if close is not None:
                close()


async def in_thread(question: Callable[..., T], *args: Any, **options: Any) -> T:
    """Ask a question in a thread; cancelling the task stops the thread's work too.

    What does not hear of that is left behind after `_GRACE` seconds.

    Args:
        question: one of this package's functions; it is given a `cancel` of its own.
        args: its positional arguments.
        options: its keyword arguments.
    """
    cancel = Cancel()
    answers: list[T] = []
    failures: list[BaseException] = []
    ended = Event()
    left = Event()
    """Set when nobody waits for the answer any more."""

    def ask() -> None:
        try:
            answers.append(question(*args, cancel=cancel, **options))
        except BaseException as error:  # noqa: BLE001 - it is raised below, in the task
            failures.append(error)
        finally:
            ended.set()
            if left.is_set():
                _drop(answers)

    thread = Thread(target=ask, name="question", daemon=True)
    thread.start()
    try:
        await anyio.to_thread.run_sync(ended.wait, abandon_on_cancel=True)
    except BaseException:
        # Nobody takes the answer: one that has come already, and one that still comes.
        left.set()
        if ended.is_set():
            _drop(answers)
        raise
    finally:
        if not ended.is_set():
            # A cancelled task waits for its thread all the same: that holds files open. Not for
            # ever, though.
            with anyio.CancelScope(shield=True):
                await anyio.to_thread.run_sync(_stop, cancel, ended)
    if failures:
        raise failures[0]
    return answers[0]
