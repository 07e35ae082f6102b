"""No secret in anything that is written anywhere, whatever fails.

One server, a proxy before it that misbehaves, one home in which everything is written: every
command of the registry and the terminal program run at debug level, well and badly; then all that
they printed or left is searched for the token, for parts of it and for signed links.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import os
import re
import signal
import stat
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

import httpx
import pytest

from amltui.cli.registry import COMMANDS
from tests.cli.conftest import Commands
from tests.cli.terminal import Terminal
from tests.support.proxy import Fault, FaultProxy, fault_proxy
from tests.support.server import RunningServer, running_server

pytestmark = pytest.mark.slow  # every command runs several times, each in a process of its own

LEAVES = {
    (command.name, one.name) if one is not command else (command.name,)
    for command in COMMANDS
    for one in command.commands or (command,)
}

CASES: dict[tuple[str, ...], list[list[str]]] = {
    ("put",): [["f.csv"], ["f.csv"], ["missing.csv"]],
    ("ls",): [["--json"], [], ["--offline"]],
    ("show",): [["f.csv"], ["f.csv", "--json"], ["nobody"]],
    ("versions",): [["Iris", "--json"]],
    ("head",): [["Iris", "--json"], ["Iris", "--offline"]],
    ("stats",): [["Iris", "1"], ["Iris", "--json"]],
    ("sql",): [["Iris", "select 1 from data", "-o", "a.csv"], ["Iris", "select nonsense"]],
    ("diff",): [["Iris", "f.csv"], ["Iris", "nobody"]],
    ("get",): [["Iris", "-o", "iris.csv"], ["Airport Codes Dataset", "-o", "-"],
               ["Iris", "-o", "/dev/full"]],
    ("update",): [["f.csv", "f.csv", "--json"], ["Iris", "f.csv"]],
    ("restore",): [["f.csv@-1", "--json"], ["f.csv@99"]],
    ("check",): [["f.csv", "f.csv", "--fail-on", "rows=-1%", "--json"]],
    ("describe",): [["f.csv", "of the test", "--json"]],
    ("snippet",): [["Iris"], ["Iris", "--for", "pandas"], ["Iris", "--for", "azureml", "--json"]],
    ("rename",): [["f.csv", "Iris"], ["f.csv", "g.csv"]],
    ("rm",): [["g.csv"], ["g.csv", "--yes"]],
    ("publish",): [["nightly", "node", "port", "f.csv", "--json"]],
    ("experiments",): [["--json"], []],
    ("outputs",): [["nightly"]],
    ("output",): [["nightly", "node", "port", "-o", "port.csv"], ["nobody", "n", "p"]],
    ("transfers", "list"): [["--json"]],
    ("transfers", "resume"): [[]],
    ("transfers", "clear"): [[]],
    ("cache", "info"): [["--json"]],
    ("cache", "list"): [["--json"]],
    ("cache", "verify"): [[]],
    ("cache", "prune"): [["--days", "0"]],
    ("cache", "clear"): [[]],
    ("profile", "add"): [["again", "--from", "settings.json"], ["team", "--from", "settings.json"]],
    ("profile", "list"): [["--json"], []],
    ("profile", "test"): [["team", "--json"], ["nobody"]],
    ("profile", "use"): [["team"], ["nobody"]],
    ("profile", "remove"): [["again"], ["nobody"]],
    ("doctor",): [["--json"], []],
    ("completion",): [["bash"]],
    ("help",): [["files"], ["nonsense"]],
    ("audit",): [["--json"], ["--format", "csv"], ["--since", "nonsense"]],
    ("token", "list"): [["--json"]],
    ("token", "rotate-links"): [[]],
    ("token", "create"): [["nightly"], ["primary"]],
    ("token", "regenerate"): [["nightly"], ["nobody"]],
    ("token", "revoke"): [["nightly"], ["primary"]],
    ("serve",): [["--check"], ["--host", "0.0.0.0"]],
    ("pick",): [[]],
    ("open",): [["f.csv", "--json"]],
    ("cache", "pin"): [["Iris"]],
    ("cache", "unpin"): [["Iris"]],
    ("cp",): [[":Iris", "copied.csv"], [":nobody", "copied.csv"]],
    ("sync",): [["synced/", "Iris", "--json"], ["synced/", "nobody"]],
    ("azure", "workspaces"): [["--cloud", "nonsense"]],
    ("azure", "archived"): [["--json"]],
    ("azure", "archive"): [["Iris"]],
    ("azure", "restore"): [["Iris"]],
    ("azure", "tag"): [["Iris", "team=x"]],
    ("server", "backup"): [["/dev/null/backup"]],
    ("server", "restore"): [["nowhere"]],
    ("server", "migrate"): [["--from", "nowhere", "--to", "postgresql://u:p@127.0.0.1:1/x"]],
    ("server", "usage"): [["--json"], ["--by", "owner"]],
    ("server", "retention"): [["--keep", "5", "--dry-run"], ["--keep", "0"]],
}  # fmt: skip
"""What each command is run with, in an order in which all of it can be done; mistakes included."""

ON_THIS_DISK = ("cache", "completion", "help", "token", "serve", "server", "audit", "pick", "open")
"""Groups and commands that ask no workspace: a bad one is no case for them."""
WAITS = ("put", "transfers")
"""What waits a minute for a server that fails: in such a run it is interrupted instead."""
PRINTS_A_NEW_SECRET = {("token", "create"), ("token", "regenerate")}


@pytest.fixture(scope="module")
def server(tmp_path_factory) -> Iterator[RunningServer]:
    """A server of this test's own, for it is killed."""
    data = tmp_path_factory.mktemp("secrets") / "data"
    with running_server(data, log=data / "server.log") as found:
        yield found


