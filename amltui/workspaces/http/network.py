"""Connections for the HTTP client: what comes goes straight into the memory that wants it.

httpcore takes the network behind its `AsyncNetworkBackend`. Its own one wakes a task, sets a timer
and copies for each 64 to 256 KiB of a body, which costs more than receiving them does.
"""

from __future__ import annotations

import asyncio
import errno
import itertools
import select
import socket
import ssl
import typing
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any, Final

import anyio
import httpcore

_OWN: Final = 128 * 1024
"""Bytes that wait in a connection until somebody reads."""
_PIECE: Final = 256 * 1024
"""Bytes handed to the system at once; what it does not take is copied."""
_GATHER: Final = 0.02
"""Seconds that `readinto` waits for its memory to fill up, once something came."""
_SECOND_ADDRESS: Final = 0.25
"""Seconds after which a host's next address is tried too (RFC 8305)."""


class Backend(httpcore.AsyncNetworkBackend):
    """Makes connections on the running asyncio loop."""

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Connect.

        Raises:
            ConnectTimeout, ConnectError: of httpcore.
        """
        local = None if local_address is None else (local_address, 0)
        async with _failing_as(httpcore.ConnectTimeout, httpcore.ConnectError, timeout):
            transport, incoming = await first_of(await _addresses(host, port), local)
        raw = transport.get_extra_info("socket")
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for option in socket_options or ():
            raw.setsockopt(*option)
        return NetworkStream(transport, incoming)

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await asyncio.sleep(seconds)


async def _addresses(host: str, port: int) -> list[tuple[str, int]]:
    """The host's addresses, families in turn (RFC 8305)."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    families: dict[int, list[tuple[str, int]]] = {}
    for family, _, _, _, address in found:
        families.setdefault(family, []).append((str(address[0]), int(address[1])))
    in_turn = itertools.zip_longest(*families.values())
    return [address for group in in_turn for address in group if address is not None]


async def first_of(
    addresses: list[tuple[str, int]], local: tuple[str, int] | None
) -> tuple[asyncio.Transport, _Incoming]:
    """The connection that is there first; the others are given up.

    asyncio would do it too, but Python 3.11 leaves the socket open when it is cancelled.
    """
    loop = asyncio.get_running_loop()
    made: list[tuple[asyncio.Transport, _Incoming]] = []
    errors: list[OSError] = []

    async def attempt(address: tuple[str, int], failed: asyncio.Event) -> None:
        try:
            made.append(await loop.create_connection(_Incoming, *address, local_addr=local))
            group.cancel_scope.cancel()
        except OSError as error:
            errors.append(error)
            failed.set()

    try:
        async with anyio.create_task_group() as group:
            for address in addresses:
                failed = asyncio.Event()
                group.start_soon(attempt, address, failed)
                with anyio.move_on_after(_SECOND_ADDRESS):
                    await failed.wait()
        if not made:
            raise errors[0]
        return made.pop(0)
    finally:
        for transport, _ in made:
            transport.abort()


