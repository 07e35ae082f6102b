"""Bad lines between the program and stores: never a wrong file."""

from __future__ import annotations

import os

import obstore
import pytest
from obstore.store import from_url

from amltui import errors
from amltui.cache import Cache
from amltui.transfers import Options, State, Transfers
from amltui.workspaces.folder.store import StoreWorkspace
from tests.support.proxy import Fault, fault_proxy

DATA = os.urandom(12_000_000)
ENDPOINTS = ("AWS_ENDPOINT", "AZURE_STORAGE_ENDPOINT")


class few:  # noqa: N801 - used as a function
    """A rule: `fault` for the first requests of contents."""

    def __init__(self, fault):
        self.fault, self.left = fault, 2

    def __call__(self, request):
        if request.method != "GET" or "list" in request.target or not self.left:
            return None
        self.left -= 1
        return self.fault


LINES = {
    "cut": Fault(cut=70_000),
    "cut before the first byte": Fault(cut=0),
    "the answer is lost": Fault(lose_answer=True),
    "500": Fault(answer=(500, {}, b"")),
    "503 with a page": Fault(answer=(503, {"Content-Type": "text/html"}, b"<html>")),
    "no ranges": Fault(ignore_range=True),
    "another version": Fault(headers={"ETag": '"another"'}),
}


async def through(url, monkeypatch, proxy, tmp_path, work):
    """Run `work` with transfers whose requests go through a proxy."""
    for name in ENDPOINTS:
        if value := os.environ.get(name):
            path = "/" + value.partition("://")[2].partition("/")[2]
            monkeypatch.setenv(name, f"{proxy.endpoint.rstrip('/')}{path}".rstrip("/"))
    with Cache(tmp_path / "cache") as cache:
        async with (
            StoreWorkspace(url, write=True) as workspace,
            Transfers(workspace, cache, options=Options(attempts=6)) as transfers,
        ):
            return await work(workspace, transfers)


@pytest.mark.parametrize("line", LINES)
async def test_a_download_is_whole_or_an_error(service, url, monkeypatch, tmp_path, line):
    store = from_url(url, client_options={"allow_http": True})
    obstore.put(store, "a.bin", DATA)
    target = tmp_path / "out.bin"

    async def work(workspace, transfers):
        dataset = await workspace.named("a.bin")
        proxy.rule = few(LINES[line])
        return await transfers.finished(transfers.download(dataset, target).id)

    async with fault_proxy(int(service.endpoint.rpartition(":")[2].partition("/")[0])) as proxy:
        try:
            done = await through(url, monkeypatch, proxy, tmp_path, work)
        except errors.AmltuiError:
            assert line in {"another version", "no ranges"}
            assert not target.exists()
            return
    assert done.state is State.DONE
    assert target.read_bytes() == DATA
    assert proxy.rule.left < 2