def signatures(server: RunningServer) -> set[str]:
    """The signatures of all links that the workspace gives now."""
    text = httpx.get(server.url("datasources"), headers=server.headers).text
    return set(re.findall(r"[?&]sig=([^&\"]+)", text))


class Bad:
    """A workspace that answers badly, and whose every error repeats what must stay secret."""

    def __init__(self, server: RunningServer) -> None:
        link = f"{server.endpoint}content/1?t=GenericCSV&sig={min(signatures(server))}"
        self._said = f"{server.token} was refused; Authorization: {server.token}; see {link}"

    def _answer(self, status: int) -> Fault:
        body = json.dumps({"error": {"code": "x", "message": self._said}, "message": self._said})
        headers = {"Content-Type": "application/json", "X-Note": self._said}
        return Fault(answer=(status, headers, body.encode()))

    def refused(self, _request: object) -> Fault:
        return self._answer(401)

    def failing(self, _request: object) -> Fault:
        return self._answer(500)

    def damaged(self, _request: object) -> Fault:
        return Fault(edit=lambda body: body[:-2] + self._said.encode()[:2])

    def page(self, _request: object) -> Fault:
        page = f"<html><a href='{self._said}'>Sign in</a></html>".encode()
        return Fault(answer=(200, {"Content-Type": "text/html"}, page))


class Watch:
    """Looks at the arguments and environments of all processes, again and again."""

    def __init__(self, secrets: list[str]) -> None:
        self._secrets = [secret.encode() for secret in secrets]
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look)
        self.found: set[str] = set()
        self.seen = 0

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        # Other tests run beside this one, and for some of them the same words are no secret.
        this_test = os.environ["PYTEST_CURRENT_TEST"].partition(" ")[0].encode()
        while not self._over.wait(0.2):
            for process in Path("/proc").glob("[0-9]*"):
                with contextlib.suppress(OSError):
                    texts = {name: (process / name).read_bytes() for name in ("cmdline", "environ")}
                    other = b"PYTEST_CURRENT_TEST=" in texts["environ"]
                    if other and this_test not in texts["environ"]:
                        continue
                    for name, text in texts.items():
                        self.seen += b"amltui" in text
                        if any(secret in text for secret in self._secrets):
                            self.found.add(f"{name}: {text[:2000]!r}")


