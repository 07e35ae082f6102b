"""Connections on real sockets: bytes in any pieces, encrypted or not, and hosts that fail."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpcore
import psutil
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from amltui.workspaces.http.network import Backend, NetworkStream, first_of
from tests.support.listening import Serve, listening

DATA = bytes(range(251)) * 4_000
"""1 MB; no power of two is a period of it."""
SIZES = st.lists(st.integers(3_000, 400_000), min_size=1, max_size=6)


@asynccontextmanager
async def connected(serve: Serve, certificate=None) -> AsyncIterator[NetworkStream]:
    """A connection to `serve`, encrypted if there is a certificate."""
    context = None
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*certificate)
    async with listening(serve, ssl=context) as port:
        # Nobody listens at the IPv6 address of this name.
        connection = await Backend().connect_tcp("localhost", port, timeout=60)
        try:
            if certificate is not None:
                trusting = ssl.create_default_context(cafile=certificate[0])
                connection = await connection.start_tls(trusting, "localhost", timeout=60)
            yield connection
        finally:
            await connection.aclose()


@pytest.mark.parametrize("encrypted", [False, True])
@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@given(pieces=SIZES, reads=SIZES, fill=st.booleans())
def test_every_byte_comes_once_and_in_order(certificate, encrypted, pieces, reads, fill):
    async def serve(_reader, writer):
        at = turn = 0
        while at < len(DATA):
            size = pieces[turn % len(pieces)]
            writer.write(DATA[at : at + size])
            at, turn = at + size, turn + 1
            await writer.drain()
        writer.close()
        await writer.wait_closed()

    async def everything() -> bytes:
        got, turn = bytearray(), 0
        async with connected(serve, certificate if encrypted else None) as connection:
            while True:
                most = reads[turn % len(reads)]
                if fill and turn % 3:  # reading and filling may alternate
                    view = memoryview(bytearray(most))
                    piece = view[: await connection.readinto(view, timeout=60)]
                else:
                    piece = await connection.read(most, timeout=60)
                assert len(piece) <= most
                if not piece:
                    return bytes(got)
                got += piece
                turn += 1

    assert asyncio.run(everything()) == DATA


async def test_filling_gives_what_has_come_when_the_host_pauses():
    going_on = asyncio.Event()

    async def serve(_reader, writer):
        writer.write(b"first")
        await going_on.wait()
        writer.write(b"second")
        await asyncio.Event().wait()

    async with connected(serve) as connection:
        view = memoryview(bytearray(100))
        assert bytes(view[: await connection.readinto(view, timeout=60)]) == b"first"
        with pytest.raises(httpcore.ReadTimeout):
            await connection.readinto(view, timeout=0.05)
        going_on.set()
        assert bytes(view[: await connection.readinto(view, timeout=60)]) == b"second"


async def test_what_came_before_a_reset_is_given_and_then_the_error():
    async def serve(reader, writer):
        writer.write(b"first")
        await reader.readexactly(1)
        linger = struct.pack("ii", 1, 0)  # closing is a reset, not an end
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        writer.close()

    async with connected(serve) as connection:
        assert await connection.read(100, timeout=60) == b"first"
        await connection.write(b".", timeout=60)
        with pytest.raises(httpcore.ReadError):
            await connection.readinto(memoryview(bytearray(100)), timeout=60)
        with pytest.raises(httpcore.WriteError):
            await connection.write(b".", timeout=60)


async def test_writing_to_a_host_that_reads_nothing_times_out():
    async def serve(_reader, _writer):
        await asyncio.Event().wait()

    async with connected(serve) as connection:
        with pytest.raises(httpcore.WriteTimeout):
            await connection.write(bytes(64 << 20), timeout=0.1)


async def test_all_that_is_written_arrives():
    async def serve(reader, writer):
        got = await reader.readexactly(len(DATA))
        writer.write(b"same" if got == DATA else b"other")

    async with connected(serve) as connection:
        await connection.write(DATA, timeout=60)
        assert await connection.read(100, timeout=60) == b"same"


async def test_an_idle_connection_that_the_host_closed_is_readable():
    async def serve(reader, writer):
        await reader.readexactly(1)
        writer.close()

    async with connected(serve) as connection:
        assert not connection.get_extra_info("is_readable")
        await connection.write(b".", timeout=60)
        assert await connection.read(1, timeout=60) == b""
        assert connection.get_extra_info("is_readable")


@contextlib.contextmanager
def silent():
    """An address that does not even refuse: its queue is full, so the system drops what comes."""
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(socket.socket())
        server.bind(("127.0.0.1", 0))
        server.listen(0)
        for _ in range(3):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(server.getsockname())
        yield server.getsockname()


async def test_a_host_whose_first_address_is_silent_is_reached_by_the_next():
    async def serve(_reader, writer):
        writer.write(b"here")
        await asyncio.Event().wait()

    async with listening(serve) as port:
        with silent() as dead:
            transport, incoming = await first_of([dead, dead, ("127.0.0.1", port)], None)
            await incoming.wait_readable()
            assert incoming.read(100) == b"here"
            transport.abort()
            await asyncio.sleep(0)


async def test_a_host_that_is_silent_or_refuses_is_said():
    with silent() as (host, port), pytest.raises(httpcore.ConnectTimeout):
        await Backend().connect_tcp(host, port, timeout=0.4)
    with pytest.raises(httpcore.ConnectError):
        await Backend().connect_tcp("127.0.0.1", 9, timeout=60)
    for name in ("nowhere.invalid", "a" * 70 + ".invalid"):
        with pytest.raises(httpcore.ConnectError):
            await Backend().connect_tcp(name, 9, timeout=60)


@pytest.mark.parametrize("turns", range(12))
async def test_giving_up_while_connecting_leaves_no_socket_open(turns):
    async def serve(_reader, _writer):
        await asyncio.Event().wait()

    async with listening(serve) as port:
        connecting = asyncio.create_task(Backend().connect_tcp("127.0.0.1", port, timeout=60))
        for _ in range(turns):
            await asyncio.sleep(0)
        connecting.cancel()
        (made,) = await asyncio.gather(connecting, return_exceptions=True)
        if not isinstance(made, BaseException):
            await made.aclose()
        await asyncio.sleep(0)
        ours = [c for c in psutil.Process().net_connections() if c.raddr and c.raddr.port == port]
        assert ours == []
