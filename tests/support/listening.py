"""A listening socket that leaves no connection behind."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from ssl import SSLContext
from typing import Any, Final

MOMENT: Final = 1.0
"""Seconds that a client has to end a connection that was never made."""
Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Coroutine[Any, Any, None]]


@asynccontextmanager
async def listening(
    serve: Serve, *, limit: int = 2**16, ssl: SSLContext | None = None
) -> AsyncIterator[int]:
    """`serve` each connection to the port that this gives; at the end all are cut.

    A task that is cancelled before its first step runs none of its code: the last connections may
    be unknown to `serve`, so they are closed here. Those in the handshake of TLS are unknown here,
    too, until the client ends them: for that there is a moment.
    """
    tasks: set[asyncio.Task[None]] = set()
    writers: list[asyncio.StreamWriter] = []

    def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.get_running_loop().create_task(serve(reader, writer))
        tasks.add(task)
        task.add_done_callback(tasks.discard)
        writers.append(writer)

    server = await asyncio.start_server(connected, "127.0.0.1", 0, limit=limit, ssl=ssl)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        all_gone = asyncio.ensure_future(server.wait_closed())
        await asyncio.sleep(0)  # after `close` it would not wait
        server.close()
        for _ in range(5):  # what was accepted in this moment becomes a connection
            await asyncio.sleep(0)
        for task in tuple(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for writer in writers:
            writer.transport.abort()
        await asyncio.wait({all_gone}, timeout=MOMENT)  # a transport closes its socket later
        all_gone.cancel()
