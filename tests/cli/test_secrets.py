"""No secret in anything that is written anywhere, whatever fails."""

from __future__ import annotations

import re
import stat

import httpx
import pytest

from tests.cli.terminal import Terminal
from tests.support.server import running_server

COMMANDS = [
    ["ls", "--json"],
    ["show", "nobody"],
    ["versions", "Iris", "--json"],
    ["head", "Iris", "--json"],
    ["sql", "Iris", "select nonsense"],
    ["get", "Iris", "-o", "iris.csv"],
    ["get", "Iris", "-o", "iris.csv"],
    ["get", "Automobile price data (Raw)", "-o", "-"],
    ["put", "f.csv"],
    ["put", "f.csv"],
    ["update", "f.csv", "f.csv", "--json"],
    ["rename", "f.csv", "Iris"],
    ["snippet", "Iris", "--for", "azureml"],
    ["experiments", "--json"],
    ["output", "nobody", "n", "p"],
    ["profile", "test"],
    ["doctor", "--json"],
    ["rm", "f.csv", "--yes"],
]


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """A server of this test's own, for it is killed."""
    with running_server(tmp_path_factory.mktemp("secrets") / "data") as found:
        yield found


def credential(server) -> str:
    """The key in a signed link of this server, as it stands before the signature itself."""
    answer = httpx.get(server.url("datasources"), headers=server.headers)
    (first, *_) = answer.json()
    return str(first["DownloadLocation"]["AccessCredential"])


def test_no_command_writes_a_token_or_a_signed_link(alone, server):
    (alone.home / "f.csv").write_text("a\n1\n")
    settings = server.data / "settings.json"
    added = alone(
        "profile", "add", "team", "--from", settings, "--endpoint", server.endpoint, "--use",
        "--debug",
    )  # fmt: skip
    assert added.code == 0, added.err
    link = credential(server)
    assert link.startswith("?")
    names = "|".join(re.escape(part.partition("=")[0]) for part in link[1:].split("&"))
    signed = re.compile(rf"[?&]({names})=[A-Za-z0-9%+/_.-]{{8,}}")
    written = [added]
    written += [alone(*command, "--debug") for command in COMMANDS]
    terminal = Terminal(alone, "--profile", "team")
    terminal.wait_for(b"Iris")
    terminal.type(b"q")
    terminal.end()
    server.kill()
    written += [alone(*command, "--debug") for command in COMMANDS[:6:2]]
    texts = [done.out + done.err for done in written] + [terminal.seen.decode("utf-8", "replace")]
    for text in texts:
        assert server.token not in text
        assert not signed.search(text), signed.search(text)
    for path in alone.home.rglob("*"):
        if path.is_file() and not path.is_symlink():
            data = path.read_bytes().decode("utf-8", "replace")
            if path.name == "credentials.toml":
                assert stat.S_IMODE(path.stat().st_mode) == 0o600
                assert server.token in data
            else:
                assert server.token not in data, path
                assert not signed.search(data), path


def test_a_token_in_an_argument_is_warned_about(alone, shared_server):
    done = alone(
        "profile", "add", "p", "--endpoint", shared_server.endpoint, "--workspace-id",
        shared_server.workspace_id, "--token", shared_server.token,
    )  # fmt: skip
    assert done.code == 0
    assert "--token-stdin" in done.err
    assert shared_server.token not in done.out + done.err
