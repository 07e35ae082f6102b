"""Folders of this disk as data assets."""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import sys
import time

import pytest

from amltui import errors
from amltui.services.folders import files_below
from amltui.workspaces.azureml import folders
from tests.support.azure import MANAGER, PATH


@pytest.fixture
def days(tmp_path):
    folder = tmp_path / "days"
    (folder / "sub").mkdir(parents=True)
    (folder / "1.csv").write_bytes(b"a\n1\n")
    (folder / "sub" / "2.csv").write_bytes(b"a\n2\n")
    (folder / ".hidden").write_bytes(b"x")
    return folder


async def put(workspace, folder, name="days", **more):
    sent = []
    files = tuple(files_below(folder))
    made = await workspace.put_folder(files, name=name, sent=sent.append, **more)
    return made, sum(sent)


async def read(workspace, name):
    async with workspace.read(await workspace.dataset(name)) as content:
        return b"".join([piece async for piece in content])


async def test_a_folder_becomes_an_asset_and_then_its_next_version(azure, workspace, days):
    assert await put(workspace, days, description="By day") == ("days:1", 8)
    about = azure.assets["days"].versions[0].properties
    assert (about["dataType"], about["description"]) == ("uri_folder", "By day")
    assert about["dataUri"].endswith("/days/")
    assert await read(workspace, "days") == b"a\n1\n2\n"
    (days / "3.csv").write_bytes(b"a\n3\n")
    assert await put(workspace, days, replaces="days") == ("days:2", 12)
    assert await read(workspace, "days") == b"a\n1\n3\n2\n"
    assert await read(workspace, "days:1") == b"a\n1\n2\n"
    with pytest.raises(errors.Conflict):
        await put(workspace, days)
    with pytest.raises(errors.DatasetGone):
        await put(workspace, days, name="other", replaces="other")
    with pytest.raises(errors.Rejected):
        await put(workspace, days, name="no/name")


async def test_what_is_there_already_is_not_sent_again(azure, workspace, days, monkeypatch):
    (days / "1.csv").write_text(secrets.token_hex())  # what no other test sent
    sent = []
    first = folders._send

    async def counted(uploads, begun, file, digest, told, retry):
        if file.name == "sub/2.csv" and not sent:
            sent.append("cut")
            raise errors.Unreachable("The network is gone")
        return await first(uploads, begun, file, digest, told, retry)

    monkeypatch.setattr(folders, "_send", counted)
    monkeypatch.setattr(folders, "_AT_ONCE", 1)
    with pytest.raises(errors.Unreachable):
        await put(workspace, days)
    assert "days" not in azure.assets
    begun = []
    opened = workspace._uploads.open

    async def noted(one):
        begun.append(one.path.partition("/days/")[2])
        await opened(one)

    monkeypatch.setattr(workspace._uploads, "open", noted)
    assert (await put(workspace, days))[0] == "days:1"
    assert begun == ["sub/2.csv"]


async def test_a_file_that_changes_while_it_is_sent_makes_no_asset(
    azure, workspace, days, monkeypatch
):
    (days / "1.csv").write_text(secrets.token_hex())
    whole = folders._sha256

    def then_changed(path):
        digest = whole(path)
        path.write_bytes(b"a\n9\n")
        return digest

    monkeypatch.setattr(folders, "_sha256", then_changed)
    with pytest.raises(errors.ContentChanged, match="changed while it was sent"):
        await put(workspace, days)
    assert azure.assets == {}


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
