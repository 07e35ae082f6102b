"""Bad lines and bad hosts between us and Azure: never a wrong file, never a wait without end."""

from __future__ import annotations

import asyncio
import contextlib
import io
import os
from datetime import timedelta

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from amltui import errors
from amltui.cache import Cache
from amltui.config.azure import cloud_of
from amltui.services.folders import files_below
from amltui.transfers import Options, Transfers
from amltui.workspaces.azureml import AzureMLWorkspace, stores, writing
from amltui.workspaces.http import client
from amltui.workspaces.http.retries import Retry
from tests.support.azure import BLOBS, MANAGED, MANAGER
from tests.support.proxy import Fault, fault_proxy
from tests.support.services import KEY
from tests.workspaces.azureml.conftest import HERE

DATA = b"number,text\n" + b"".join(b"%d,some text\n" % number for number in range(60_000))
HTML = {"Content-Type": "text/html"}
SIGN_IN = b"<html><head><title>Sign in to the network</title></head></html>"
XML = b"<?xml version='1.0'?><Error><Code>%s</Code><Message>No.</Message></Error>"
LIMIT = 25.0
"""Seconds within which every error must come here; what goes well in spite of faults may take as
many times longer as its `silence`."""


def refused(status, code, **headers):
    """An answer of the blob service."""
    given = {"x-ms-error-code": code, "Content-Type": "application/xml", **headers}
    return Fault(answer=(status, given, XML % code.encode()))


def silence_of(fault):
    """Seconds without an answer that a request is given where all is well in the end.

    As many as a busy machine may need, but few where silence is the fault: it is waited for.
    """
    return 3.0 if fault.wait or fault.stall is not None else 30.0


def times(count, fault, method="", within=""):
    """A rule: `fault` as often for requests of a method, where their address holds `within`."""
    left = [count]

    def rule(request):
        if method in {"", request.method} and within in request.target and left[0]:
            left[0] -= 1
            return fault
        return None

    return rule


@pytest.fixture
async def between(azure, azure_cloud, monkeypatch, tmp_path):
    """Opens a queue behind proxies that do what rules for the manager and the blobs say."""

    def be_quick(silence):
        """Let a request end after so many seconds without an answer, or twice as many."""
        monkeypatch.setattr(client, "HEAD_SECONDS", 2 * silence)
        monkeypatch.setattr(client, "BODY_SECONDS", 2 * silence)
        retry = {"retry_timeout": timedelta(seconds=5 * silence), "max_retries": 2}
        retry["backoff"] = {"init_backoff": timedelta(milliseconds=10), "base": 2}
        monkeypatch.setattr(stores, "_RETRY", retry)
        limits = {"connect_timeout": 2 * silence, "read_timeout": silence}
        limits = {name: timedelta(seconds=value) for name, value in limits.items()}
        monkeypatch.setattr(stores, "_CLIENT", stores._CLIENT | limits)
        monkeypatch.setattr(writing, "_LIMITS", writing._LIMITS | {"read_timeout": silence})

    async with contextlib.AsyncExitStack() as stack:

        async def opened(*, manager=lambda _: None, blobs=lambda _: None, silence=1.0):
            be_quick(silence)
            proxies = []
            for part, rule in ((MANAGED, manager), (BLOBS, blobs)):
                port = azure_cloud.ports[part]
                proxy = fault_proxy(port, rule, tls=azure_cloud.certificate)
                proxies.append(await stack.enter_async_context(proxy))
                monkeypatch.setitem(azure_cloud.ports, part, proxies[-1].port)
            cloud = cloud_of(MANAGER, source="the tests")
            made = AzureMLWorkspace(HERE, cloud, retry=Retry(attempts=3, first_wait=0.01))
            workspace = await stack.enter_async_context(made)
            cache = stack.enter_context(Cache(tmp_path / "cache", 10**9))
            given = {"stall": silence, "offline_timeout": 3 * silence}
            options = Options(attempts=3, attended=False, **given)
            queue = Transfers(workspace, cache, options=options)
            return workspace, await stack.enter_async_context(queue), *proxies

        yield opened


def said(caught):
    return f"{caught.value} {caught.value.hint} {caught.value!r}"


