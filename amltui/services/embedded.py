"""The embedded workspace: the workspace server as a child of this process.

The child lives as long as its standard input stays open, so it also ends when this process is
killed. Each process has a child of its own, on a port that the system chose; all work on one
data directory, so two programs at once see one workspace.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from amltui.config.children import child_command, child_environment
from amltui.config.paths import local_key
from amltui.errors import AmltuiError, LocalError
from amltui.redact import remember

START_SECONDS: Final = 60
"""A first start seeds the samples, on a slow disk."""
STOP_SECONDS: Final = 10
"""What a child that is not killed gets to finish its requests."""
LOG_LIMIT: Final = 1 << 20
"""Bytes after which the log is begun anew."""


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
        self._process: asyncio.subprocess.Process | None = None

    @property
    def key(self) -> str:
        """What names this workspace in caches: its directory, for its port changes."""
        return local_key(self.data)

    @property
    def running(self) -> bool:
        """Whether the child was started and has not ended."""
        return self._process is not None and self._process.returncode is None

    @property
    def log(self) -> Path:
        """Where the child writes what goes wrong; no secrets in it."""
        return self.data / "server.log"

    async def start(self) -> EmbeddedAddress:
        """Start the child and wait until it answers.

        Raises:
            LocalError: the data directory cannot be written.
            AmltuiError: the child ended, or said nothing for `START_SECONDS`.
        """
        process = await self._spawn()
        self._process = process
        assert process.stdout is not None
        try:
            async with asyncio.timeout(START_SECONDS):
                line = await process.stdout.readline()
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
        """End the child gracefully: it finishes what it has begun to answer."""
        process, self._process = self._process, None
        if process is None or process.returncode is not None:
            return
        assert process.stdin is not None
        process.stdin.close()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(STOP_SECONDS):
                await process.wait()
                return
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()

    async def _spawn(self) -> asyncio.subprocess.Process:
        try:
            log = await asyncio.to_thread(self._open_log)
        except OSError as error:
            raise LocalError(
                f"The local workspace cannot write to {self.data}: {error.strerror}.",
                hint="Set AMLTUI_DATA_DIR to a directory that you can write to.",
            ) from error
        with log:
            return await asyncio.create_subprocess_exec(
                *child_command("amltui", "serve", "--embedded", "--data", str(self.data)),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
                env=child_environment(),
                # Ctrl-C in the terminal is for us; we then end the child in order.
                start_new_session=True,
            )

    def _open_log(self) -> Any:
        self.data.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(self.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        log = os.fdopen(descriptor, "ab")
        if log.tell() > LOG_LIMIT:
            log.truncate(0)
        return log

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
