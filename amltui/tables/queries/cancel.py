"""Stopping a question that is being answered in another thread."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Lock
from typing import Any, TypeVar

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


async def in_thread(question: Callable[..., T], *args: Any, **options: Any) -> T:
    """Ask a question in a thread; cancelling the task stops the thread's work too.

    Args:
        question: one of this package's functions; it is given a `cancel` of its own.
        args: its positional arguments.
        options: its keyword arguments.
    """
    cancel = Cancel()
    answers: list[T] = []
    failures: list[BaseException] = []
    ended = Event()

    def ask() -> None:
        try:
            answers.append(question(*args, cancel=cancel, **options))
        except BaseException as error:  # noqa: BLE001 - it is raised below, in the task
            failures.append(error)
        finally:
            ended.set()

    async def watch() -> None:
        try:
            await anyio.sleep_forever()
        finally:
            cancel.cancel()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(watch)
        try:
            await anyio.to_thread.run_sync(ask)
        finally:
            # A cancelled task waits for its thread all the same: that holds files open.
            cancel.cancel()
            with anyio.CancelScope(shield=True):
                await anyio.to_thread.run_sync(ended.wait)
        tasks.cancel_scope.cancel()
    if failures:
        raise failures[0]
    return answers[0]
