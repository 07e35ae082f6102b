"""Who repeats a request that failed: the workspace, or whoever asks it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_caller_retries: ContextVar[bool] = ContextVar("caller_retries", default=False)


@contextmanager
def caller_retries() -> Iterator[None]:
    """Within it no workspace repeats a request: the caller decides that, by a policy of its own.

    Two policies, one inside the other, would ask as often as their counts multiplied.
    """
    before = _caller_retries.set(True)
    try:
        yield
    finally:
        _caller_retries.reset(before)


def may_repeat() -> bool:
    """Whether a workspace may repeat the request that is being made; see `caller_retries`."""
    return not _caller_retries.get()
