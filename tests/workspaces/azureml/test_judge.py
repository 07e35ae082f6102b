"""Azure's own client and amltui on the same workspace: what one writes the other reads."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import anyio.to_thread
import pytest

from tests.support import services
from tests.support.azure import GROUP, MANAGER, SUBSCRIPTION, WORKSPACE

HERE = Path(__file__).parent


class Judge:
    """A process of the client."""

    def __init__(self, process):
        self._process = process

    async def __call__(self, name, /, **arguments):
        return await anyio.to_thread.run_sync(self._ask, name, arguments)

    def _ask(self, name, arguments):
        self._process.stdin.write(json.dumps([name, arguments]) + "\n")
        self._process.stdin.flush()
        answer = json.loads(self._answer())
        assert "error" not in answer, answer["error"]
        return answer["result"]

    def _answer(self):
        while line := self._process.stdout.readline():
            if line.startswith(("{", '"')):  # it says other things, too
                return line
        raise AssertionError(f"it ended with {self._process.wait()}")


@pytest.fixture(scope="module")
def process(azure_cloud, tmp_path_factory):
    about = {
        "manager": MANAGER.rstrip("/"),
        "subscription": SUBSCRIPTION,
        "group": GROUP,
        "workspace": WORKSPACE,
        "secret": azure_cloud.environment["AZURE_CLIENT_SECRET"],
    }
    home = tmp_path_factory.mktemp("home")
    log = home / "errors"
    with (
        log.open("w") as errors,
        subprocess.Popen(
            [services.azure_ml_python(), HERE / "official_client.py", json.dumps(about)],
            env={
                "PATH": os.environ["PATH"],
                "HOME": str(home),
                "AZURE_ML_CLI_PRIVATE_FEATURES_ENABLED": "false",
                **azure_cloud.environment,
            },
            cwd=home,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        ) as running,
    ):
        judge = Judge(running)
        judge._answer()
        yield judge
        running.stdin.close()
        running.wait(30)


@pytest.fixture
def judge(process, azure):
    return process


async def read(workspace, name):
    async with workspace.read(await workspace.dataset(name)) as content:
        return b"".join([piece async for piece in content])


async def test_what_azures_client_makes_is_listed_and_read_here(judge, workspace, tmp_path):
    (tmp_path / "sales.csv").write_bytes(b"a,b\n1,2\n")
    folder = tmp_path / "days"
    folder.mkdir()
    (folder / "1.csv").write_bytes(b"a\n1\n")
    (folder / "2.csv").write_bytes(b"a\n2\n")
    file = await judge(
        "create", name="sales", path=str(tmp_path / "sales.csv"), type="uri_file",
        description="By day", tags={"team": "x"},
    )  # fmt: skip
    assert (file["name"], file["version"]) == ("sales", "1")
    await judge("create", name="days", path=str(folder), type="uri_folder")
    pointing = {"name": "same", "path": file["path"], "type": "uri_file"}
    await judge("create", **pointing)
    found = {one.name: one for one in (await workspace.datasets()).datasets}
    assert set(found) == {"sales", "days", "same"}
    sales = await workspace.find("sales")
    assert (sales.description, sales.tags, sales.owner) == (
        "By day", (("team", "x"),), "Ada Example",
    )  # fmt: skip
    assert await read(workspace, "sales") == await read(workspace, "same") == b"a,b\n1,2\n"
    assert await read(workspace, "days") == b"a\n1\n2\n"
    assert await read(workspace, "days/2.csv") == b"a\n2\n"


async def put(workspace, name, data, **more):
    upload = await workspace.begin_upload("GenericCSV", name=name)
    await workspace.send_part(upload, 0, data, total=1)
    return await workspace.commit(upload, name=name, **more)


async def test_what_is_made_here_azures_client_lists_resolves_and_reads(judge, workspace):
    assert await put(workspace, "mine", b"a\n1\n", description="By amltui") == "mine:1"
    assert await put(workspace, "mine", b"a\n2\n", replaces="mine") == "mine:2"
    assert [one[0] for one in await judge("listed")] == ["mine"]
    assert sorted(await judge("listed", name="mine")) == [["mine", "1"], ["mine", "2"]]
    first = await judge("got", name="mine", version="1")
    assert (first["type"], first["description"]) == ("uri_file", "By amltui")
    assert (await judge("got", name="mine", label="latest"))["version"] == "2"
    assert await judge("content", name="mine", version="1") == "a\n1\n"
    assert await judge("content", name="mine", version="2") == "a\n2\n"
    third = await workspace.restore("mine:1")
    assert await judge("content", name="mine", version=third.id.partition(":")[2]) == "a\n1\n"


async def test_a_folder_that_is_made_here_azures_client_reads(
    judge, workspace, put_folder, tmp_path
):
    folder = tmp_path / "days"
    (folder / "sub").mkdir(parents=True)
    (folder / "1.csv").write_bytes(b"a\n1\n")
    (folder / "sub" / "\u00fc 2.csv").write_bytes(b"a\n2\n")
    made = await put_folder(workspace, folder, description="By amltui")
    found = await judge("got", name="days", version="1")
    assert (made, found["type"], found["description"]) == ("days:1", "uri_folder", "By amltui")
    assert await judge("folder_content", name="days", version="1") == {
        "1.csv": "a\n1\n", "sub/\u00fc 2.csv": "a\n2\n",
    }  # fmt: skip
    assert await read(workspace, "days") == b"a\n1\n2\n"


async def test_archiving_on_one_side_is_seen_on_the_other(judge, workspace):
    await put(workspace, "kept", b"a\n1\n")
    await put(workspace, "kept", b"a\n2\n", replaces="kept")
    await judge("archive", name="kept", version="2")
    assert [one.id for one in await workspace.versions("kept")] == ["kept:1"]
    await judge("restore", name="kept", version="2")
    assert [one.id for one in await workspace.versions("kept")] == ["kept:2", "kept:1"]
    await judge("archive", name="kept")
    assert [one.name for one in await workspace.archived()] == ["kept"]
    await judge("restore", name="kept")
    await workspace.delete("kept")
    assert await judge("listed") == []
    assert [one[0] for one in await judge("listed", view="ARCHIVED_ONLY")] == ["kept"]
    await workspace.unarchive("kept")
    await workspace.archive("kept:1")
    assert await judge("listed", name="kept") == [["kept", "2"]]
