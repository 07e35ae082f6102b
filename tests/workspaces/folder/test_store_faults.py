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
ENDPOINTS = ("AWS_ENDPOINT", "AZURE_STORAGE_ENDPOINT", "STORAGE_EMULATOR_HOST")


class few:  # noqa: N801 - used as a function
    """A rule: `fault` for the first requests that are `meant`."""

    def __init__(self, fault, meant, *, times=2):
        self.fault, self.meant, self.left = fault, meant, times

    def __call__(self, request):
        if not self.left or not self.meant(request):
            return None
        self.left -= 1
        return self.fault


def reads(request):
    """Whether it asks for contents."""
    return request.method == "GET" and "list" not in request.target


def sends(request):
    """Whether it sends a part."""
    part = "partNumber=" in request.target or "comp=block&" in f"{request.target}&"
    return request.method == "PUT" and part


def ends(request):
    """Whether it makes an object of its parts."""
    blocks = request.method == "PUT" and "comp=blocklist" in request.target
    return blocks or (request.method == "POST" and "uploadId=" in request.target)


LINES = {
    "cut": Fault(cut=70_000),
    "cut before the first byte": Fault(cut=0),
    "the answer is lost": Fault(lose_answer=True),
    "500": Fault(answer=(500, {}, b"")),
    "503 with a page": Fault(answer=(503, {"Content-Type": "text/html"}, b"<html>")),
    "no ranges": Fault(ignore_range=True),
    "another version": Fault(headers={"ETag": '"another"'}),
}

UPLOADS = {
    "cut": Fault(cut_request=100),
    "cut before the first byte": Fault(cut_request=-1),
    "the answer is lost": Fault(lose_answer=True),
    "500": Fault(answer=(500, {}, b"")),
    "503 with a page": Fault(answer=(503, {"Content-Type": "text/html"}, b"<html>")),
    "403 for a part": Fault(answer=(403, {}, b"")),
    "403 at the end": Fault(answer=(403, {}, b"")),
}
"""For the first part and the first end of an upload, or as their names say."""


@pytest.fixture(params=["moto", "azurite", "gcs"])
def read_service(request, monkeypatch):
    """What is only read here, too."""
    found = request.getfixturevalue(request.param)
    for name, value in found.environment.items():
        monkeypatch.setenv(name, value)
    return found


async def through(url, monkeypatch, proxy, tmp_path, work):
    """Run `work` with transfers whose requests go through a proxy."""
    for name in ENDPOINTS:
        if value := os.environ.get(name):
            path = "/" + value.partition("://")[2].partition("/")[2]
            monkeypatch.setenv(name, f"{proxy.endpoint.rstrip('/')}{path}".rstrip("/"))
    with Cache(tmp_path / "cache") as cache:
        async with (
            StoreWorkspace(url, write=not url.startswith("gs:")) as workspace,
            Transfers(workspace, cache, options=Options(attempts=6)) as transfers,
        ):
            return await work(workspace, transfers)


def port_of(service):
    return int(service.endpoint.rpartition(":")[2].partition("/")[0])


@pytest.mark.parametrize("line", LINES)
async def test_a_download_is_whole_or_an_error(read_service, monkeypatch, tmp_path, line):
    url = read_service.new_container()
    if url.startswith("gs:"):
        read_service.put(url, {"a.bin": DATA})
    else:
        obstore.put(from_url(url, client_options={"allow_http": True}), "a.bin", DATA)
    target = tmp_path / "out.bin"

    async def work(workspace, transfers):
        dataset = await workspace.named("a.bin")
        proxy.rule = few(LINES[line], reads)
        return await transfers.finished(transfers.download(dataset, target).id)

    async with fault_proxy(port_of(read_service), unseen=True) as proxy:
        try:
            done = await through(url, monkeypatch, proxy, tmp_path, work)
        except errors.AmltuiError:
            assert line in {"another version", "no ranges"}
            assert not target.exists()
            return
    assert done.state is State.DONE
    assert target.read_bytes() == DATA
    assert proxy.rule.left < 2


@pytest.mark.slow  # Azure's client waits seconds before it asks again
@pytest.mark.parametrize("line", UPLOADS)
async def test_an_upload_makes_the_whole_object_or_none(service, url, monkeypatch, tmp_path, line):
    rules = [few(UPLOADS[line], one, times=1) for one in (sends, ends)]
    if line.startswith("403"):
        del rules[line == "403 for a part"]
    store = from_url(url, client_options={"allow_http": True})
    source = tmp_path / "a.bin"
    source.write_bytes(DATA)

    async def work(workspace, transfers):
        await workspace.capabilities()
        proxy.rule = lambda request: next(filter(None, (rule(request) for rule in rules)), None)
        begun = transfers.upload(source, name="a.bin", data_type_id="GenericCSV")
        return await transfers.finished(begun.id)

    async with fault_proxy(port_of(service)) as proxy:
        try:
            await through(url, monkeypatch, proxy, tmp_path, work)
        except errors.AmltuiError:
            assert line.startswith("403")
            assert not [one for page in obstore.list(store) for one in page]
            return
    assert [rule.left for rule in rules] == [0, 0]
    assert bytes(obstore.get(store, "a.bin").bytes()) == DATA
