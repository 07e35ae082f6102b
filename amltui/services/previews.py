"""Previews: the first rows of a dataset at once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

from amltui.formats import Format, format_of
from amltui.models import Dataset, OutputPort
from amltui.tables import HEAD, Rows, first_rows, hex_rows
from amltui.workspaces.base import Workspace


class Preview:
    """Rows of one dataset as far as they are here; `changes` tells when there are more."""

    def __init__(self, source: Dataset | OutputPort, rows: Rows) -> None:
        self.source = source
        self.rows = rows
        """What can be shown now; another object after a change."""

    async def changes(self) -> AsyncIterator[None]:
        """Once for each time that `rows` changed; ends when nothing more will come."""
        for _ in ():
            yield


async def open_preview(
    connect: Callable[[], Awaitable[Workspace]], source: Dataset | OutputPort
) -> Preview:
    """The first rows of a dataset or an intermediate dataset.

    Raises:
        DatasetGone: it is no longer there.
        Unreadable: the bytes are not what their type says.
    """
    workspace = await connect()
    data = bytearray()
    async with workspace.read(source, stop=HEAD) as content:
        size = content.info.size
        async for chunk in content:
            data += chunk
            if len(data) >= HEAD:
                break
    whole = size is not None and size <= len(data)
    fmt = format_of(source.data_type_id)
    return Preview(source, await asyncio.to_thread(_rows, bytes(data), fmt, whole))


def _rows(data: bytes, fmt: Format, whole: bool) -> Rows:  # noqa: FBT001 - called in a thread
    if fmt.has_rows:
        return first_rows(data, fmt, whole=whole)
    return hex_rows(data, complete=whole)
