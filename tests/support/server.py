"""A real server in a process of its own, for tests."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.forks import ROOT, Forked, of_servers


def main() -> int:
    """Serve with the options that the first argument gives as JSON; the exit code."""
    from amltui.server.options import Oidc
    from amltui.server.run import ServeOptions, serve

    given = json.loads(sys.argv[1])
    for name in ("data", "tls_cert", "tls_key", "log"):
        if given.get(name):
            given[name] = Path(given[name])
    if given.get("oidc"):
        given["oidc"] = Oidc(**given["oidc"])
    if "proxies" in given:
        given["proxies"] = tuple(given["proxies"])
    return serve(ServeOptions(**given))


@dataclass
class RunningServer:
    """An embedded server that accepts connections."""

    endpoint: str
    workspace_id: str
    token: str
    data: Path
    process: subprocess.Popen[bytes] | Forked

    @property
    def headers(self) -> dict[str, str]:
        """What a request needs to be let in."""
        return {"x-ms-metaanalytics-authorizationtoken": self.token}

    def url(self, path: str = "") -> str:
        """An address under this workspace: `server.url("datasources")`."""
        base = f"{self.endpoint}api/workspaces/{self.workspace_id}"
        return f"{base}/{path}" if path else base

    def kill(self) -> None:
        """As a power cut would: no chance to clean up."""
        self.process.kill()
        self.process.wait()

    def stop(self, timeout: float = 60) -> int:
        """End its standard input and wait; the exit code."""
        if self.process.stdin and not self.process.stdin.closed:
            self.process.stdin.close()
        return self.process.wait(timeout)


def start_server(
    data_dir: Path,
    *,
    environment: dict[str, str] | None = None,
    afresh: bool = False,
    **options: Any,
) -> RunningServer:
    """Start an embedded server on `data_dir` and wait until it accepts connections.

    `afresh`: import the program for it, as a benchmark's server does, whose memory is its own.
    `options` are fields of `ServeOptions`.
    """
    given = json.dumps({"embedded": True, **options, "data": data_dir}, default=str)
    whole = {**os.environ, **(environment or {})}
    process: subprocess.Popen[bytes] | Forked
    if afresh:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.support.server", given],
            cwd=ROOT,
            env=whole,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
    else:
        process = _forked(given, whole)
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        assert process.stdin is not None
        process.stdin.close()
        process.stdout.close()
        raise RuntimeError(f"the server did not start: exit code {process.wait()}")
    ready = json.loads(line)
    workspace = json.loads(Path(ready["settings"]).read_text("utf-8"))["workspace"]
    return RunningServer(
        endpoint=ready["endpoint"],
        workspace_id=workspace["id"],
        token=workspace["authorization_token"],
        data=data_dir,
        process=process,
    )


def _forked(given: str, environment: dict[str, str]) -> Forked:
    their_stdin, stdin = os.pipe()
    stdout, their_stdout = os.pipe()
    streams = [their_stdin, their_stdout, 2]
    pipes = os.fdopen(stdin, "wb", 0), os.fdopen(stdout, "rb")
    function = "tests.support.server:main"
    process = of_servers().start(function, [given], environment, ROOT, streams, pipes=pipes)
    os.close(their_stdin)
    os.close(their_stdout)
    return process


@contextlib.contextmanager
def running_server(data_dir: Path, **options: Any) -> Iterator[RunningServer]:
    """An embedded server for the block; ended at its end, killed if it does not end."""
    server = start_server(data_dir, **options)
    try:
        yield server
    finally:
        try:
            server.stop()
        except subprocess.TimeoutExpired:
            server.kill()
            raise
        finally:
            if server.process.stdout:
                server.process.stdout.close()


if __name__ == "__main__":
    sys.exit(main())
