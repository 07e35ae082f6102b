"""Processes that read contents, so that what those cost or break is not the server's."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Final

import anyio.to_thread

from amltui.config.children import child_command, child_environment
from amltui.server.http_errors import ServiceUnavailable
from amltui.server.state import ServerState
from amltui.server.store.base import Stored

_ENVIRONMENT: Final = frozenset(
    {"PATH", "PYTHONPATH", "LD_LIBRARY_PATH", "LANG", "TMPDIR", "TZ", "VIRTUAL_ENV"}
)
"""What the process that reads hostile bytes inherits: nothing that could be a secret."""


@asynccontextmanager
async def content_file(state: ServerState, stored: Stored) -> AsyncIterator[tuple[Path, Path]]:
    """The content as a file, and an empty directory; both gone at the end of the block."""
    scratch = state.store.scratch()
    await anyio.to_thread.run_sync(lambda: scratch.mkdir(mode=0o700))
    try:
        path = state.store.path(stored.sha256)
        if path is None:
            path = scratch / "content"
            with path.open("wb") as file:
                async for chunk in state.store.read(stored.sha256, 0, stored.size):
                    await anyio.to_thread.run_sync(file.write, chunk)
        yield path, scratch / "table"
    finally:
        with anyio.CancelScope(shield=True):
            await anyio.to_thread.run_sync(lambda: shutil.rmtree(scratch, ignore_errors=True))


async def run_worker(module: str, *arguments: str, patience: float) -> tuple[int, bytes, bytes]:
    """Run a module of ours; its exit code, and what it printed and complained of.

    Raises:
        ServiceUnavailable: it took more than `patience` seconds.
    """
    # The other end is ours alone, and closed when this process ends, however that comes.
    end, ours = os.pipe()
    with os.fdopen(ours, "wb"):
        try:
            process = await asyncio.create_subprocess_exec(
                *child_command(module, *arguments),
                stdin=end,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                env=worker_environment(),
            )
        finally:
            os.close(end)
        try:
            async with asyncio.timeout(patience):
                out, err = await process.communicate()
        except TimeoutError:
            raise ServiceUnavailable("These contents cannot be looked at now. Try later.") from None
        finally:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()
    return process.returncode or 0, out, err


def worker_environment() -> dict[str, str]:
    """What a process that `run_worker` runs inherits."""
    kept = {name: value for name, value in child_environment().items() if name in _ENVIRONMENT}
    # Arrow's own pool reserves a gigabyte, of which the limit of memory would count all.
    return kept | {"ARROW_DEFAULT_MEMORY_POOL": "system"}