def without_secrets(azure, text):
    """A text in which nothing is that opens a store or a workspace."""
    assert KEY not in text
    assert "sig=" not in text
    assert "the-secret-of-the-program" not in text
    assert not any(token in text for token in azure.tokens)
    return text


# Reading

READ_ALL_THE_SAME = {
    "cut in the middle": (2, Fault(cut=70_000), "GET", ".csv"),
    "cut before its first byte": (2, Fault(cut=0), "GET", ".csv"),
    "answer lost": (2, Fault(lose_answer=True), "GET", ".csv"),
    "stalled": (1, Fault(stall=50_000), "GET", ".csv"),
    "slow": (99, Fault(rate=2_000_000.0), "GET", ".csv"),
    "500": (2, Fault(answer=(500, {}, b"")), "GET", ".csv"),
    "503 with HTML": (2, Fault(answer=(503, HTML, SIGN_IN)), "GET", ".csv"),
    "503 ServerBusy": (2, refused(503, "ServerBusy"), "GET", ".csv"),
    "429 with Retry-After": (1, refused(429, "TooMany", **{"Retry-After": "1"}), "GET"),
    "shorter": (1, Fault(edit=lambda body: body[:-5]), "GET", ".csv"),
    "an HTML page": (1, Fault(answer=(200, HTML, SIGN_IN)), "GET", ".csv"),
    "key changed": (1, refused(403, "AuthenticationFailed"), "GET", ".csv"),
}


@pytest.mark.parametrize("fault", READ_ALL_THE_SAME)
async def test_a_file_comes_as_it_is_however_bad_the_line(azure, blobs, between, tmp_path, fault):
    azure.add("sales", blobs("sales.csv", DATA))
    silence = silence_of(READ_ALL_THE_SAME[fault][1])
    rule = times(*READ_ALL_THE_SAME[fault])
    workspace, queue, *_ = await between(blobs=rule, silence=silence)
    async with asyncio.timeout(LIMIT * silence):
        dataset = await workspace.dataset("sales")
        await queue.finished(queue.download(dataset, tmp_path / "out.csv").id)
    assert (tmp_path / "out.csv").read_bytes() == DATA


NOT_READ = {
    "always cut": (Fault(cut=0), (errors.TransferCut, errors.Unreachable)),
    "always stalled": (Fault(stall=10), (errors.TransferCut, errors.Unreachable)),
    "always 500": (Fault(answer=(500, {}, b"")), errors.ServerFailed),
    "always HTML": (Fault(answer=(200, HTML, SIGN_IN)), errors.ServerFailed),
    "always 403": (refused(403, "AuthorizationPermissionMismatch"), errors.Unauthorized),
    "always 404": (refused(404, "BlobNotFound"), errors.DatasetGone),
    "always 429": (refused(429, "TooMany", **{"Retry-After": "1"}), errors.TooManyRequests),
    "another version": (refused(412, "ConditionNotMet"), errors.ContentChanged),
}


@pytest.mark.parametrize("fault", NOT_READ)
async def test_what_does_not_come_leaves_no_file_and_says_why(
    azure, blobs, between, tmp_path, fault
):
    azure.add("sales", blobs("sales.csv", DATA))
    given, expected = NOT_READ[fault]
    workspace, queue, *_ = await between(blobs=times(10**6, given, "GET", ".csv"))
    async with asyncio.timeout(LIMIT):
        dataset = await workspace.dataset("sales")
        with pytest.raises(expected) as caught:
            await queue.finished(queue.download(dataset, tmp_path / "out.csv").id)
    text = without_secrets(azure, said(caught))
    if fault == "always 403":
        assert "Storage Blob Data Reader" in text
    assert not (tmp_path / "out.csv").exists()
    assert [one for one in tmp_path.iterdir() if one.name != "cache"] == []


