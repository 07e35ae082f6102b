"""Bad lines and bad hosts: never a wrong file, always a success or an error that says why."""

from __future__ import annotations

import asyncio
import os

import pytest

from amltui import errors
from amltui.transfers import State
from tests.support.proxy import Fault, always, once

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
    "always 404": (always(Fault(answer=(404, {}, b""))), errors.NotFound),
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
    transfers, _ = await line(rule, quota=quota, stall=0.2, attempts=3)
    with pytest.raises(expected) as caught:
        await transfers.finished(transfers.download(dataset, tmp_path / "out.csv").id)
    assert str(caught.value)
    assert not (tmp_path / "out.csv").exists()


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


async def test_patience_with_a_network_that_stays_away_ends(line, stored, tmp_path):
    dataset = await stored(DATA)
    transfers, _ = await line(always(Fault(lose_answer=True)), patience=0.3)
    with pytest.raises(errors.Unreachable):
        await transfers.finished(transfers.download(dataset, tmp_path / "out.csv").id)
