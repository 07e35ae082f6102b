from __future__ import annotations

import subprocess
import sys
from contextlib import ExitStack

import httpx
import pytest

from tests.server.test_oidc import AUDIENCE, running_issuer, sign_in
from tests.support.server import running_server
from tests.support.studio import Studio

pytestmark = pytest.mark.slow  # schemathesis makes hundreds of requests


@pytest.mark.parametrize("who", ["owner", "a token with a quota", "a person of an issuer"])
def test_schemathesis_finds_the_server_as_described(tmp_path, who):
    """Generated requests: no 5xx, no undocumented status, no answer outside its schema."""
    with ExitStack() as stack:
        options, token = {"failed_logins": 1_000_000, "web": True}, ""
        if who == "a person of an issuer":
            issuer = stack.enter_context(running_issuer())
            options["oidc"] = {"issuer": issuer, "audience": AUDIENCE, "claim": "access.roles"}
            token = sign_in(issuer, "anna", ["owner"])
        server = stack.enter_context(running_server(tmp_path / "data", **options))
        studio = Studio(server)
        dataset = studio.create("fuzzed")
        if who == "a token with a quota":
            asked = {
                "Name": "small",
                "Role": "owner",
                "Quota": 1 << 40,
            }  # 507 would be right and is a 5xx
            token = studio.http.post("tokens", json=asked).raise_for_status().json()["Secret"]
        studio.close()
        config = f"""
[parameters]
"path.w" = "{server.workspace_id}"
"path.id" = "{dataset["Id"]}"
"path.e" = "{server.workspace_id}.f-id.nightly"

[generation]
max-examples = {12 if who == "owner" else 5} # the routes are the same: fewer draw enough

[phases.examples]
enabled = false
"""
        (tmp_path / "schemathesis.toml").write_text(config)
        command = ["run", f"{server.endpoint}openapi.json", "--seed", "20261122"]
        command += ["--request-timeout", "120"]  # a busy machine answers late
        # What a name may hold, and when an id fits, is more than a schema says: 400 is right there.
        command += ["--exclude-checks", "positive_data_acceptance"]
        command += ["-H", f"x-ms-metaanalytics-authorizationtoken: {token or server.token}"]
        done = subprocess.run(
            [sys.executable, "-m", "schemathesis.cli", *command],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
        log = server.data / "server.log"
        assert not log.exists() or '"status":500' not in log.read_text()
        assert httpx.get(f"{server.endpoint}health").is_success


def test_every_endpoint_says_who_may_use_it(server):
    paths = httpx.get(f"{server.endpoint}openapi.json").json()["paths"]
    open_ones = {
        path
        for path, operations in paths.items()
        for operation in operations.values()
        if not operation["security"]
    }
    health = {"/health", "/health/live", "/health/ready"}
    assert open_ones == {"/content/{key}", "/openapi.json", *health}
