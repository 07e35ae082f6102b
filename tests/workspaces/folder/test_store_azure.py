"""Copies that Azure makes by itself, behind a proxy that says how far they are."""

from __future__ import annotations

import asyncio

import obstore
import pytest
from azure.storage.blob import BlobServiceClient
from obstore.store import from_url

from amltui import errors
from amltui.workspaces.folder import store_azure
from amltui.workspaces.folder.store_writing import ObjectPlace
from tests.support.proxy import Fault, fault_proxy
from tests.support.services import ACCOUNT, KEY


@pytest.fixture
def container(azurite, monkeypatch):
    for name, value in azurite.environment.items():
        monkeypatch.setenv(name, value)
    url = azurite.new_container()
    name, _, prefix = url.removeprefix("az://").partition("/")
    store = from_url(url, client_options={"allow_http": True})
    return store, lambda key: ObjectPlace(name, f"{prefix}/{key}" if prefix else key)


async def copied(azurite, container, rule, **more):
    store, place = container
    etag = obstore.put(store, "from", b"abc")["e_tag"].strip('"')
    async with fault_proxy(azurite.port, rule) as proxy:
        credential = {"account_name": ACCOUNT, "account_key": KEY}
        address = f"{proxy.endpoint}{ACCOUNT}"
        client = BlobServiceClient(address, credential=credential, retry_total=0)
        writer = store_azure.AzureWriter(client)
        try:
            async with asyncio.timeout(20):
                await asyncio.to_thread(writer.copy, place("from"), etag, place("to"), **more)
        finally:
            await asyncio.to_thread(writer.close)
    return store


def saying(status):
    def rule(request):
        if "/to" in request.target and request.method in {"PUT", "HEAD"}:
            return Fault(headers={"x-ms-copy-status": status})
        return None

    return rule


async def test_a_copy_that_comes_no_further_is_stopped_and_leaves_nothing(
    azurite, container, monkeypatch
):
    monkeypatch.setattr(store_azure, "_STALL", 0.3)
    monkeypatch.setattr(store_azure, "_WAIT", 0.05)
    with pytest.raises(errors.ServerFailed, match="came no further") as caught:
        await copied(azurite, container, saying("pending"))
    assert KEY not in f"{caught.value} {caught.value.hint}"
    assert [one["path"] for one in obstore.list(container[0]).collect()] == ["from"]


async def test_a_copy_that_is_stopped_leaves_nothing(azurite, container):
    def go_on(_):
        raise errors.Cancelled("Stopped")

    with pytest.raises(errors.Cancelled):
        await copied(azurite, container, saying("pending"), go_on=go_on)
    assert [one["path"] for one in obstore.list(container[0]).collect()] == ["from"]


async def test_a_copy_that_fails_in_the_background_leaves_nothing(azurite, container, monkeypatch):
    monkeypatch.setattr(store_azure, "_WAIT", 0.05)
    answers = ["pending", "pending"]

    def rule(request):
        return saying(answers.pop() if answers else "failed")(request)

    with pytest.raises(errors.ServerFailed, match="did not copy"):
        await copied(azurite, container, rule)
    assert [one["path"] for one in obstore.list(container[0]).collect()] == ["from"]


async def test_a_copy_in_the_background_is_waited_for(azurite, container, monkeypatch):
    monkeypatch.setattr(store_azure, "_WAIT", 0.05)
    answers = ["pending", "pending", "pending"]

    def rule(request):
        return saying(answers.pop() if answers else "success")(request)

    store = await copied(azurite, container, rule)
    assert bytes(obstore.get(store, "to").bytes()) == b"abc"
