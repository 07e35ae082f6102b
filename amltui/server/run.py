"""`amltui serve`: one process that answers until it is told to stop."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import ipaddress
import json
import os
import signal
import socket
import sys
import threading
from typing import Any, Final
from urllib.parse import urlsplit

from amltui.server import connections, janitor, log, settings, slices, startup
from amltui.server.app import Application
from amltui.server.http_errors import StartError
from amltui.server.options import ServeOptions
from amltui.server.rsgi import RSGIAdapter
from amltui.server.state import ServerState, Watcher

__all__ = ["ServeOptions", "serve"]

_BUFFER: Final = 64 << 10
"""Bytes of a connection's buffer, so also of a request's head at most. Small, because a download
fills it many times before another request gets its turn; not smaller, because an upload costs one
step of Python for each of them."""
_SENDERS: Final = 4
"""Threads that share all connections. Beside 64 downloads a metadata call waits for 10 ms of the
work of one that is alone, and for 1 ms where there are four; eight are as four."""
_READERS: Final = 1
"""Threads that read files for the downloads of one sender. More of them only take turns on the
processor and keep all else from it."""
_SILENCE: Final = 1.0
"""Seconds that a stop may take before it says what it waits for."""
_EMBEDDED_DRAIN: Final = 2.0
"""Seconds that an embedded server waits for transfers: its only client is gone."""


def serve(options: ServeOptions) -> int:
    """Serve until a signal, or the end of stdin when embedded; the exit code."""
    os.umask(0o077)
    try:
        check(options)
        asyncio.run(_serve(options))
    except StartError as error:
        sys.stderr.write(f"amltui serve: {error}\n")
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def check(options: ServeOptions) -> None:
    """Refuse options that would expose the workspace or cannot work.

    Raises:
        StartError: the text says which, and what to do.
    """
    if (options.tls_cert is None) != (options.tls_key is None):
        raise StartError("TLS needs both a certificate and a key.")
    for file in (options.tls_cert, options.tls_key):
        if file is not None and not file.is_file():
            raise StartError(f"There is no file {file}.")
    address = urlsplit(options.public_url or "http://_")
    if address.scheme not in {"http", "https"} or not address.netloc or address.query:
        raise StartError(
            f"{options.public_url} is no address that clients could use: write it as "
            "https://datasets.example.org/ or with a path at its end."
        )
    for proxy in options.proxies:
        try:
            ipaddress.ip_network(proxy, strict=False)
        except ValueError:
            raise StartError(
                f"{proxy} is no address of a proxy: write 192.0.2.1 or 192.0.2.0/24."
            ) from None
    if options.tls_cert is None and not options.insecure and not is_loopback(options.host):
        raise StartError(
            f"{options.host} can be reached from other machines, and without TLS everybody on "
            "the way reads tokens and data. Give --tls-cert and --tls-key, or --insecure where "
            "something in front of this server speaks TLS."
        )


def is_loopback(host: str) -> bool:
    """Whether an address to listen on is this machine's own only."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


async def _serve(options: ServeOptions) -> None:
    reserved = _reserve(options)
    with reserved:
        port = reserved.getsockname()[1]
        endpoint = _endpoint(options, port)
        startup.make_directory(options.data)
        log_file = options.log or (options.data / "server.log" if options.embedded else None)
        log.configure(log_file, access=not options.embedded)
        async with (
            startup.open_state(options, endpoint) as state,
            contextlib.AsyncExitStack() as stack,
        ):
            if options.metrics is not None:
                state.watcher = stack.enter_context(_metrics(state, options.metrics))
            app = Application(state)
            most = connections.limit()
            server = _granian(options, app, port, most)
            stop = asyncio.Event()
            _stop_on_signals(stop)
            running = asyncio.create_task(server.serve())
            await _accepting(running, reserved)
            slices.shorten()
            log.event("started", endpoint=endpoint)
            _announce(options, endpoint, state.workspace_id)
            if options.embedded:
                _stop_at_end_of_input(stop)
            gc.freeze()  # what is there now is there to stay: to look through it takes 40 ms
            gc.enable()  # `serve_embedded` starts without it
            watching = asyncio.create_task(connections.watch(port, most))
            cleaning = asyncio.create_task(janitor.run(state))
            auditing = asyncio.create_task(state.audit.run())
            await _first(running, stop)
            cleaning.cancel()
            watching.cancel()
            auditing.cancel()
            await app.statistics.stop()
            stop.clear()
            state.stopping.set()
            server.stop()
            drain = _EMBEDDED_DRAIN if options.embedded else options.drain
            asyncio.get_running_loop().call_later(_SILENCE, _say_what_for, drain)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(drain):
                    await _first(running, stop)
            await state.audit.write()
            log.event("stopped")