async def run_all(
    amltui: Commands, told: list[str], *, without: tuple[str, ...] = (), at_once: bool = False
) -> None:
    """Run every command, apart from groups or commands `without`; note all that they print."""
    enough = asyncio.Semaphore(6 if at_once else 1)

    async def one(words: tuple[str, ...], arguments: list[str]) -> None:
        async with enough:
            done = await asyncio.to_thread(amltui, *words, *arguments, "--debug")
        assert "Traceback (most" not in done.err or done.code, (words, done.err)
        assert "This should not happen" not in done.err, (words, done.err)
        if words in PRINTS_A_NEW_SECRET and not done.code:
            made = done.out.strip()
            assert len(made) == 32
            assert made not in done.err
            done = done._replace(out="")
        told.append(done.out + done.err)

    await asyncio.gather(
        *(
            one(words, arguments)
            for words, all_arguments in CASES.items()
            for arguments in all_arguments
            if words[0] not in without
        )
    )


def interrupted(amltui: Commands) -> str:
    """Upload to a server that is away, until it says that it waits: what was printed."""
    process = amltui.start("put", "f.csv", "--debug", stderr=subprocess.PIPE)
    assert process.stderr is not None
    text = b""
    while b"waiting to go on" not in text:
        line = process.stderr.readline()
        assert line, text
        text += line
    process.send_signal(signal.SIGINT)
    text += process.communicate(timeout=60)[1]
    assert process.returncode == 130
    return text.decode()


def in_the_terminal(
    amltui: Commands, proxy: FaultProxy, bad: Bad, server: RunningServer
) -> list[str]:
    """Run the terminal program through a day on which much goes wrong; what it drew."""
    (amltui.home / "u.csv").write_text("a\n1\n")
    terminal = Terminal(amltui, "--profile", "team", "--debug")
    terminal.wait_for(b"Iris")
    terminal.type(b"d")
    terminal.wait_for(b"Saved")
    terminal.type(b"u")
    terminal.wait_for(b"Upload")
    terminal.type(b"u.csv")
    terminal.wait_for(b"u.csv")
    proxy.rule = bad.failing
    terminal.type(b"\x13")
    terminal.wait_for("↑".encode())  # it is in the list of transfers, the dialog is gone
    terminal.type(b"R")
    terminal.wait_for(b"Try")
    proxy.rule = bad.refused
    terminal.type(b"R")
    terminal.wait_for(b"token")
    proxy.rule = bad.page
    terminal.type(b"R")
    terminal.wait_for(b"JSON")
    proxy.rule = lambda _: None
    server.kill()
    terminal.type(b"R")
    terminal.wait_for(b"offline")
    terminal.type(b"q")
    terminal.end(b"y")
    choosing = Terminal(amltui, "pick", "--debug", capture=True)
    choosing.wait_for(b"offline")
    out = choosing.end(b"q")
    return [terminal.seen.decode("utf-8", "replace"), (choosing.seen + out).decode()]


def serve_for_a_while(amltui: Commands) -> tuple[str, str]:
    """Run a server of one's own until Ctrl-C: what it printed, and its owner's token."""
    own = amltui.home / "own"
    process = amltui.start(
        "serve", "--data", own, "--no-samples", "--debug",
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    assert process.stdout is not None
    line = process.stdout.readline()
    while b"http" not in line:
        line += process.stdout.readline()
    settings = json.loads((own / "settings.json").read_text())["workspace"]
    endpoint = re.search(rb"http://[\d.:]+/", line)[0].decode()
    for token in (settings["authorization_token"], "wrong"):
        headers = {"Authorization": f"Bearer {token}"}
        httpx.get(f"{endpoint}api/workspaces/{settings['id']}?token={token}", headers=headers)
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=60)
    return (line + out).decode(), settings["authorization_token"]


def leaked(text: str, secrets: list[str]) -> str:
    """A secret and where it stands in `text`, or ""."""
    for secret in secrets:
        if (at := text.find(secret)) >= 0:
            return f"{secret}: …{text[max(at - 200, 0) : at + 100]}"
    return ""


def parts(token: str) -> list[str]:
    """What of a token must not be seen: not even a third of it, nor its other spellings."""
    coded = base64.b64encode(token.encode()).decode()
    return [token[:12], token[10:22], token[-12:], coded[:24]]


def test_every_command_of_the_registry_has_its_case():
    assert set(CASES) == LEAVES