PARQUET_TABLE = b"paths: [{file: ./1.parquet}]\ntransformations: [read_parquet, take: 5]\n"


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (Fault(cut=0), (errors.TransferCut, errors.Unreachable)),
        (refused(403, "AuthorizationPermissionMismatch"), errors.Unauthorized),
        (refused(404, "BlobNotFound"), errors.DatasetGone),
    ],
    ids=["cut", "403", "404"],
)
async def test_parquet_whose_rows_are_made_is_not_called_damaged_where_the_line_is_bad(
    azure, blobs, between, fault, expected
):
    out = io.BytesIO()
    pq.write_table(pa.table({"a": range(1_000)}), out)
    blobs("made/1.parquet", out.getvalue())
    blobs("made/MLTable", PARQUET_TABLE)
    azure.add("made", azure.path("made"), "mltable")
    workspace, *_ = await between(blobs=times(10**6, fault, "GET", ".parquet"))
    async with asyncio.timeout(LIMIT):
        with pytest.raises(expected) as caught:
            await whole(workspace, "made")
    without_secrets(azure, said(caught))


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (refused(403, "AuthorizationFailure"), errors.Unauthorized),
        (refused(404, "BlobNotFound"), errors.DatasetGone),
        (Fault(answer=(500, {}, b"")), errors.ServerFailed),
        (Fault(answer=(200, HTML, SIGN_IN)), errors.ServerFailed),
        (Fault(lose_answer=True), errors.Unreachable),
        (Fault(wait=3600), errors.Unreachable),
    ],
    ids=["403", "404", "500", "HTML", "lost", "never"],
)
@pytest.mark.parametrize("method", ["HEAD", "GET"])
async def test_the_place_of_an_asset_that_does_not_answer_is_an_error_in_time(
    azure, blobs, between, fault, expected, method
):
    """HEAD: of the file of an asset. GET: of the list of files in a folder."""
    azure.add("sales", blobs("sales.csv", DATA))
    azure.add("days", blobs("days/1.csv", DATA).removesuffix("1.csv"), "uri_folder")
    blob_rule = times(10**6, fault, method)
    workspace, *_ = await between(blobs=blob_rule)
    async with asyncio.timeout(LIMIT):
        with pytest.raises(expected) as caught:
            await workspace.dataset("sales" if method == "HEAD" else "days")
    without_secrets(azure, said(caught))


@pytest.mark.parametrize(
    "fault",
    [Fault(cut=10), Fault(lose_answer=True), Fault(answer=(503, {}, b""))],
    ids=["cut", "lost", "503"],
)
async def test_a_list_that_is_cut_in_the_middle_comes_whole(azure, between, fault):
    for number in range(250):
        azure.add(f"a{number}", "https://example.org/x.csv")
    rule = times(1, fault, "GET", "skipToken")
    workspace, *_ = await between(manager=rule, silence=silence_of(fault))
    async with asyncio.timeout(LIMIT * silence_of(fault)):
        assert len((await workspace.datasets()).datasets) == 250


@pytest.mark.parametrize(
    "fault",
    [Fault(cut=10), Fault(lose_answer=True), Fault(wait=3600), Fault(stall=10)],
    ids=["cut", "lost", "never", "stalled"],
)
async def test_a_list_that_does_not_come_is_an_error_in_time(azure, between, fault):
    azure.add("sales", "https://example.org/x.csv")
    workspace, *_ = await between(manager=times(10**6, fault, "GET", "/data"))
    async with asyncio.timeout(LIMIT):
        with pytest.raises(errors.Unreachable) as caught:
            await workspace.datasets()
    without_secrets(azure, said(caught))


# Writing

SENT_ALL_THE_SAME = {
    "a block is cut": (2, Fault(cut_request=70_000), "PUT", "comp=block&"),
    "the answer to a block is lost": (2, Fault(lose_answer=True), "PUT", "comp=block&"),
    "the answer to a block stalls": (1, Fault(wait=3600), "PUT", "comp=block&"),
    "500": (2, Fault(answer=(500, {}, b"")), "PUT", "comp=block&"),
    "429": (1, refused(429, "TooMany", **{"Retry-After": "1"}), "PUT", "comp=block&"),
    "the answer to the list is lost": (2, Fault(lose_answer=True), "PUT", "blocklist"),
    "the list is answered with 503": (2, refused(503, "ServerBusy"), "PUT", "blocklist"),
    "an HTML page": (1, Fault(answer=(200, HTML, SIGN_IN)), "PUT", "comp=block&"),
    "an HTML page for the list": (1, Fault(answer=(200, HTML, SIGN_IN)), "PUT", "blocklist"),
    "key changed": (1, refused(403, "AuthenticationFailed"), "PUT", "comp=block&"),
}
MADE_ALL_THE_SAME = {
    "the answer that it is made is lost": (1, Fault(lose_answer=True), "PUT", "/versions/"),
    "that answer is cut": (1, Fault(cut=20), "PUT", "/versions/"),
    "503": (1, Fault(answer=(503, {}, b"")), "PUT", "/versions/"),
    "429": (1, Fault(answer=(429, {"Retry-After": "1"}, b"")), "PUT", "/versions/"),
    "the request is cut": (1, Fault(cut_request=10), "PUT", "/versions/"),
}
WRITTEN = {**SENT_ALL_THE_SAME, **MADE_ALL_THE_SAME}