class NetworkStream(httpcore.AsyncNetworkStream):
    """One connection. Reads and writes are never done twice at once, each."""

    def __init__(self, transport: asyncio.Transport, incoming: _Incoming) -> None:
        self._transport = transport
        self._incoming = incoming

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """What has come, at least one byte; empty at the end.

        Raises:
            ReadTimeout, ReadError: of httpcore.
        """
        async with _failing_as(httpcore.ReadTimeout, httpcore.ReadError, timeout):
            await self._incoming.wait_readable()
        return self._incoming.read(max_bytes)

    async def readinto(self, view: memoryview, timeout: float | None = None) -> int:
        """Fill `view`, or as much of it as comes within some milliseconds; 0 only at the end.

        Raises:
            ReadTimeout, ReadError: of httpcore.
        """
        async with _failing_as(httpcore.ReadTimeout, httpcore.ReadError, timeout):
            return await self._incoming.readinto(view)

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Send all of `buffer`.

        Raises:
            WriteTimeout, WriteError: of httpcore.
        """
        view = memoryview(buffer)
        async with _failing_as(httpcore.WriteTimeout, httpcore.WriteError, timeout):
            for start in range(0, len(view), _PIECE):
                self._incoming.check()
                self._transport.write(view[start : start + _PIECE])
                await self._incoming.drained()

    async def aclose(self) -> None:
        """Close it at once: nobody waits for what is still on its way, here or there."""
        self._transport.abort()
        await asyncio.sleep(0)  # the loop closes the socket in its next turn

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """The same connection, encrypted.

        Raises:
            ConnectTimeout, ConnectError: of httpcore; the connection is closed.
        """
        try:
            async with _failing_as(httpcore.ConnectTimeout, httpcore.ConnectError, timeout):
                transport = await self._encrypted(ssl_context, server_hostname)
        except BaseException:
            self._transport.abort()
            raise
        assert transport is not None
        self._incoming.connection_made(transport)
        return NetworkStream(transport, self._incoming)

    async def _encrypted(
        self, context: ssl.SSLContext, hostname: str | None
    ) -> asyncio.Transport | None:
        try:
            return await asyncio.get_running_loop().start_tls(
                self._transport,
                self._incoming,
                context,
                server_hostname=hostname,
                ssl_shutdown_timeout=1,
            )
        except ConnectionError:
            raise OSError("the other side ended the connection instead of encrypting it") from None

    def get_extra_info(self, info: str) -> Any:
        """What httpcore asks of a connection; None where it is not known."""
        if info == "is_readable":
            return self._incoming.readable or _readable(self._transport)
        names = {"client_addr": "sockname", "server_addr": "peername"}
        return self._transport.get_extra_info(names.get(info, info))


class _Incoming(asyncio.BufferedProtocol):
    """What comes in: into memory that is waiting for it, else into a little of its own."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._own = memoryview(bytearray(_OWN))
        self._start = self._stop = 0
        self._target: memoryview | None = None
        self._filled = 0
        self._paused = False
        self._end = False
        self._error: Exception | None = None
        self._came = asyncio.Event()
        self._drained = asyncio.Event()
        self._drained.set()

    @property
    def readable(self) -> bool:
        """Whether a read would not wait."""
        return self._stop > self._start or self._end

    async def wait_readable(self) -> None:
        """Wait until there is something to take, or nothing more will come.

        Raises:
            OSError: the connection broke.
        """
        while not self.readable:
            self._came.clear()
            await self._came.wait()
        if self._stop == self._start and self._error is not None:
            raise _broken(self._error)

    def read(self, most: int) -> bytes:
        """The next bytes, at most `most`; empty when there are none."""
        stop = min(self._stop, self._start + most)
        data = bytes(self._own[self._start : stop])
        self._start = stop
        self._go_on()
        return data

    async def readinto(self, view: memoryview) -> int:
        """Fill `view`; less at the end, and where nothing comes for a moment."""
        held = self.read(len(view))
        view[: len(held)] = held
        if len(held) == len(view) or self._end:
            if not held:
                await self.wait_readable()
            return len(held)
        self._target, self._filled = view, len(held)
        try:
            self._go_on()
            while self._filled == 0 and not self._end:
                await self._news()
            if self._filled < len(view) and not self._end:
                timer = asyncio.get_running_loop().call_later(_GATHER, self._came.set)
                try:
                    await self._news()
                finally:
                    timer.cancel()
            if self._filled == 0 and self._error is not None:
                raise _broken(self._error)
            return self._filled
        finally:
            self._target = None

    async def _news(self) -> None:
        self._came.clear()
        await self._came.wait()

    def check(self) -> None:
        """See that the connection is there.

        Raises:
            OSError: it is not.
        """
        if self._error is not None or self._transport is None or self._transport.is_closing():
            raise _broken(self._error)

    async def drained(self) -> None:
        """Wait until the system took most of what was written.

        Raises:
            OSError: the connection broke.
        """
        await self._drained.wait()
        if self._error is not None:
            raise _broken(self._error)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = typing.cast("asyncio.Transport", transport)

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002 - asyncio's signature
        if self._target is not None:
            return self._target[self._filled :]
        return self._own[self._stop :]

    def buffer_updated(self, nbytes: int) -> None:
        if self._target is None:
            self._stop += nbytes
            if self._stop == len(self._own):
                self._pause()
            self._came.set()
            return
        first = self._filled == 0
        self._filled += nbytes
        if self._filled == len(self._target):
            self._target = None
            self._came.set()
        elif first:
            self._came.set()

    def _pause(self) -> None:
        if not self._paused and self._transport is not None:
            self._paused = True
            self._transport.pause_reading()

    def _go_on(self) -> None:
        if self._start == self._stop:
            self._start = self._stop = 0
            if self._paused and self._transport is not None:
                self._paused = False
                self._transport.resume_reading()

    def eof_received(self) -> bool:
        self._end = True
        self._came.set()
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        self._end = True
        self._error = exc
        self._came.set()
        self._drained.set()

    def pause_writing(self) -> None:
        self._drained.clear()

    def resume_writing(self) -> None:
        self._drained.set()


