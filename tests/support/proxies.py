"""nginx and Caddy with the configurations that `amltui help deployment` shows, on loopback."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

from tests.support import services

_DIRECTIVES = """\
daemon off;
pid {directory}/pid;
error_log {directory}/error.log;
events {{ worker_connections 256; }}
http {{
    access_log off;
    client_body_temp_path {directory}/body;
    proxy_temp_path {directory}/proxy;
    fastcgi_temp_path {directory}/fastcgi;
    uwsgi_temp_path {directory}/uwsgi;
    scgi_temp_path {directory}/scgi;
{server}
}}
"""


def _help() -> str:
    return (files("amltui.help") / "deployment.md").read_text("utf-8")


def shown(heading: str) -> str:
    """The example of a section that has one."""
    section = _help().partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    lines = [line for line in section.split("\n") if line.startswith("    ") or not line]
    return "\n".join(lines).strip("\n")


@contextlib.contextmanager
def nginx(port: int, upstream: int, downloads: int | None = None) -> Iterator[None]:
    """nginx on `port` before a server, and before another one for contents, without TLS."""
    program = services.nginx()
    if program is None:
        services.missing("nginx", "apt-get install nginx-light")
        return
    server = re.sub(r".*(ssl_|server_name).*\n", "", shown("Behind nginx"))
    server = server.replace("listen 443 ssl", f"listen 127.0.0.1:{port}")
    server = server.replace(":8765", f":{upstream}")
    if downloads is not None:
        (line,) = re.findall(r" *location /content/ .*\n", _help())
        end = server.rindex("}")
        server = server[:end] + line.replace(":8766", f":{downloads}") + server[end:]
    with _directory() as directory:
        config = directory / "nginx.conf"
        config.write_text(_DIRECTIVES.format(directory=directory, server=server))
        command = [program, "-c", str(config), "-e", str(directory / "error.log")]
        with _running(command, port, directory):
            yield


@contextlib.contextmanager
def caddy(port: int, upstream: int) -> Iterator[None]:
    """Caddy on `port` before a server, without TLS and its port for administration."""
    program = shutil.which("caddy")
    if program is None:
        services.missing("caddy", "apt-get install caddy")
        return
    site = shown("Behind Caddy").replace("datasets.example.org", f"http://127.0.0.1:{port}")
    site = site.replace(":8765", f":{upstream}")
    with _directory() as directory:
        config = directory / "Caddyfile"
        config.write_text("{\n    admin off\n}\n" + site + "\n")
        command = [program, "run", "--adapter", "caddyfile", "--config", str(config)]
        with _running(command, port, directory):
            yield


@contextlib.contextmanager
def _directory() -> Iterator[Path]:
    directory = Path(tempfile.mkdtemp(prefix="amltui-proxy-"))
    directory.chmod(0o755)  # a worker may be another user
    try:
        yield directory
    finally:
        shutil.rmtree(directory, ignore_errors=True)


@contextlib.contextmanager
def _running(command: list[str], port: int, directory: Path) -> Iterator[None]:
    home = {"HOME": str(directory), "XDG_DATA_HOME": str(directory)}
    process = subprocess.Popen(
        command,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, **home},
    )
    try:
        services.wait_for_port(port, process)
        yield
    finally:
        process.terminate()
        process.wait(60)
