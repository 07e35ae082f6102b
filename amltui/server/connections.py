"""Connections are fewer than descriptors, so that there are always some left for files.

The soft limit of descriptors is raised to the hard one. Beyond a number of connections the server
accepts no more; before that, silent ones are closed, first those of the address that holds most,
so that nobody who only opens connections keeps the others out.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import resource
import socket
import struct
import sys
from collections import defaultdict
from typing import Final

from amltui.server import log

_DESCRIPTORS: Final = 65_536
"""Descriptors that are asked for, at most."""
_RESERVE: Final = 64
"""Descriptors for the database, the log and whatever else is no connection."""
_EVERY: Final = 1.0
"""Seconds between two looks."""
_SILENT: Final = 2_000
"""Milliseconds without a byte in either direction, from which on a connection may be closed."""
_BUSY: Final = 0.75
"""Part of the connections from which on silent ones are closed,"""
_CALM: Final = 0.25
"""and down to which: others wait to be accepted, perhaps as silent."""
_SENT, _RECEIVED = 44, 52
"""Where Linux' `tcp_info` holds the milliseconds since the last byte."""


def limit() -> int:
    """Raise the limit of descriptors; how many connections may be open at once.

    Each may need another descriptor, for the file that it reads or writes.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _DESCRIPTORS if hard == resource.RLIM_INFINITY else min(hard, _DESCRIPTORS)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
            soft = wanted
    available = _DESCRIPTORS if soft == resource.RLIM_INFINITY else min(soft, _DESCRIPTORS)
    return max(8, (available - _RESERVE) // 2)


async def watch(port: int, most: int) -> None:
    """Close silent connections to `port` whenever there are nearly `most`, until cancelled."""
    if not sys.platform.startswith("linux"):
        return  # only the limit itself holds there
    while True:
        await asyncio.sleep(_EVERY)
        if len(os.listdir("/proc/self/fd")) < most * _BUSY:  # noqa: PTH208 - only their number
            continue
        closed = _close_silent(port, int(most * _CALM))
        if closed:
            log.event("silent connections closed", count=closed)


def _close_silent(port: int, enough: int) -> int:
    """Close silent connections until `enough` are left; how many were closed."""
    silent: dict[str, list[tuple[int, int]]] = defaultdict(list)
    held: dict[str, int] = defaultdict(int)
    for name in os.listdir("/proc/self/fd"):  # noqa: PTH208 - names are numbers here
        with contextlib.suppress(OSError), _borrowed(int(name)) as connection:
            inet = connection.family in {socket.AF_INET, socket.AF_INET6}
            if not inet or connection.getsockname()[1] != port:
                continue
            address = connection.getpeername()[0]
            held[address] += 1
            info = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 64)
            quiet = min(struct.unpack_from("I", info, at)[0] for at in (_SENT, _RECEIVED))
            if quiet >= _SILENT:
                silent[address].append((quiet, int(name)))
    for found in silent.values():
        found.sort()
    closed, left = 0, sum(held.values())
    while left > enough and any(silent.values()):
        address = max((a for a in silent if silent[a]), key=lambda a: held[a])
        _, descriptor = silent[address].pop()
        with contextlib.suppress(OSError), _borrowed(descriptor) as connection:
            connection.shutdown(socket.SHUT_RDWR)
            closed += 1
        held[address] -= 1
        left -= 1
    return closed


def _borrowed(descriptor: int) -> socket.socket:
    """The socket behind a descriptor that belongs to the server; raises OSError if it is none."""
    copy = os.dup(descriptor)
    try:
        return socket.socket(fileno=copy)
    except OSError:
        os.close(copy)
        raise
