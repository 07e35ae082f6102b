"""Bad lines and bad hosts: never a wrong file, always a success or an error that says why."""

from __future__ import annotations

import asyncio
import os
from dataclasses import replace
from urllib.parse import urlsplit

import pytest

from amltui import errors
from amltui.models import Location
from amltui.transfers import Options, State, Transfers
from amltui.workspaces.studio import StudioWorkspace
from tests.support.proxy import Fault, always, fault_proxy, once
from tests.support.raw_server import Answer, raw_server

DATA = os.urandom(5_000_000)
PAGE = (200, {"Content-Type": "text/html"}, b"<html>Please sign in to the hotel's network</html>")


def swap_halves(body):
    half = len(body) // 2
    return body[half : 2 * half] + body[:half] + body[2 * half :]


SURVIVED = {
    "the head is cut": once(Fault(cut=1000)),
    "a range is cut": once(Fault(cut=70_000), skip=2, times=3),
    "a range is cut before its first byte": once(Fault(cut=0), skip=1),
    "the answer is lost": once(Fault(lose_answer=True), skip=1, times=2),
    "500 for a while": once(Fault(answer=(500, {}, b"")), times=3),
    "503 with an HTML body": once(Fault(answer=(503, {}, b"<html>")), skip=2, times=2),
    "429 with Retry-After": once(Fault(answer=(429, {"Retry-After": "1"}, b"")), times=1),
    "a range stalls": once(Fault(stall=10_000), skip=1),
    "the head stalls": once(Fault(stall=0)),
    "an HTML page once": once(Fault(answer=PAGE), skip=1),
    "bytes out of order once": once(Fault(edit=swap_halves), skip=1),
    "a damaged byte once": once(Fault(edit=lambda body: bytes([body[0] ^ 1]) + body[1:]), skip=2),
    "bytes twice": once(Fault(edit=lambda body: body[:1000] + body), skip=1),
    "a shorter body": once(Fault(edit=lambda body: body[:-5]), skip=1),
    "a host without ranges": always(Fault(ignore_range=True)),
    "a host that forgets about ranges": once(Fault(ignore_range=True), skip=2, times=9),
    "a validator that changes once": once(Fault(headers={"ETag": '"other"'}), skip=2),
    "no validator at all": always(
        Fault(headers={"ETag": None, "Repr-Digest": None, "Content-MD5": None})
    ),
}


