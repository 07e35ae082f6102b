"""Several servers of one workspace behind nginx, on loopback, as `amltui help deployment` has them.

    python -m tests.support.cluster --servers 4 --store moto

starts PostgreSQL, a store, the servers and nginx, says where the workspace is, and ends with
Ctrl-C. What it needs is put on this machine by `tests.support.services`. Tests use `cluster()`.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

import psutil

from tests.support import services
from tests.support.server import ROOT, RunningServer

_CONFIG = """\
daemon off;
master_process on;
worker_processes 1;
pid {directory}/nginx.pid;
error_log {directory}/nginx.log warn;
events {{ worker_connections 1024; }}
http {{
    access_log off;
    client_body_temp_path {directory}/body;
    proxy_temp_path {directory}/proxy;
    fastcgi_temp_path {directory}/fastcgi;
    uwsgi_temp_path {directory}/uwsgi;
    scgi_temp_path {directory}/scgi;
    upstream workspace {{
{upstream}
        keepalive 32;
    }}
    server {{
        listen 127.0.0.1:{port};
        client_max_body_size 0;
        location / {{
            proxy_pass http://workspace/;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_set_header Host $http_host;
            proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
            proxy_request_buffering off;
            proxy_buffering off;
            proxy_read_timeout 600s;
            proxy_next_upstream error timeout http_503;
        }}
    }}
}}
"""


@dataclass
class Cluster:
    """Servers on ports of their own, and nginx before them."""

    data: Path
    directory: Path
    options: list[str]
    environment: dict[str, str]
    port: int
    ports: list[int]
    nginx: subprocess.Popen[bytes] | None = None
    servers: dict[int, subprocess.Popen[bytes]] = field(default_factory=dict)
    apart: set[int] = field(default_factory=set)
    """Servers that the proxy sends nothing to."""

    @property
    def endpoint(self) -> str:
        """The address of the proxy."""
        return f"http://127.0.0.1:{self.port}/"

    @property
    def workspace(self) -> RunningServer:
        """As clients reach it."""
        # Only who made the workspace knows the owner's token.
        (file,) = self.data.glob("*/settings.json")
        settings = json.loads(file.read_text("utf-8"))["workspace"]
        process = self.servers[self.ports[0]]
        return RunningServer(
            self.endpoint, settings["id"], settings["authorization_token"], self.data, process
        )

    def at(self, port: int) -> RunningServer:
        """As one server is reached without the proxy."""
        endpoint = f"http://127.0.0.1:{port}/"
        return replace(self.workspace, endpoint=endpoint, process=self.servers[port])

    def start(self, port: int, program: str = "amltui") -> None:
        """Start one server and wait until it serves; `program` is a module."""
        options = ["--data", str(self.data / str(port)), "--port", str(port), *self.options]
        process = subprocess.Popen(
            [sys.executable, "-m", program, "serve", *options],
            cwd=ROOT,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        assert process.stdout is not None
        if not process.stdout.readline():
            raise RuntimeError(f"a server did not start: exit code {process.wait()}")
        self.servers[port] = process

    def stop(self, port: int, number: int = signal.SIGTERM) -> int:
        """End one server by a signal and wait; its exit code."""
        process = self.servers[port]
        process.send_signal(number)
        code = process.wait(120)
        if process.stdout:
            process.stdout.close()
        return code

    def restart(self, port: int, program: str = "amltui") -> None:
        """Take one server out of the proxy's list, start it anew, and take it in again."""
        self.apart.add(port)
        self._reload()
        self.stop(port)
        self.start(port, program)
        self.apart.remove(port)
        self._reload()

    def _configure(self) -> Path:
        upstream = "\n".join(
            f"        server 127.0.0.1:{port} max_fails=1 fail_timeout=1s"
            f"{' down' if port in self.apart else ''};"
            for port in self.ports
        )
        config = self.directory / "nginx.conf"
        config.write_text(
            _CONFIG.format(directory=self.directory, upstream=upstream, port=self.port)
        )
        return config

    def _reload(self) -> None:
        """Let the proxy read its configuration, and wait until only new workers are left."""
        assert self.nginx is not None
        parent = psutil.Process(self.nginx.pid)
        old = parent.children()
        self._configure()
        self.nginx.send_signal(signal.SIGHUP)
        psutil.wait_procs(old, timeout=60)

    def start_nginx(self) -> None:
        """Start the proxy and wait until it listens."""
        config = self._configure()
        program = services.nginx()
        if program is None:
            services.missing("nginx", "apt-get install nginx-light")
            return
        self.nginx = subprocess.Popen(
            [program, "-c", str(config), "-e", str(self.directory / "nginx.log")],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        services.wait_for_port(self.port, self.nginx)

    def close(self) -> None:
        """End all of it."""
        for process in (*self.servers.values(), self.nginx):
            if process is None:
                continue
            if process.poll() is None:
                process.terminate()
            try:
                process.wait(60)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            if process.stdout:
                process.stdout.close()


@contextlib.contextmanager
def cluster(
    count: int, database: str, contents: str | None, environment: dict[str, str]
) -> Iterator[Cluster]:
    """`count` servers on a database and a store, and nginx, for the block.

    `contents`: None for a directory that all servers share.
    """
    directory = Path(tempfile.mkdtemp(prefix="amltui-cluster-"))
    directory.chmod(0o755)  # a worker of nginx may be another user
    port, *ports = (services.free_port() for _ in range(count + 1))
    data = directory / "data"
    options = ["--database", database, "--no-samples"]
    options += ["--public-url", f"http://127.0.0.1:{port}/"]
    options += ["--contents", contents or str(directory / "contents")]
    running = Cluster(data, directory, options, {**os.environ, **environment}, port, ports)
    try:
        for one in ports:
            running.start(one)
        running.start_nginx()
        yield running
    finally:
        running.close()
        shutil.rmtree(directory, ignore_errors=True)


@contextlib.contextmanager
def whole(count: int, store: Literal["local", "moto", "azurite"]) -> Iterator[Cluster]:
    """All of it, with a database and a store of its own."""
    with contextlib.ExitStack() as stack:
        database = stack.enter_context(services.postgres()).new_database()
        contents, environment = None, {}
        if store != "local":
            service = stack.enter_context(
                services.moto() if store == "moto" else services.azurite()
            )
            contents, environment = service.new_container(), service.environment
        yield stack.enter_context(cluster(count, database, contents, environment))


def main() -> None:
    """Run until Ctrl-C."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--servers", type=int, default=2)
    parser.add_argument("--store", choices=["local", "moto", "azurite"], default="moto")
    given = parser.parse_args()
    over = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: over.set())
    with whole(given.servers, given.store) as running:
        ports = ", ".join(map(str, running.ports))
        print(f"{running.endpoint} before ports {ports}; {running.data}")
        over.wait()


if __name__ == "__main__":
    main()
