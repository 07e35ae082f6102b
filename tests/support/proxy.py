"""A proxy between a client and a real server that does what bad lines and bad hosts do.

`fault_proxy` reads HTTP and asks a rule what to do with each request; it runs in the test's own
event loop. `slow_line` is plain TCP with latency and a rate for each connection, in a process of
its own so that it does not share the client's processor time:

    python -m tests.support.proxy TARGET_PORT --latency 0.05 --rate 20e6
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import ssl
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.listening import listening

ROOT = Path(__file__).parents[2]
CHUNK = 65_536


@dataclass(frozen=True, slots=True)
class Request:
    method: str
    target: str
    headers: dict[str, str]

    @property
    def kind(self) -> str:
        """What the protocol calls it."""
        path = self.target.partition("?")[0]
        if "/blobuploads/" in path:
            return "block"
        if "/resourceuploads/" in path:
            return "begin"
        if path.startswith("/api/"):
            creates = self.method == "POST" and path.endswith("/datasources")
            return "commit" if creates else "api"
        return "content"

    @property
    def range(self) -> tuple[int, int | None] | None:
        value = self.headers.get("range", "").removeprefix("bytes=")
        first, _, last = value.partition("-")
        return (int(first), int(last) + 1 if last else None) if first else None


@dataclass(frozen=True, slots=True)
class Fault:
    """What to do with one request. Counts are of body bytes."""

    answer: tuple[int, dict[str, str], bytes] | None = None
    """Answer this without asking the server."""
    cut_request: int | None = None
    """Drop the connection after that much of the request's body went on."""
    wait: float = 0.0
    """Seconds before the answer, which the server has given, is passed on."""
    until: asyncio.Event | None = None
    """The answer, which the server has given, is passed on after that."""
    lose_answer: bool = False
    """Let the server answer, then drop the connection."""
    cut: int | None = None
    """Drop the connection after that much of the answer's body."""
    stall: int | None = None
    """Send no more after that much of the answer's body, and keep the connection."""
    rate: float | None = None
    """Bytes per second of the answer's body."""
    edit: Callable[[bytes], bytes] | None = None
    """Change the answer's body; its announced length stays."""
    headers: dict[str, str | None] = field(default_factory=dict)
    """Set, or with None remove, headers of the answer."""
    ignore_range: bool = False
    """Ask the server for everything."""


Rule = Callable[[Request], Fault | None]


@dataclass(slots=True)
class FaultProxy:
    port: int = 0
    host: str | None = None
    """What the server is told as the host. None: what the client said."""
    rule: Rule = lambda _: None
    requests: list[Request] = field(default_factory=list)
    content_sent: int = 0
    """Body bytes of contents that went to the client."""
    blocks_received: int = 0
    """Body bytes of blocks that came from the client."""

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    def count(self, kind: str) -> int:
        return sum(request.kind == kind for request in self.requests)


class _Drop(Exception):
    pass


def once(fault: Fault, kind: str = "content", *, skip: int = 0, times: int = 1) -> Rule:
    """A rule: `fault` for `times` requests of `kind` after the first `skip`."""
    seen = 0

    def rule(request: Request) -> Fault | None:
        nonlocal seen
        if request.kind != kind:
            return None
        seen += 1
        return fault if skip < seen <= skip + times else None

    return rule


def always(fault: Fault, kind: str = "content") -> Rule:
    return lambda request: fault if request.kind == kind else None