def rules(fault):
    where = "blobs" if fault in SENT_ALL_THE_SAME else "manager"
    return {where: times(*WRITTEN[fault])}


async def whole(workspace, name):
    async with workspace.read(await workspace.dataset(name)) as content:
        return b"".join([piece async for piece in content])


@pytest.mark.parametrize(
    ("fault", "replaces"),
    [*((one, None) for one in WRITTEN), *((one, "sales") for one in MADE_ALL_THE_SAME)],
)
async def test_a_file_is_sent_as_it_is_and_once_however_bad_the_line(
    azure, blobs, between, tmp_path, fault, replaces
):
    if replaces:
        azure.add("sales", blobs("sales.csv", b"old\n"))
    (tmp_path / "in.csv").write_bytes(DATA)
    silence = silence_of(WRITTEN[fault][1])
    workspace, queue, *_ = await between(**rules(fault), silence=silence)
    async with asyncio.timeout(LIMIT * silence):
        begun = queue.upload(
            tmp_path / "in.csv", name="sales", data_type_id="GenericCSV", replaces=replaces
        )
        done = await queue.finished(begun.id)
        assert done.dataset_id == ("sales:2" if replaces else "sales:1")
        assert await whole(workspace, "sales") == DATA
    assert len(azure.assets["sales"].versions) == (2 if replaces else 1)
    assert not azure.listed


async def test_a_version_whose_answer_never_came_is_found_when_it_is_sent_again(
    azure, between, tmp_path
):
    (tmp_path / "in.csv").write_bytes(DATA)
    rule = times(1, Fault(wait=3600), "PUT", "/versions/")
    workspace, queue, *_ = await between(manager=rule)
    async with asyncio.timeout(LIMIT):
        begun = queue.upload(tmp_path / "in.csv", name="sales", data_type_id="GenericCSV")
        with pytest.raises(errors.Unreachable) as caught:
            await queue.finished(begun.id)
        without_secrets(azure, said(caught))
        queue.resume(begun.id)
        assert (await queue.finished(begun.id)).dataset_id == "sales:1"
        assert await whole(workspace, "sales") == DATA
    assert len(azure.assets["sales"].versions) == 1


NOT_SENT = {
    "always cut": (BLOBS, Fault(cut_request=10), errors.Unreachable, ""),
    "no answer": (BLOBS, Fault(wait=3600), errors.Unreachable, ""),
    "always 500": (BLOBS, Fault(answer=(500, {}, b"")), errors.ServerFailed, ""),
    "always HTML": (BLOBS, Fault(answer=(200, HTML, SIGN_IN)), errors.ServerFailed, "proxy"),
    "may not write": (
        BLOBS,
        refused(403, "AuthorizationPermissionMismatch"),
        errors.Unauthorized,
        "Storage Blob Data Contributor",
    ),
    "no container": (BLOBS, refused(404, "ContainerNotFound"), errors.NotFound, ""),
    "may not make": (
        MANAGED,
        Fault(answer=(403, {}, b'{"error": {"code": "AuthorizationFailed", "message": "No"}}')),
        errors.Unauthorized,
        "AzureML Data Scientist",
    ),
    "somebody else's version": (
        MANAGED,
        Fault(answer=(409, {}, b'{"error": {"code": "UserError", "message": "There is one"}}')),
        errors.Conflict,
        "",
    ),
    "HTML for the version": (
        MANAGED,
        Fault(answer=(403, HTML, SIGN_IN)),
        errors.Unauthorized,
        "proxy",
    ),
}