def _metrics(state: ServerState, address: str) -> contextlib.AbstractContextManager[Watcher]:
    try:
        from amltui.server import metrics
    except ModuleNotFoundError:
        raise StartError("Metrics need more: pip install 'amltui[metrics]'.") from None
    return metrics.serving(state, address)


async def _first(running: asyncio.Task[None], stop: asyncio.Event) -> None:
    """Wait for the server's end or for a signal, whichever comes first."""
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait({running, stopping}, return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()


def _reserve(options: ServeOptions) -> socket.socket:
    """A bound socket that keeps the port ours until the server listens on it too.

    The server binds with SO_REUSEPORT, which would share a port with another server of the same
    user in silence: an exclusive bind first tells that it is taken.
    """
    family = socket.AF_INET6 if ":" in options.host else socket.AF_INET
    host = "127.0.0.1" if options.host == "localhost" else options.host
    try:
        if options.port:
            with socket.socket(family, socket.SOCK_STREAM) as alone:
                alone.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                alone.bind((host, options.port))
                alone.listen(1)
        reserved = socket.socket(family, socket.SOCK_STREAM)
        reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        reserved.bind((host, options.port))
    except OSError as error:
        raise StartError(
            f"{options.host}:{options.port} cannot be listened on: {error.strerror}"
        ) from None
    return reserved


def _endpoint(options: ServeOptions, port: int) -> str:
    if options.public_url:
        return options.public_url.rstrip("/") + "/"
    scheme = "https" if options.tls_cert else "http"
    host = options.host
    if host in {"0.0.0.0", "::"}:  # noqa: S104 - compared, not bound
        host = socket.gethostname()
    return f"{scheme}://{f'[{host}]' if ':' in host else host}:{port}/"


def _granian(options: ServeOptions, app: Application, port: int, most: int) -> Any:
    from granian.constants import HTTPModes, Interfaces, SSLProtocols
    from granian.http import HTTP1Settings
    from granian.server.embed import Server

    server = Server(
        RSGIAdapter(app, options.idle_timeout),
        address="127.0.0.1" if options.host == "localhost" else options.host,
        port=port,
        interface=Interfaces.RSGI,
        http=HTTPModes.http1,  # where it must find out which one, a silent client stays for ever
        websockets=False,
        backlog=1024,
        backpressure=most // _SENDERS,
        log_enabled=False,
        runtime_blocking_threads=_READERS,
        http1_settings=HTTP1Settings(
            max_buffer_size=_BUFFER, header_read_timeout=int(options.idle_timeout * 1000)
        ),
        ssl_cert=options.tls_cert,
        ssl_key=options.tls_key,
        ssl_protocol_min=SSLProtocols.tls12,  # what old clients speak
    )
    server.workers = _SENDERS  # no argument says it: elsewhere workers are processes
    return server


async def _accepting(running: asyncio.Task[None], reserved: socket.socket) -> None:
    """Wait until connections are accepted; the reserved socket itself never listens."""
    host, port = reserved.getsockname()[:2]
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - compared
    while not running.done():
        try:
            _, writer = await asyncio.open_connection(host, port)
        except OSError:
            await asyncio.sleep(0.005)
            continue
        writer.close()
        return
    await running
    raise StartError("The server ended before it listened.")


def _announce(options: ServeOptions, endpoint: str, workspace_id: str) -> None:
    where = str(settings.path(options.data))
    if options.embedded:
        line = json.dumps({"endpoint": endpoint, "settings": where})
    else:
        line = f"Serving the workspace at {endpoint}"
        if settings.read(options.data).get("id") == workspace_id:
            line += f"; the owner's connection is in {where}"
        else:
            problem = (
                "does not hold" if settings.path(options.data).exists() else "is not there for"
            )
            line += f"; {where} {problem} the owner's connection: `amltui token` makes a token"
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def _say_what_for(drain: float) -> None:
    sys.stderr.write(
        f"amltui serve: waiting up to {drain:.0f} s for transfers under way; "
        "another signal (Ctrl-C) ends them now.\n"
    )
    sys.stderr.flush()


def _stop_on_signals(stop: asyncio.Event) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)


def _stop_at_end_of_input(stop: asyncio.Event) -> None:
    """The parent holds the other end of stdin: its end is the parent's, however it came."""
    loop = asyncio.get_running_loop()

    def wait() -> None:
        # Not sys.stdin: a thread that holds its lock would abort the interpreter's end.
        while os.read(0, 4096):
            pass
        with contextlib.suppress(RuntimeError):  # the loop is closed: it stops already
            loop.call_soon_threadsafe(stop.set)

    threading.Thread(target=wait, name="end of input", daemon=True).start()
