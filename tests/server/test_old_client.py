from __future__ import annotations

import subprocess
from pathlib import Path

from tests.support import services
from tests.support.server import running_server


def test_the_real_old_client_works_unchanged(tmp_path):
    python = services.old_client_python()
    script = Path(__file__).with_name("old_client.py")
    home = tmp_path / "home"
    home.mkdir()
    with running_server(tmp_path / "data") as server:
        done = subprocess.run(
            [python, script, server.workspace_id, server.token, server.endpoint],
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
            env={"HOME": str(home), "PATH": "/usr/bin:/bin"},
        )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "enumerate, by name and index",
        "all metadata",
        "read as frame, text, bytes, stream",
        "create from frame and raw data, below and above one block",
        "conflict and bad name",
        "update with new type, name and description",
        "intermediate dataset",
    ]