@pytest.mark.parametrize("fault", NOT_SENT)
async def test_what_cannot_be_sent_makes_nothing_and_says_why(azure, between, tmp_path, fault):
    (tmp_path / "in.csv").write_bytes(DATA)
    where, given, expected, hint = NOT_SENT[fault]
    rule = times(10**6, given, "PUT", "/LocalUpload/" if where == BLOBS else "/versions/")
    part = "blobs" if where == BLOBS else "manager"
    _workspace, queue, *_ = await between(**{part: rule})
    async with asyncio.timeout(LIMIT):
        begun = queue.upload(tmp_path / "in.csv", name="sales", data_type_id="GenericCSV")
        with pytest.raises(expected) as caught:
            await queue.finished(begun.id)
    assert hint in without_secrets(azure, said(caught))
    assert azure.assets == {}


async def test_a_sign_in_that_ends_in_the_middle_of_an_upload_is_renewed(azure, between, tmp_path):
    (tmp_path / "in.csv").write_bytes(DATA)

    def rule(request):
        if request.method == "PUT" and "comp=blocklist" in request.target:
            azure.tokens.clear()

    silence = 30.0
    workspace, queue, *_ = await between(blobs=rule, silence=silence)
    async with asyncio.timeout(LIMIT * silence):
        begun = queue.upload(tmp_path / "in.csv", name="sales", data_type_id="GenericCSV")
        await queue.finished(begun.id)
        assert await whole(workspace, "sales") == DATA


FOLDER_SENT_ALL_THE_SAME = {
    "a look is lost": (2, Fault(lose_answer=True), "GET", "comp=blocklist"),
    "a block is cut": (2, Fault(cut_request=70_000), "PUT", "comp=block&"),
    "503": (2, refused(503, "ServerBusy"), "PUT", "comp=block&"),
    "the answer to a list is lost": (2, Fault(lose_answer=True), "PUT", "blocklist"),
    "an HTML page": (1, Fault(answer=(200, HTML, SIGN_IN)), "PUT", "comp=block&"),
    "key changed": (1, refused(403, "AuthenticationFailed"), "PUT", "comp=block&"),
    "the answer that it is made is lost": (1, Fault(lose_answer=True), "PUT", "/versions/"),
}


@pytest.fixture
def days(tmp_path):
    """A folder that no other test sent."""
    folder = tmp_path / "days"
    folder.mkdir()
    header = b"%s,text\n" % os.urandom(8).hex().encode()
    for number in range(3):
        rows = b"".join(b"%d,some text of %d\n" % (row, number) for row in range(20_000))
        (folder / f"{number}.csv").write_bytes(header + rows)
    return folder


@pytest.mark.parametrize("fault", FOLDER_SENT_ALL_THE_SAME)
async def test_a_folder_is_sent_as_it_is_and_once_however_bad_the_line(
    azure, between, days, put_folder, fault
):
    given = FOLDER_SENT_ALL_THE_SAME[fault]
    part = "manager" if given[3] == "/versions/" else "blobs"
    silence = silence_of(given[1])
    workspace, *_ = await between(**{part: times(*given)}, silence=silence)
    files = tuple(files_below(days))
    async with asyncio.timeout(LIMIT * silence):
        assert await put_folder(workspace, days) == "days:1"
        for file in files:
            assert await whole(workspace, f"days/{file.name}") == file.path.read_bytes()
    assert len(azure.assets["days"].versions) == 1


@pytest.mark.parametrize(
    ("fault", "expected", "hint"),
    [
        (Fault(cut_request=10), errors.Unreachable, ""),
        (Fault(wait=3600), errors.Unreachable, ""),
        (refused(403, "AuthorizationPermissionMismatch"), errors.Unauthorized, "Contributor"),
        (Fault(answer=(200, HTML, SIGN_IN)), errors.ServerFailed, "proxy"),
    ],
    ids=["cut", "never", "403", "HTML"],
)
async def test_a_folder_that_cannot_be_sent_makes_nothing_and_says_why(
    azure, between, days, put_folder, fault, expected, hint
):
    workspace, *_ = await between(blobs=times(10**6, fault, "PUT", "/LocalUpload/"))
    async with asyncio.timeout(LIMIT):
        with pytest.raises(expected) as caught:
            await put_folder(workspace, days)
    assert hint in without_secrets(azure, said(caught))
    assert azure.assets == {}
