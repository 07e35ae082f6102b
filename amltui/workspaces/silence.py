"""Telling whoever asked for it that a server does not answer yet."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

SECONDS: Final = 3.0
"""After which it is told."""
_Tell = Callable[[str], None]
_tell: ContextVar[_Tell | None] = ContextVar("silence_told", default=None)


@contextmanager
def silence_told(tell: _Tell) -> Iterator[None]:
    """Within it `tell` is called with the host of each request that is not answered soon."""
    before = _tell.set(tell)
    try:
        yield
    finally:
        _tell.reset(before)


@contextmanager
def waiting_for(host: str) -> Iterator[None]:
    """Wait for an answer of `host` within it; see `silence_told`."""
    tell = _tell.get()
    if tell is None:
        yield
        return
    timer = asyncio.get_running_loop().call_later(SECONDS, tell, host)
    try:
        yield
    finally:
        timer.cancel()