async def test_nothing_that_is_written_anywhere_holds_a_secret(alone, server):
    home = alone.home
    (home / "tmp").mkdir()
    alone.environment |= {"TMPDIR": str(home / "tmp"), "AMLTUI_DATA_DIR": str(server.data)}
    alone.environment |= {f"XDG_{name}_HOME": str(home / name) for name in ("CONFIG", "CACHE")}
    (home / "f.csv").write_text("a\n1\n")
    bad = Bad(server)
    told: list[str] = []
    secrets = parts(server.token)
    port = urlsplit(server.endpoint).port
    async with fault_proxy(port) as proxy:
        (home / "settings.json").write_text(
            json.dumps(
                {
                    "workspace": {
                        "id": server.workspace_id,
                        "authorization_token": server.token,
                        "api_endpoint": proxy.endpoint,
                    }
                }
            )
        )
        (home / "settings.json").chmod(0o600)
        added = alone("profile", "add", "team", "--from", "settings.json", "--use", "--no-test")
        assert added.code == 0, added.err
        with Watch(parts(server.token)) as watch:
            await run_all(alone, told)
            links = signatures(server)
            for rule in (bad.refused, bad.damaged):
                proxy.rule = rule
                await run_all(alone, told, without=ON_THIS_DISK, at_once=True)
            proxy.rule = bad.failing
            await run_all(alone, told, without=(*ON_THIS_DISK, *WAITS), at_once=True)
            proxy.rule = lambda _: None
            # Nothing can be kept: where directories should be, there is a file.
            alone.environment |= {f"AMLTUI_{name}_DIR": "/dev/null" for name in ("CACHE", "DATA")}
            await run_all(alone, told, at_once=True)
            del alone.environment["AMLTUI_CACHE_DIR"]
            links |= signatures(server)
            alone.environment["AMLTUI_CACHE_DIR"] = str(home / "cache")
            assert (await asyncio.to_thread(alone, "transfers", "clear")).code == 0
            told += await asyncio.to_thread(in_the_terminal, alone, proxy, bad, server)
            # The server was killed meanwhile.
            await run_all(alone, told, without=(*ON_THIS_DISK, *WAITS), at_once=True)
            told.append(await asyncio.to_thread(interrupted, alone))
            served, token = await asyncio.to_thread(serve_for_a_while, alone)
            told.append(served)
    assert watch.seen
    assert watch.found == set()
    assert len(links) >= 5
    secrets += [*parts(token), *(link[:16] for link in links)]
    for text in told:
        assert not leaked(text, secrets), leaked(text, secrets)
    look_at_files(home, server, secrets)


def look_at_files(home: Path, server: RunningServer, secrets: list[str]) -> None:
    """No file holds a secret, apart from those that are there for it, which only one may read."""
    keep_tokens = {
        home / "settings.json",
        home / "config" / "credentials.toml",
        home / "own" / "settings.json",
        server.data / "settings.json",
    }
    seen = 0
    for place in (home, server.data):
        for path in place.rglob("*"):
            if path.is_symlink() or not path.is_file():
                continue
            seen += 1
            mode = stat.S_IMODE(path.stat().st_mode)
            found = leaked(path.read_bytes().decode("utf-8", "replace"), secrets)
            if path in keep_tokens:
                assert found, path
                assert mode == 0o600, path
            else:
                assert not found, (path, found)
            if path.name in {"debug.log", "server.log", "config.toml", "workspace.sqlite"}:
                assert mode == 0o600, path
    assert seen > 15
    assert (home / "cache" / "debug.log").stat().st_size > 1000
    assert (home / "config").stat().st_mode & 0o077 == 0
    assert os.listdir(home / "tmp") == []  # noqa: PTH208


def test_a_token_in_an_argument_is_warned_about(alone, shared_server):
    done = alone(
        "profile", "add", "p", "--endpoint", shared_server.endpoint, "--workspace-id",
        shared_server.workspace_id, "--token", shared_server.token,
    )  # fmt: skip
    assert done.code == 0
    assert "--token-stdin" in done.err
    assert shared_server.token not in done.out + done.err