@pytest.mark.parametrize("quota", [10**9, 1_000_000], ids=["through the cache", "straight"])
@pytest.mark.parametrize("fault", SURVIVED)
async def test_a_download_survives(line, stored, tmp_path, fault, quota):
    dataset = await stored(DATA)
    transfers, _proxy = await line(SURVIVED[fault], quota=quota, stall=0.5)
    target = tmp_path / "out.csv"
    done = await transfers.finished(transfers.download(dataset, target).id)
    assert target.read_bytes() == DATA
    assert done.state is State.DONE
    assert [path for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def changed_digest(body):
    return bytes(len(body))


HOPELESS = {
    "always an HTML page": (always(Fault(answer=PAGE)), errors.ContentError),
    "always damaged": (always(Fault(edit=changed_digest)), errors.Damaged),
    "always 500": (always(Fault(answer=(500, {}, b""))), errors.ServerFailed),
    "always 404": (always(Fault(answer=(404, {}, b""))), errors.ContentLost),
    "always 410": (always(Fault(answer=(410, {}, b""))), errors.ContentLost),
    "always 403": (always(Fault(answer=(403, {}, b""))), errors.LinkExpired),
    "always cut": (always(Fault(cut=0)), errors.TransferCut),
    "always stalled": (always(Fault(stall=0)), errors.TransferCut),
}


@pytest.mark.parametrize("quota", [10**9, 1_000_000], ids=["through the cache", "straight"])
@pytest.mark.parametrize("fault", HOPELESS)
async def test_a_download_ends_with_an_error_that_names_the_cause(
    line, stored, tmp_path, fault, quota
):
    rule, expected = HOPELESS[fault]
    dataset = await stored(DATA)
    transfers, _ = await line(
        rule, quota=quota, stall=0.2 if "stalled" in fault else 30, attempts=3
    )
    with pytest.raises(expected) as caught:
        await transfers.finished(transfers.download(dataset, tmp_path / "out.csv").id)
    assert str(caught.value)
    assert not (tmp_path / "out.csv").exists()


@pytest.mark.parametrize("status", [404, 410])
async def test_a_content_that_its_store_has_lost_is_not_asked_for_again(
    line, stored, tmp_path, status
):
    dataset = await stored(DATA)
    asked = []

    def rule(request):
        asked.append(request.kind)
        return Fault(answer=(status, {}, b"")) if request.kind == "content" else None

    transfers, _ = await line(rule)
    with pytest.raises(errors.ContentLost):
        await transfers.finished(transfers.download(dataset, tmp_path / "out.csv").id)
    assert asked == ["api", "content"]


async def test_a_content_that_keeps_changing_between_ranges_is_an_error(line, stored, tmp_path):
    dataset = await stored(DATA)
    count = 0

    def rule(request):
        nonlocal count
        if request.kind != "content":
            return None
        count += 1
        return Fault(headers={"ETag": f'"{count}"', "Repr-Digest": None})

    transfers, _ = await line(rule)
    with pytest.raises(errors.ContentChanged):
        await transfers.finished(transfers.download(dataset, tmp_path / "out.csv").id)
    assert not (tmp_path / "out.csv").exists()


async def test_retry_after_is_waited_for(line, stored, tmp_path):
    dataset = await stored(b"x" * 1000)
    transfers, _ = await line(once(Fault(answer=(429, {"Retry-After": "1"}, b""))))
    loop = asyncio.get_running_loop()
    begun = loop.time()
    await transfers.finished(transfers.download(dataset, tmp_path / "out.csv").id)
    assert loop.time() - begun >= 1.0


async def test_a_cut_download_asks_only_for_what_is_missing(line, stored, tmp_path):
    dataset = await stored(DATA)
    transfers, proxy = await line(once(Fault(cut=200_000), skip=1, times=3))
    await transfers.finished(transfers.download(dataset, tmp_path / "out.csv").id)
    assert proxy.content_sent < len(DATA) + 400_000


async def test_a_network_that_is_away_is_waited_for(line, stored, tmp_path):
    dataset = await stored(DATA)
    away = True
    transfers, _ = await line(lambda _: Fault(lose_answer=True) if away else None)
    begun = transfers.download(dataset, tmp_path / "out.csv")
    async for (now,) in transfers.changes():
        if now.state is State.WAITING_NETWORK:
            assert isinstance(now.error, errors.Unreachable)
            break
    away = False
    transfers.online()
    await transfers.finished(begun.id)
    assert (tmp_path / "out.csv").read_bytes() == DATA


async def test_waiting_for_a_network_that_stays_away_ends(line, stored, tmp_path):
    dataset = await stored(DATA)
    transfers, _ = await line(always(Fault(lose_answer=True)), offline_timeout=0.3)
    with pytest.raises(errors.Unreachable):
        await transfers.finished(transfers.download(dataset, tmp_path / "out.csv").id)


async def wait_for(queue, begun):
    """How a transfer ends, within the time in which each of these must."""
    async with asyncio.timeout(30):
        return await queue.finished(begun.id)


@pytest.mark.parametrize("host", ["http://[bad/", "http://a\x1bb/", "ftp://a/", "http://a:b/", ""])
async def test_a_link_that_is_no_address_ends_the_download(transfers, stored, tmp_path, host):
    dataset = await stored(b"x")
    link = Location(base_uri=host, location="x", access_credential="?sig=secret")
    dataset = replace(dataset, download_location=link)
    with pytest.raises(errors.WorkspaceError) as caught:
        await wait_for(transfers, transfers.download(dataset, tmp_path / "out.csv"))
    assert "secret" not in str(caught.value)
    assert "\x1b" not in str(caught.value)


@pytest.mark.parametrize(
    "said",
    [
        "bytes 0-7/" + "9" * 5000,
        f"bytes 0-{'9' * 5000}/8",
        "bytes 5-2/9",
        "bytes 0-7/4",
        "bytes */*",
        "lines 0-7/8",
    ],
)
@pytest.mark.parametrize("status", [200, 206])
async def test_an_absurd_content_range_is_an_error(line, stored, tmp_path, said, status):
    dataset = replace(await stored(b"x" * 8), size=None)
    answer = (status, {"Content-Range": said, "ETag": '"a"'}, b"x" * 8)
    transfers, _ = await line(always(Fault(answer=answer)), attempts=2)
    with pytest.raises(errors.ContentError):
        await wait_for(transfers, transfers.download(dataset, tmp_path / "out.csv"))
    assert not (tmp_path / "out.csv").exists()


async def test_what_nobody_thought_of_ends_a_transfer_with_an_error(line, stored, tmp_path):
    """A fault of the program, or of Python itself, is not waited for."""

    class Unthought(Exception):
        pass

    dataset = await stored(DATA)
    transfers, _ = await line()

    def read(*_, **__):
        raise Unthought("a detail")

    transfers._context.workspace.read = read
    begun = transfers.download(dataset, tmp_path / "out.csv")
    with pytest.raises(errors.AmltuiError, match="Unthought"):
        await wait_for(transfers, begun)
    assert transfers.get(begun.id).state is State.FAILED
    feed = transfers.feed(dataset)
    with pytest.raises(errors.AmltuiError):
        await asyncio.wait_for(feed.wait_whole(), 30)
    feed.close()


@pytest.mark.parametrize("digest", ["Repr-Digest", "Content-MD5"])
@pytest.mark.parametrize("quota", [10**9, 1_000], ids=["through the cache", "straight"])
async def test_a_wrong_digest_of_a_host_without_ranges_is_fetched_a_few_times_only(
    line, stored, tmp_path, digest, quota
):
    dataset = await stored(DATA[:100_000])
    wrong = {"Repr-Digest": "sha-256=:" + "A" * 43 + "=:", "Content-MD5": "A" * 22 + "=="}
    none = {"Repr-Digest": None, "Content-MD5": None, "Accept-Ranges": None}
    fault = Fault(ignore_range=True, headers={**none, digest: wrong[digest]})
    transfers, proxy = await line(always(fault), quota=quota)
    with pytest.raises(errors.Damaged):
        await wait_for(transfers, transfers.download(dataset, tmp_path / "out.csv"))
    assert proxy.count("content") <= 5
    assert not (tmp_path / "out.csv").exists()


@pytest.mark.parametrize("total", [True, False], ids=["of a known size", "of an unknown size"])
@pytest.mark.parametrize("size", [True, False], ids=["listed", "not listed"])
async def test_a_part_that_comes_with_status_200_is_never_taken_for_the_whole(
    stored, server, cache, tmp_path, total, size
):
    """As `rclone serve s3` answers a range: 200, and the part is named in Content-Range."""
    dataset = await stored(DATA)
    fields = {"Accept-Ranges": "bytes", "ETag": '"one"'}

    def answer(request):
        asked = request.headers.get("range")
        if asked is None and total:
            return Answer(200, DATA, fields)
        first, _, last = (asked or "bytes=0-99").removeprefix("bytes=").partition("-")
        part = DATA[int(first) : int(last or len(DATA) - 1) + 1]
        of = len(DATA) if total else "*"
        said = {"Content-Range": f"bytes {first}-{int(first) + len(part) - 1}/{of}"}
        return Answer(200, part, {**fields, **said})

    async with raw_server(answer) as host:
        link = Location(base_uri=host.endpoint, location="x", access_credential="?x")
        dataset = replace(dataset, download_location=link, sha256=None)
        dataset = dataset if size else replace(dataset, size=None)
        target = tmp_path / "out.csv"
        access = (server.endpoint, server.workspace_id, server.token)
        async with (
            StudioWorkspace(*access, key="parts") as workspace,
            Transfers(workspace, cache, options=Options(attempts=2)) as transfers,
        ):
            begun = transfers.download(dataset, target)
            if total or size:
                await wait_for(transfers, begun)
                assert target.read_bytes() == DATA
            else:
                with pytest.raises(errors.ContentError):
                    await wait_for(transfers, begun)
                assert not target.exists()


@pytest.mark.parametrize("kind", ["content", "block", "begin", "api"])
async def test_what_fails_is_asked_for_no_more_often_than_one_policy_says(
    server, stored, cache, tmp_path, kind
):
    """The workspace itself repeats what is safe to repeat, but not beneath the transfers."""
    dataset = await stored(b"x")
    (tmp_path / "up.csv").write_bytes(DATA)  # several blocks: the list is read for the name
    port = urlsplit(server.endpoint).port
    async with fault_proxy(port, always(Fault(answer=(503, {}, b"")), kind)) as proxy:
        access = (proxy.endpoint, server.workspace_id, server.token)
        async with (
            StudioWorkspace(*access, key="once") as workspace,
            Transfers(workspace, cache, options=Options(attempts=3, parts=1)) as transfers,
        ):
            if kind == "content":
                begun = transfers.download(dataset, tmp_path / "out.csv")
            else:
                begun = transfers.upload(tmp_path / "up.csv", name="503", data_type_id="Zip")
            with pytest.raises(errors.ServerFailed):
                await wait_for(transfers, begun)
    assert proxy.count(kind) == 3


@pytest.mark.parametrize("size", [1_000_000, 5_000_000])
async def test_a_content_that_is_not_read_to_its_end_leaves_no_task(server, stored, size):
    dataset = await stored(os.urandom(size))
    before = asyncio.all_tasks()
    async with StudioWorkspace(server.endpoint, server.workspace_id, server.token) as workspace:
        async with workspace.read(await workspace.dataset(dataset.id)) as content:
            await content.readinto(memoryview(bytearray(10)))
        for _ in range(5):  # also none that comes a moment later
            assert asyncio.all_tasks() == before
            await asyncio.sleep(0)


async def test_an_old_token_that_is_refused_after_a_sign_in_is_tried_again_with_the_new_one():
    """Of two requests that were on their way together, only one is refused before the sign-in."""
    from amltui.transfers.retry import RetryPolicy, Wakeups

    wakeups, sent, refused = Wakeups(), asyncio.Event(), asyncio.Event()
    policy = RetryPolicy(Options(), wakeups, lambda _state, _error: None)
    answers = [401, 200]

    async def ask():
        status = answers.pop(0)
        sent.set()
        await refused.wait()
        if status == 401:
            raise errors.Unauthorized("The token ended", 401)
        return status

    asking = asyncio.ensure_future(policy.call(ask))
    await sent.wait()
    wakeups.notify("sign-in")
    refused.set()
    assert await asyncio.wait_for(asking, 10) == 200
