"""Running the ingest worker and listening to it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from subprocess import PIPE
from typing import Any

import anyio
from anyio.abc import ByteReceiveStream, Process

from amltui import errors
from amltui.config.children import child_command, child_environment
from amltui.formats.registry import Format
from amltui.tables.ingest_progress import IngestProgress
from amltui.tables.table_state import remove


async def ingest_in_process(
    source: Path,
    fmt: Format,
    directory: Path,
    *,
    available: AsyncIterator[int] | None = None,
    on_progress: Callable[[IngestProgress], None] = lambda _progress: None,
    sheet: str | None = None,
    part: int | None = None,
) -> IngestProgress:
    """Write a table of a file's rows in another process. Cancel it like any task.

    The table can be opened (`open_table`) from the first call of `on_progress` on; `refresh` it
    at each call. When this fails or is cancelled, what was written is removed.

    Args:
        source: the file; it may still be growing.
        fmt: a format that has rows.
        directory: where to write; made if missing, and should hold nothing else.
        available: how many of the file's first bytes are there, as that becomes known; its end
            says that the file is whole. None: it is whole already.
        sheet: which table of the file, where it has several. None: the first.
        part: see `ingest`; without `available`.
        on_progress: called in this task at most every 50 ms in each stage.

    Raises:
        Unreadable: the bytes are not what the format says.
        UnsupportedDataType: the format has no rows.
        DiskFull: no space is left for the table.
        LocalError: the file cannot be read, or the worker died.
    """
    if not fmt.has_rows:
        raise errors.UnsupportedDataType(fmt.data_type_id)
    command = child_command("amltui.tables.worker", str(source), fmt.data_type_id, str(directory))
    if fmt.dialect is not None:
        command.append(f"--dialect={fmt.dialect.to_text()}")
    if available is not None:
        command.append("--follow")
    if part is not None:
        command.append(f"--part={part}")
    if sheet is not None:
        command.append(f"--sheet={sheet}")
    done = False
    try:
        async with await anyio.open_process(
            command,
            stdin=PIPE,
            stdout=PIPE,
            stderr=PIPE,
            env=child_environment(),
            start_new_session=True,
        ) as process:
            progress = await _attend(process, available, on_progress)
            done = True
            return progress
    finally:
        if not done:
            with anyio.CancelScope(shield=True):
                await anyio.to_thread.run_sync(remove, directory)


async def _attend(
    process: Process,
    available: AsyncIterator[int] | None,
    on_progress: Callable[[IngestProgress], None],
) -> IngestProgress:
    last: dict[str, Any] = {}
    complaint = bytearray()
    assert process.stdout is not None
    assert process.stderr is not None
    try:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(_collect, process.stderr, complaint)
            if available is not None:
                tasks.start_soon(_tell, process, available)
            async for last in _lines(process.stdout):
                if "error" not in last:
                    on_progress(IngestProgress(**last))
            await process.wait()
            tasks.cancel_scope.cancel()
    except* errors.AmltuiError as group:
        # The source failed: its own error says more than the group that wraps it.
        raise group.exceptions[0] from None
    finally:
        if process.returncode is None:
            process.kill()
    if "error" in last:
        raise _error(last)
    if process.returncode or last.get("stage") != "done":
        tail = bytes(complaint[-400:]).decode("utf-8", "replace").strip().rpartition("\n")[2]
        raise errors.LocalError(
            f"The process that reads the data ended with code {process.returncode}: {tail}"
        )
    return IngestProgress(**last)


async def _tell(process: Process, available: AsyncIterator[int]) -> None:
    assert process.stdin is not None
    try:
        async for count in available:
            await process.stdin.send(b"%d\n" % count)
        await process.stdin.send(b"end\n")
    except (BrokenPipeError, anyio.BrokenResourceError, anyio.ClosedResourceError):
        return  # it ended; its last line says why


async def _collect(stream: ByteReceiveStream, into: bytearray) -> None:
    async for data in stream:
        into += data
        del into[:-4096]


async def _lines(stream: ByteReceiveStream) -> AsyncIterator[dict[str, Any]]:
    rest = b""
    async for data in stream:
        *lines, rest = (rest + data).split(b"\n")
        for line in lines:
            yield json.loads(line)


def _error(line: dict[str, Any]) -> errors.AmltuiError:
    name, message, hint = line["error"], line["message"], line["hint"] or None
    if name == "UnsupportedDataType":
        return errors.UnsupportedDataType(message, hint=hint)
    kind = getattr(errors, name, None)
    if not (isinstance(kind, type) and issubclass(kind, errors.AmltuiError)):
        kind = errors.LocalError
    return kind(message, hint=hint)
