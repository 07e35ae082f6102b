"""The page in a real browser: by keyboard alone, and with axe finding nothing."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from tests.support.server import running_server
from tests.support.services import browser
from tests.support.studio import Studio

pytestmark = pytest.mark.slow  # a browser starts and looks at each page twice


def test_the_page_is_used_by_keyboard_alone_and_axe_finds_nothing(tmp_path):
    program, modules = browser()
    with running_server(tmp_path / "data", web=True) as server:
        studio = Studio(server)
        studio.create("years", b"year,n\n1999,1\n2000,\n")
        studio.close()
        script = Path(__file__).with_name("browser.mjs")
        done = subprocess.run(
            ["node", script, modules, program, server.endpoint, server.token, "years"],
            capture_output=True,
            text=True,
            check=False,
            env={"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": str(tmp_path)},
        )
        assert done.returncode == 0, done.stderr[-3000:]
        answer = json.loads(done.stdout)
        seen = answer["seen"]
        # What the browser says of the answer to the wrong token.
        assert [one for one in answer["complaints"] if "401" not in one] == []
        assert answer["findings"] == []
        assert seen["refused"] == "This token is not one of the workspace's."
        assert seen["firstCell"] == "1999"
        assert "ws.datasets['years'].to_dataframe()" in seen["code"]
        assert server.token not in seen["code"]
        assert len(seen["made"]) == len(seen["regenerated"]) == 32
        assert seen["made"] != seen["regenerated"]
        assert seen["last"] == "Sign in - Workspace"