@asynccontextmanager
async def _failing_as(
    late: type[Exception], failed: type[Exception], timeout: float | None
) -> AsyncIterator[None]:
    try:
        async with asyncio.timeout(timeout):
            yield
    except TimeoutError as error:
        if timeout is None or error.errno is not None:  # the system's own patience
            raise failed(cause(error)) from error
        raise late(f"nothing happened for {timeout:g} s") from error
    except (OSError, UnicodeError) as error:  # the latter for a name that cannot be one
        raise failed(cause(error)) from error


_CAUSES: Final = {
    errno.ECONNREFUSED: "the connection was refused: nobody listens there",
    errno.ECONNRESET: "the other side reset the connection",
    errno.EPIPE: "the other side closed the connection",
    errno.ECONNABORTED: "the connection was aborted",
    errno.ENOTCONN: "the connection is closed",
    errno.EBADF: "the connection is closed",
    errno.ESHUTDOWN: "the connection is closed",
    errno.ETIMEDOUT: "nothing answered",
    errno.EHOSTUNREACH: "there is no way to this host",
    errno.EHOSTDOWN: "the host is down",
    errno.ENETUNREACH: "there is no way to this network",
    errno.ENETDOWN: "the network is down",
    errno.EMFILE: "this process has too many files open",
    errno.ENFILE: "this machine has too many files open",
    errno.EADDRNOTAVAIL: "this machine has no address or port left for it",
    errno.EACCES: "this machine does not allow it",
    errno.EPERM: "this machine does not allow it",
}


def cause(error: OSError | UnicodeError) -> str:
    """Why a connection failed, in words and without numbers of the system."""
    if isinstance(error, UnicodeError):
        return "a host cannot have this name"
    if isinstance(error, socket.gaierror):
        if error.errno == socket.EAI_AGAIN:
            return "the host's name cannot be looked up now"
        return "there is no host of this name"
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"certificate not accepted: {error.verify_message}"
    if isinstance(error, ssl.SSLError):
        return f"SSL: {(error.reason or str(error)).replace('_', ' ').lower()}"
    return _CAUSES.get(error.errno or 0) or error.strerror or str(error) or "it broke"


def _broken(error: Exception | None) -> OSError:
    """A new error for each who meets the end of a connection, by what ended it."""
    if isinstance(error, OSError):
        return OSError(cause(error))
    return OSError(str(error) if error else "the connection is closed")


def _readable(transport: asyncio.Transport) -> bool:
    """Whether the other side sent or closed what the loop has not seen yet."""
    descriptor = transport.get_extra_info("socket").fileno()
    if descriptor < 0:
        return True
    if not hasattr(select, "poll"):  # Windows, where any descriptor will do
        return bool(select.select([descriptor], [], [], 0)[0])
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    return bool(poll.poll(0))
