"""Folders of this disk as data assets."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest

from amltui import errors
from amltui.cache import Cache
from amltui.services.unfinished import unfinished
from amltui.transfers import State, Transfers
from amltui.transfers.folder_files import folder_at
from tests.support.azure import MANAGER, PATH


@pytest.fixture
def days(tmp_path):
    folder = tmp_path / "days"
    (folder / "sub").mkdir(parents=True)
    (folder / "1.csv").write_bytes(b"a\n1\n")
    (folder / "sub" / "2.csv").write_bytes(b"a\n2\n")
    (folder / ".hidden").write_bytes(b"x")
    return folder


async def read(workspace, name):
    async with workspace.read(await workspace.dataset(name)) as content:
        return b"".join([piece async for piece in content])


async def test_a_folder_becomes_an_asset_and_then_its_next_version(
    azure, workspace, days, put_folder
):
    assert await put_folder(workspace, days, description="By day") == "days:1"
    about = azure.assets["days"].versions[0].properties
    assert (about["dataType"], about["description"]) == ("uri_folder", "By day")
    assert about["dataUri"].endswith("/days/")
    assert await read(workspace, "days") == b"a\n1\n2\n"
    (days / "3.csv").write_bytes(b"a\n3\n")
    (days / "empty.csv").write_bytes(b"")
    assert await put_folder(workspace, days, replaces="days") == "days:2"
    assert await read(workspace, "days") == b"a\n1\n3\n2\n"
    assert await read(workspace, "days/empty.csv") == b""
    assert await read(workspace, "days:1") == b"a\n1\n2\n"
    with pytest.raises(errors.Conflict):
        await put_folder(workspace, days)
    with pytest.raises(errors.DatasetGone):
        await put_folder(workspace, days, "other", replaces="other")
    with pytest.raises(errors.Rejected):
        await put_folder(workspace, days, "no/name")
    assert not azure.listed


async def test_the_name_of_an_archived_asset_is_refused_before_a_byte_goes(
    azure, workspace, days, put_folder, monkeypatch
):
    await put_folder(workspace, days)
    await workspace.archive("days")
    sent = []
    monkeypatch.setattr(workspace, "send_folder_part", lambda *part: sent.append(part))
    with pytest.raises(errors.Conflict, match="archived") as caught:
        await put_folder(workspace, days)
    assert "amltui azure restore days" in caught.value.hint
    assert sent == []


async def test_an_equal_folder_becomes_a_version_of_its_own_after_another(
    azure, workspace, days, put_folder
):
    await put_folder(workspace, days)
    (days / "1.csv").write_bytes(b"a\n9\n")
    await put_folder(workspace, days, replaces="days")
    (days / "1.csv").write_bytes(b"a\n1\n")
    assert await put_folder(workspace, days, replaces="days") == "days:3"
    assert await read(workspace, "days") == b"a\n1\n2\n"


async def test_what_was_sent_is_not_sent_again_by_the_same_upload(
    azure, workspace, days, put_folder, monkeypatch
):
    (days / "1.csv").write_bytes(os.urandom(3 << 20))
    sent = []
    send = workspace.send_folder_part

    async def counted(upload, file, index, data):
        if file == "sub/2.csv" and (file, 0) not in sent:
            sent.append((file, 0))
            raise errors.ServerFailed("No", 503)
        await send(upload, file, index, data)
        sent.append((file, index))

    monkeypatch.setattr(workspace, "send_folder_part", counted)
    with pytest.raises(errors.ServerFailed):
        await put_folder(workspace, days, parts=1, attempts=1)
    assert azure.assets == {}
    assert sent == [("1.csv", 0), ("1.csv", 1), ("1.csv", 2), ("sub/2.csv", 0)]
    assert await put_folder(workspace, days) == "days:1"
    assert sent[4:] == [("sub/2.csv", 0)]
    assert await read(workspace, "days/1.csv") == (days / "1.csv").read_bytes()


@pytest.mark.parametrize("change", ["longer", "other bytes", "another file", "gone"])
async def test_a_folder_that_changes_while_it_is_sent_makes_no_asset(
    azure, workspace, days, put_folder, monkeypatch, change
):
    send = workspace.send_folder_part

    async def then_changed(upload, file, index, data):
        await send(upload, file, index, data)
        match change:
            case "longer":
                (days / "1.csv").write_bytes(b"a\n1\n2\n")
            case "other bytes":
                (days / "1.csv").write_bytes(b"a\n9\n")
            case "another file":
                (days / "3.csv").write_bytes(b"a\n3\n")
            case _:
                (days / "1.csv").unlink(missing_ok=True)

    monkeypatch.setattr(workspace, "send_folder_part", then_changed)
    with pytest.raises((errors.ContentChanged, errors.LocalError)):
        await put_folder(workspace, days)
    assert azure.assets == {}


async def test_a_folder_waits_for_the_network_and_is_paused_and_goes_on(
    azure, workspace, days, monkeypatch, tmp_path
):
    """As a file does: it is a transfer of the queue."""
    gone = True
    send = workspace.send_folder_part

    async def line(upload, file, index, data):
        if gone and file == "sub/2.csv":
            raise errors.Unreachable("The network is gone")
        await send(upload, file, index, data)

    monkeypatch.setattr(workspace, "send_folder_part", line)
    with Cache(tmp_path / "cache", 10**9) as cache:
        async with Transfers(workspace, cache) as queue:
            begun = queue.upload_folder(folder_at(days), name="days")
            async for (one,) in queue.changes():
                if one.state is State.WAITING_NETWORK:
                    break
            await queue.pause(begun.id)
            assert queue.get(begun.id).state is State.PAUSED
        (left,) = unfinished(cache, workspace.key)
        assert (left.kind, left.path, left.total) == ("upload", str(days), 8)
        assert left.done in {0, 4}
        gone = False
        async with Transfers(workspace, cache) as queue:
            (again,) = queue.resume_unfinished()
            assert (await queue.finished(again.id)).dataset_id == "days:1"
        assert unfinished(cache, workspace.key) == ()
    assert await read(workspace, "days") == b"a\n1\n2\n"


async def test_blocks_that_the_store_has_forgotten_are_sent_anew(
    azure, workspace, days, put_folder, monkeypatch
):
    end = workspace.end_folder_file
    ended = []

    async def forgetful(upload, file):
        ended.append(file)
        if len(ended) == 1:
            raise errors.NotFound("The store no longer knows this upload", 404)
        await end(upload, file)

    monkeypatch.setattr(workspace, "end_folder_file", forgetful)
    assert await put_folder(workspace, days) == "days:1"
    assert await read(workspace, "days") == b"a\n1\n2\n"


@pytest.mark.slow  # the program is started and killed several times
async def test_a_folder_whose_upload_is_killed_is_whole_or_not_there(azure, tmp_path, workspace):
    folder = tmp_path / "many"
    folder.mkdir()
    for number in range(40):
        (folder / f"{number:02}.csv").write_bytes(b"a\n" + b"%d\n" % number * 20_000)
    environment = dict(os.environ)
    for name in ("config", "cache", "data"):
        environment[f"AMLTUI_{name.upper()}_DIR"] = str(tmp_path / name)
    run = [sys.executable, "-m", "amltui"]
    added = [*run, "profile", "add", "cloud", "--azure", PATH, "--cloud", MANAGER, "--use"]
    subprocess.run(added, env=environment, check=True, capture_output=True)  # noqa: ASYNC221
    command = [*run, "put", str(folder), "--name", "many"]
    for pause in (0.6, 0.9, 1.2):
        running = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)  # noqa: ASYNC220
        time.sleep(pause)  # noqa: ASYNC251 - the moment of the kill is meant to be any
        running.send_signal(signal.SIGKILL)
        running.wait()
        if "many" in azure.assets:
            break
    else:
        subprocess.run(command, env=environment, check=True, capture_output=True)  # noqa: ASYNC221
    assert len(azure.assets["many"].versions) == 1
    expected = b"a\n" + b"".join(b"%d\n" % number * 20_000 for number in range(40))
    assert await read(workspace, "many") == expected
