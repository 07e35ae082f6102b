"""The embedded workspace: the workspace server as a child of this process.

The child lives as long as its standard input stays open, so it also ends when this process is
killed. Each process has a child of its own, on a port that the system chose; all work on one
data directory, so two programs at once see one workspace.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from amltui.config.paths import local_key
from amltui.errors import AmltuiError, LocalError
from amltui.redact import remember
from amltui.services import embedded_process

START_SECONDS: Final = 60
"""A first start seeds the samples, on a slow disk."""
STOP_SECONDS: Final = 10
"""What a child that is not killed gets to finish its requests."""


@dataclass(frozen=True, slots=True)
class EmbeddedAddress:
    """Where an embedded workspace answers, and with which token."""

    endpoint: str
    workspace_id: str
    token: str = field(repr=False)


class EmbeddedServer:
    """One child process that serves the workspace in `data`."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def key(self) -> str:
        """What names this workspace in caches: its directory, for its port changes."""
        return local_key(self.data)

    @property
    def running(self) -> bool:
        """Whether the child was started, and neither ended nor was told to."""
        process = self._process
        if process is None or (process.stdin is not None and process.stdin.closed):
            return False
        return process.poll() is None

    @property
    def log(self) -> Path:
        """Where the child writes what goes wrong; no secrets in it."""
        return embedded_process.log_file(self.data)

    async def start(self) -> EmbeddedAddress:
        """Start the child, unless it was begun ahead, and wait until it answers.

        Raises:
            LocalError: the data directory cannot be written.
            AmltuiError: the child ended, or said nothing for `START_SECONDS`.
        """
        self._process = process = self._begin()
        assert process.stdout is not None
        try:
            async with asyncio.timeout(START_SECONDS):
                line = await asyncio.to_thread(process.stdout.readline)
        except TimeoutError:
            line = b""
        except BaseException:
            await self.stop()
            raise
        try:
            return await asyncio.to_thread(_address, line)
        except (ValueError, KeyError, TypeError, OSError) as error:
            await self.stop()
            reason = await asyncio.to_thread(self._last_words)
            raise AmltuiError(
                f"The local workspace in {self.data} did not start{reason}.",
                hint=f"The whole story is in {self.log}.",
            ) from error

    async def stop(self) -> None:
        """End the child gracefully: it finishes what it has begun to answer.

        Whoever is cancelled in here leaves the rest to the next one who calls.
        """
        process = self._process
        if process is None:
            return
        assert process.stdin is not None
        assert process.stdout is not None
        with contextlib.suppress(OSError):  # it has ended by itself
            process.stdin.close()
        try:
            await asyncio.to_thread(process.wait, STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            await asyncio.to_thread(process.wait)
        # Its end has ended the thread that may read from it, which keeps the file to itself.
        await asyncio.to_thread(process.stdout.close)
        if self._process is process:
            self._process = None

    def _begin(self) -> subprocess.Popen[bytes]:
        try:
            return embedded_process.taken(self.data)
        except OSError as error:
            raise LocalError(
                f"The local workspace cannot write to {self.data}: {error.strerror}.",
                hint="Set AMLTUI_DATA_DIR to a directory that you can write to.",
            ) from error

    def _last_words(self) -> str:
        try:
            lines = self.log.read_text("utf-8", "replace").strip().splitlines()
        except OSError:
            return ""
        return f": {lines[-1]}" if lines else ""


def _address(line: bytes) -> EmbeddedAddress:
    ready = json.loads(line)
    settings = json.loads(Path(ready["settings"]).read_text("utf-8"))["workspace"]
    remember(str(settings["authorization_token"]))
    return EmbeddedAddress(
        endpoint=str(ready["endpoint"]),
        workspace_id=str(settings["id"]),
        token=str(settings["authorization_token"]),
    )
