"""Which way a request goes: proxies of the environment, never for this machine."""

from __future__ import annotations

import asyncio
import subprocess
import sys

import pytest

from amltui import errors
from amltui.workspaces.http.proxies import is_loopback, proxy_for
from amltui.workspaces.studio import Retry, StudioWorkspace
from tests.support.listening import listening
from tests.support.raw_server import Answer, json_answer, raw_server

W = "11111111111111111111111111111111"
TOKEN = "s3cretT0ken"
ONCE = Retry(attempts=1)


@pytest.mark.parametrize("variable", ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"])
@pytest.mark.parametrize("scheme", ["http", "socks5"])
async def test_this_machine_is_never_asked_through_a_proxy(monkeypatch, variable, scheme):
    async with (
        raw_server(lambda _: Answer(500)) as proxy,
        raw_server(lambda _: json_answer([])) as near,
    ):
        monkeypatch.setenv(variable, f"{scheme}://127.0.0.1:{proxy.port}")
        for host in ("127.0.0.1", "localhost"):
            async with StudioWorkspace(f"http://{host}:{near.port}/", W, TOKEN) as workspace:
                assert await workspace.datasets() is not None
    assert proxy.requests == []
    assert len(near.requests) == 2


@pytest.mark.parametrize(
    ("host", "near"),
    [
        ("localhost", True),
        ("LocalHost.", True),
        ("a.localhost", True),
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("localhost.example", False),
        ("10.0.0.1", False),
        ("", False),
    ],
)
def test_what_this_machine_is(host, near):
    assert is_loopback(host) is near


def test_the_address_of_a_machines_own_identity_is_asked_of_no_proxy(monkeypatch):
    monkeypatch.setenv("http_proxy", "http://proxy.example:3128")
    assert proxy_for("http://169.254.169.254/metadata") is None
    assert proxy_for("http://192.0.2.1/metadata") is not None


def test_no_proxy_is_heeded_and_a_proxy_without_scheme_is_an_http_one(monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "user:p%40ss@proxy.example:3128")
    monkeypatch.setenv("NO_PROXY", "near.example,.inside.example")
    assert proxy_for("http://near.example/") is None
    assert proxy_for("http://a.inside.example/") is None
    assert proxy_for("https://far.example/") is None
    found = proxy_for("http://far.example/")
    assert found is not None
    assert (found.scheme, found.host, found.port, found.auth) == (
        "http",
        "proxy.example",
        3128,
        ("user", "p@ss"),
    )
    assert "ss" not in f"{found}{found!r}"


async def test_an_error_names_the_proxy_that_the_request_went_through(monkeypatch):
    async with raw_server(lambda _: None) as proxy:
        port = proxy.port
    monkeypatch.setenv("HTTP_PROXY", f"http://user:secret@127.0.0.1:{port}")
    async with StudioWorkspace("http://far.example/", W, TOKEN, retry=ONCE) as workspace:
        with pytest.raises(errors.Unreachable) as caught:
            await workspace.datasets()
    assert f"through the proxy 127.0.0.1:{port} (HTTP_PROXY)" in str(caught.value)
    assert "HTTP_PROXY" in caught.value.hint
    assert "NO_PROXY" in caught.value.hint
    assert "secret" not in str(caught.value)


async def test_a_variable_that_is_no_proxy_is_named_and_not_repeated(monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "ftp://user:secret@proxy/")
    async with StudioWorkspace("http://far.example/", W, TOKEN, retry=ONCE) as workspace:
        with pytest.raises(errors.ConfigError, match="HTTP_PROXY") as caught:
            await workspace.datasets()
    assert "secret" not in str(caught.value)


async def test_a_socks_proxy_looks_the_name_up_and_carries_the_request(monkeypatch):
    pytest.importorskip("socksio")
    asked = []

    async def serve(reader, writer):
        _, methods = await reader.readexactly(2)
        await reader.readexactly(methods)
        writer.write(b"\x05\x00")
        await reader.readexactly(4)
        length = (await reader.readexactly(1))[0]
        asked.append(await reader.readexactly(length))
        await reader.readexactly(2)
        writer.write(b"\x05\x00\x00\x01\x7f\x00\x00\x01\x00\x50")
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]")
        await asyncio.Event().wait()

    async with listening(serve) as port:
        monkeypatch.setenv("ALL_PROXY", f"socks5://127.0.0.1:{port}")
        async with StudioWorkspace("http://far.example/", W, TOKEN, retry=ONCE) as workspace:
            assert await workspace.datasets() is not None
    assert asked == [b"far.example"]


def test_without_the_extra_a_socks_proxy_is_refused_in_words():
    code = (
        "import asyncio, sys; sys.modules['socksio'] = None\n"
        "from amltui.workspaces.studio import StudioWorkspace\n"
        "async def ask():\n"
        f"    async with StudioWorkspace('http://far.example/', '{W}', 'abc') as workspace:\n"
        "        await workspace.datasets()\n"
        "try:\n    asyncio.run(ask())\n"
        "except Exception as error: print(type(error).__name__, error, error.hint)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={"ALL_PROXY": "socks5://127.0.0.1:9"},
    )
    assert done.stdout.startswith("ConfigError ALL_PROXY names a SOCKS proxy")
    assert "amltui[socks]" in done.stdout
