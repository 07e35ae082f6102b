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

ROOT = Path(__file__).parents[2]
_SCRIPT = """
import json, sys
from pathlib import Path
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
sys.exit(serve(ServeOptions(**given)))
"""


@dataclass
class RunningServer:
    """An embedded server that accepts connections."""

    endpoint: str
    workspace_id: str
    token: str
    data: Path
    process: subprocess.Popen[bytes]

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
    data_dir: Path, *, environment: dict[str, str] | None = None, **options: Any
) -> RunningServer:
    """Start an embedded server on `data_dir` and wait until it accepts connections.

    `options` are fields of `ServeOptions`.
    """
    given = {"embedded": True, **options, "data": data_dir}
    process = subprocess.Popen(
        [sys.executable, "-c", _SCRIPT, json.dumps(given, default=str)],
        cwd=ROOT,
        env={**os.environ, **(environment or {})},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        process.communicate()
        raise RuntimeError(f"the server did not start: exit code {process.returncode}")
    ready = json.loads(line)
    workspace = json.loads(Path(ready["settings"]).read_text("utf-8"))["workspace"]
    return RunningServer(
        endpoint=ready["endpoint"],
        workspace_id=workspace["id"],
        token=workspace["authorization_token"],
        data=data_dir,
        process=process,
    )


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
