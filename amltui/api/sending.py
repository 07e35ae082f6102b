"""What old code hands over to be uploaded, as the transfers read it."""

from __future__ import annotations

import io
import os
import stat
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Protocol, TypeAlias

from amltui.api.progress import Progress
from amltui.api.threads import apart
from amltui.errors import LocalError
from amltui.text import visible

if TYPE_CHECKING:
    from amltui.models import Dataset
    from amltui.workspaces.base import Workspace


class BinaryReader(Protocol):
    """A binary file object, as far as it is needed here."""

    def read(self, size: int = -1, /) -> bytes:
        """At most `size` bytes; none at the end."""


RawData: TypeAlias = str | bytes | bytearray | memoryview | os.PathLike[str] | BinaryReader
"""What can be uploaded: text (as UTF-8), bytes, a path, or a binary file from where it stands."""


class RawSource:
    """Bytes of known size to read once, in order; an `UploadSource`."""

    repeatable = False
    mtime_ns = 0

    def __init__(self, raw_data: RawData) -> None:
        self.size = 0
        self.filename = Path(raw_data).name if isinstance(raw_data, os.PathLike) else ""
        self._raw = raw_data
        self._next: Callable[[int], Any] = bytes
        self._stack = ExitStack()

    async def open(self) -> None:
        """Find out the size.

        Raises:
            TypeError: it is nothing that can be uploaded.
            LocalError: the file cannot be read.
        """
        await apart(self._open)

    async def read(self, start: int, count: int) -> bytes:
        """The next `count` bytes, fewer only at the end."""
        del start
        return await apart(partial(self._block, count))

    async def unchanged(self) -> bool:
        """Nobody can tell, for bytes that were read once."""
        return True

    async def close(self) -> None:
        """Close what `open` opened; the caller's file stays open."""
        self._stack.close()

    def _open(self) -> None:
        raw = self._raw
        if isinstance(raw, str):  # as the old client sent it; a path is a pathlib.Path
            raw = raw.encode()
        if isinstance(raw, bytes | bytearray | memoryview):
            view = memoryview(raw).cast("B")
            self.size, self._next = len(view), _slices(view)
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
        self.size, self._next = self._sized(raw)

    def _block(self, size: int) -> bytes:
        pieces = []
        while size > 0 and (piece := self._next(size)):
            pieces.append(piece)
            size -= len(piece)
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def _sized(self, file: Any) -> tuple[int, Callable[[int], Any]]:
        if isinstance(file, io.TextIOBase):
            raise TypeError("The file is open for text; open it with mode 'rb'.")
        size = _rest_of(file)
        if size is not None:
            return size, file.read
        # Every part says how many there are, so the size is needed first.
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
    workspace: Workspace,
    raw_data: RawData,
    *,
    name: str,
    data_type_id: str,
    description: str,
    replaces: str | None = None,
    progress: Progress | None = None,
) -> Dataset:
    """Make `raw_data` a dataset, or the latest version of the one with the key `replaces`.

    See `transfers.sending`.

    Raises:
        Conflict: another dataset has this name.
        LocalError: the file cannot be read.
    """
    from amltui.transfers.content_stream import ALONE
    from amltui.transfers.uploader import send as upload

    return await upload(
        workspace,
        RawSource(raw_data),
        ALONE,
        name=name,
        data_type_id=data_type_id,
        description=description,
        replaces=replaces,
        progress=progress,
    )


def spooled() -> IO[bytes]:
    """A file for what is serialised before it is sent: in memory while small, then on disk."""
    return tempfile.SpooledTemporaryFile(max_size=16 << 20)