@contextlib.asynccontextmanager
async def fault_proxy(
    target_port: int,
    rule: Rule | None = None,
    *,
    tls: tuple[Path, Path] | None = None,
    unseen: bool = False,
) -> AsyncIterator[FaultProxy]:
    """The proxy for the block.

    `tls`: files of the certificate and key that both sides speak. `unseen`: the server is told its
    own address as the host, for one that answers to no other.
    """
    proxy = FaultProxy(host=f"127.0.0.1:{target_port}" if unseen else None)
    if rule is not None:
        proxy.rule = rule
    inside = outside = None
    if tls is not None:
        inside = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        inside.load_cert_chain(*tls)
        outside = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        outside.check_hostname, outside.verify_mode = False, ssl.CERT_NONE

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers = [writer]
        try:
            upstream = await asyncio.open_connection(
                "127.0.0.1", target_port, limit=2**20, ssl=outside
            )
            writers.append(upstream[1])
            while True:
                await _exchange(proxy, reader, writer, *upstream)
        except (_Drop, OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            for one in writers:
                one.transport.abort()

    async with listening(serve, limit=2**20, ssl=inside) as proxy.port:
        yield proxy


async def _exchange(
    proxy: FaultProxy,
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    up_reader: asyncio.StreamReader,
    up_writer: asyncio.StreamWriter,
) -> None:
    first, headers = await _head(reader)
    method, target, _ = first.split(" ", 2)
    request = Request(method, target, headers)
    proxy.requests.append(request)
    fault = proxy.rule(request) or Fault()
    length = int(headers.get("content-length", "0"))
    # The client may wait for this before it sends a body, and the proxy for the body.
    if headers.pop("expect", "").lower() == "100-continue":
        writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        await writer.drain()
    if fault.answer is not None:
        await reader.readexactly(length)
        status, extra, body = fault.answer
        _send_head(writer, f"HTTP/1.1 {status} Fault", {**extra, "Content-Length": str(len(body))})
        writer.write(body)
        await writer.drain()
        return
    if proxy.host is not None:
        headers["host"] = proxy.host
    if fault.ignore_range:
        headers = {key: value for key, value in headers.items() if key != "range"}
    _send_head(up_writer, first, headers)
    await _request_body(proxy, request, fault, length, reader, up_writer)
    first, headers = await _head(up_reader)
    if fault.lose_answer:
        raise _Drop
    await _due(fault)
    if headers.get("transfer-encoding") == "chunked":
        del headers["transfer-encoding"]
        up_reader, headers["content-length"] = await _gathered(up_reader)
    for name, value in fault.headers.items():
        headers.pop(name.lower(), None)
        if value is not None:
            headers[name] = value
    _send_head(writer, first, headers)
    if method != "HEAD" and " 304 " not in first and " 204 " not in first:
        length = int(headers.get("content-length", "0"))
        await _answer_body(proxy, request, fault, length, up_reader, writer)
    await writer.drain()


async def _due(fault: Fault) -> None:
    await asyncio.sleep(fault.wait)
    if fault.until is not None:
        await fault.until.wait()


async def _request_body(proxy, request, fault, length, reader, up_writer) -> None:
    passed = 0
    while passed < length:
        data = await reader.read(min(CHUNK, length - passed))
        if not data:
            raise _Drop
        if request.kind == "block":
            proxy.blocks_received += len(data)
        passed += len(data)
        if fault.cut_request is not None and passed > fault.cut_request:
            raise _Drop
        up_writer.write(data)
        await up_writer.drain()


async def _answer_body(proxy, request, fault, length, up_reader, writer) -> None:
    if fault.edit is not None:
        data = fault.edit(await up_reader.readexactly(length))
        writer.write(data)
        await writer.drain()
        if len(data) != length:
            await asyncio.sleep(0.05)  # the bytes first, then the end of the connection
            raise _Drop
        return
    passed = 0
    stops = [at for at in (fault.cut, fault.stall) if at is not None]
    while passed < length:
        wanted = min([CHUNK, length - passed, *(at - passed for at in stops)])
        if wanted == 0:
            await writer.drain()
            if fault.stall is not None:
                await asyncio.sleep(3600)
            raise _Drop
        data = await up_reader.read(wanted)
        if not data:
            raise _Drop
        passed += len(data)
        if request.kind == "content":
            proxy.content_sent += len(data)
        writer.write(data)
        await writer.drain()
        if fault.rate is not None:
            await asyncio.sleep(len(data) / fault.rate)


async def _gathered(reader: asyncio.StreamReader) -> tuple[asyncio.StreamReader, str]:
    """A body that came in chunks as one piece, and its length."""
    data, whole = b"", asyncio.StreamReader(limit=2**20)
    while size := int((await reader.readline()).partition(b";")[0], 16):
        data += await reader.readexactly(size)
        await reader.readline()
    await reader.readline()
    whole.feed_data(data)
    whole.feed_eof()
    return whole, str(len(data))


async def _head(reader: asyncio.StreamReader) -> tuple[str, dict[str, str]]:
    lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    pairs = (line.partition(":") for line in lines[1:] if line)
    return lines[0], {name.strip().lower(): value.strip() for name, _, value in pairs}


def _send_head(writer: asyncio.StreamWriter, first: str, headers: dict[str, str]) -> None:
    lines = [first, *(f"{name}: {value}" for name, value in headers.items()), "", ""]
    writer.write("\r\n".join(lines).encode("latin-1"))


# A slow line


@contextlib.contextmanager
def slow_line(
    target_port: int, *, latency: float = 0.0, rate: float | None = None
) -> Iterator[str]:
    """A line in a process of its own; its endpoint. `latency`: seconds there and back."""
    command = [sys.executable, "-m", "tests.support.proxy", str(target_port)]
    command += ["--latency", str(latency)]
    command += ["--rate", str(rate)] if rate else []
    process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield f"http://127.0.0.1:{int(process.stdout.readline())}/"
    finally:
        process.stdin.close()
        process.kill()
        process.wait()
        process.stdout.close()


async def _flow(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, delay: float, rate: float | None
) -> None:
    """Pass bytes on `delay` seconds later, no faster than `rate`; as many wait as that needs."""
    loop = asyncio.get_running_loop()
    chunk = CHUNK if rate else 4 * CHUNK
    depth = max(16, int((rate or 400e6) * delay / chunk) + 4)
    queue: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(depth)

    async def arrive() -> None:
        while data := await reader.read(chunk):
            await queue.put((loop.time() + delay, data))
        await queue.put((loop.time() + delay, b""))

    arriving = asyncio.ensure_future(arrive())
    free_at = 0.0
    try:
        while True:
            due, data = await queue.get()
            wait = max(due, free_at) - loop.time()
            if wait > 0.001:
                await asyncio.sleep(wait)
            if not data:
                break
            if rate:
                free_at = max(free_at, loop.time() - 0.02) + len(data) / rate
            writer.write(data)
            await writer.drain()
        with contextlib.suppress(OSError):
            writer.write_eof()
    finally:
        arriving.cancel()


async def _line(target_port: int, latency: float, rate: float | None) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(latency)  # the handshake's way there and back
        up_reader, up_writer = await asyncio.open_connection(
            "127.0.0.1", target_port, limit=4 * CHUNK
        )
        try:
            await asyncio.gather(
                _flow(reader, up_writer, latency / 2, rate),
                _flow(up_reader, writer, latency / 2, rate),
            )
        except OSError:
            pass
        finally:
            up_writer.transport.abort()
            writer.transport.abort()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, limit=4 * CHUNK)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    server.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("target_port", type=int)
    parser.add_argument("--latency", type=float, default=0.0)
    parser.add_argument("--rate", type=float, default=None)
    given = parser.parse_args()
    asyncio.run(_line(given.target_port, given.latency, given.rate))
