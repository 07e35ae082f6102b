"""Sending contents: blocks in parallel, then the commit that makes them a dataset."""

from __future__ import annotations

import asyncio
import io
import os
import stat
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final, Protocol, TypeAlias

from amltui.api.threads import apart
from amltui.errors import LocalError, Unreachable
from amltui.text import visible

if TYPE_CHECKING:
    from amltui.workspaces.base import Upload
    from amltui.workspaces.base import Workspace as Base

BLOCK: Final = 4 << 20
"""Bytes of a block: the size that Studio's own web front end used."""
_AT_ONCE: Final = 6
"""Blocks on their way at one time: what hides the latency of a distant server."""
_MOST_BLOCKS: Final = 10_000


class BinaryReader(Protocol):
    """A binary file object, as far as it is needed here."""

    def read(self, size: int = -1, /) -> bytes:
        """At most `size` bytes; none at the end."""


RawData: TypeAlias = str | bytes | bytearray | memoryview | os.PathLike[str] | BinaryReader
"""What can be uploaded: text (as UTF-8), bytes, a path, or a binary file from where it stands."""


class Source:
    """Bytes of known size to read once, in order, from a worker thread."""

    def __init__(self, raw_data: RawData) -> None:
        self.size = 0
        self._raw = raw_data
        self._read: Callable[[int], Any] = bytes
        self._stack = ExitStack()

    def open(self) -> None:
        """Find out the size.

        Raises:
            TypeError: it is nothing that can be uploaded.
            LocalError: the file cannot be read.
        """
        raw = self._raw
        if isinstance(raw, str):  # as the old client sent it; a path is a pathlib.Path
            raw = raw.encode()
        if isinstance(raw, bytes | bytearray | memoryview):
            view = memoryview(raw).cast("B")
            self.size, self._read = len(view), _slices(view)
            return
        if isinstance(raw, os.PathLike):
            path = Path(raw)
            try:
                raw = self._stack.enter_context(path.open("rb"))
            except OSError as error:
                raise LocalError(
                    f"{visible(str(path))} cannot be read: {error.strerror}"
                ) from error
        elif not hasattr(raw, "read"):
            raise TypeError(f"Bytes, a binary file or a path is needed, not {type(raw).__name__}.")
        self.size, self._read = self._sized(raw)

    def block(self, size: int) -> bytes:
        """The next `size` bytes, fewer only at the end."""
        pieces = []
        while size > 0 and (piece := self._read(size)):
            pieces.append(piece)
            size -= len(piece)
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def close(self) -> None:
        """Close what `open` opened; the caller's file stays open."""
        self._stack.close()

    def _sized(self, file: Any) -> tuple[int, Callable[[int], Any]]:
        if isinstance(file, io.TextIOBase):
            raise TypeError("The file is open for text; open it with mode 'rb'.")
        size = _rest_of(file)
        if size is not None:
            return size, file.read
        # Every block says how many there are, so the size is needed first.
        spool = self._stack.enter_context(spooled())
        while piece := file.read(1 << 20):
            spool.write(piece)
        size = spool.tell()
        spool.seek(0)
        return size, spool.read


def _slices(view: memoryview) -> Callable[[int], bytes]:
    at = 0

    def read(size: int) -> bytes:
        nonlocal at
        piece = bytes(view[at : at + size])
        at += len(piece)
        return piece

    return read


def _rest_of(file: Any) -> int | None:
    """Bytes from where a file stands to its end; None: it cannot say."""
    try:
        mode = os.fstat(file.fileno()).st_mode
        if not (stat.S_ISREG(mode) or stat.S_ISBLK(mode)):
            return None
    except (AttributeError, OSError):
        pass
    try:
        here = file.tell()
        end = file.seek(0, os.SEEK_END)
        file.seek(here)
    except (AttributeError, OSError, ValueError):
        return None
    return max(0, end - here) if isinstance(end, int) else None


async def send(
    workspace: Base,
    raw_data: RawData,
    *,
    name: str,
    data_type_id: str,
    description: str,
    replaces: str | None = None,
) -> str:
    """Make `raw_data` a dataset, or the latest version of the one with the key `replaces`; its id.

    At most `_AT_ONCE` blocks are in memory. Nothing appears in the workspace before the end.

    Raises:
        Conflict: another dataset has this name.
        LocalError: the file cannot be read, or shrank meanwhile.
    """
    source = Source(raw_data)
    try:
        await apart(source.open)
        filename = Path(raw_data).name if isinstance(raw_data, os.PathLike) else ""
        upload = await workspace.begin_upload(data_type_id, name=name)
        await _send_parts(workspace, upload, source)
    finally:
        source.close()
    try:
        return await workspace.commit(
            upload, name=name, description=description, replaces=replaces, filename=filename
        )
    except Unreachable as error:
        done = await _committed(workspace, upload) if error.sent else None
        if done is None:
            raise
        return done


async def _send_parts(workspace: Base, upload: Upload, source: Source) -> None:
    block_size = max(BLOCK, -(-source.size // _MOST_BLOCKS))
    total = -(-source.size // block_size)
    numbers = iter(range(total))
    reading = asyncio.Lock()

    async def worker() -> None:
        while True:
            async with reading:
                number = next(numbers, None)
                if number is None:
                    return
                wanted = min(block_size, source.size - number * block_size)
                data = await apart(partial(source.block, wanted))
            if len(data) != wanted:
                raise LocalError("The file became shorter while it was uploaded.")
            await workspace.send_part(upload, number, data, total=total)

    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(min(_AT_ONCE, total)):
                group.create_task(worker())
    except BaseExceptionGroup as errors:
        # Workers fail together when the server does: one of the errors says it all.
        raise errors.exceptions[0] from None


async def _committed(workspace: Base, upload: Upload) -> str | None:
    """The id of what a commit made whose answer was lost; None: it made nothing."""
    listing = await workspace.datasets()
    datasets = listing.datasets if listing is not None else ()
    return next((d.id for d in datasets if d.resource_upload_id == upload.id), None)


def spooled() -> IO[bytes]:
    """A file for what is serialised before it is sent: in memory while small, then on disk."""
    return tempfile.SpooledTemporaryFile(max_size=16 << 20)
