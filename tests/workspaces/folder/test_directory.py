"""A directory of this machine with all that may lie in one."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import tomllib

import pytest

from amltui import errors
from amltui.disk import temp_beside
from amltui.workspaces.folder import FolderWorkspace
from amltui.workspaces.folder.directory import PART, Directory
from tests.support.server import ROOT


@pytest.fixture
def root(tmp_path):
    made = tmp_path / "data"
    made.mkdir()
    return made


async def names(workspace):
    return sorted(one.name for one in (await workspace.datasets()).datasets)


async def test_files_of_all_levels_are_listed_with_their_types_and_hidden_ones_are_not(root):
    for name in ("a.csv", "b/c.tsv", "b/d/e.arff", "b/readme.md", "b/f", ".hidden/x.csv", ".y"):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x")
    async with FolderWorkspace(root) as workspace:
        listed = {one.name: one.data_type_id for one in (await workspace.datasets()).datasets}
    assert listed == {
        "a.csv": "GenericCSV",
        "b/c.tsv": "GenericTSV",
        "b/d/e.arff": "ARFF",
        "b/readme.md": "PlainText",
        "b/f": "PlainText",
    }


async def test_what_is_no_file_below_the_directory_is_not_listed(root, tmp_path):
    (tmp_path / "secret.csv").write_text("secret")
    (root / "out.csv").symlink_to(tmp_path / "secret.csv")
    (root / "away").symlink_to(tmp_path)
    (root / "loop").symlink_to("loop")
    (root / "inside.csv").symlink_to("real.csv")
    (root / "real.csv").write_text("x")
    os.mkfifo(root / "pipe.csv")
    async with FolderWorkspace(root) as workspace:
        assert await names(workspace) == ["inside.csv", "real.csv"]
        for name in ("out.csv", "away/secret.csv", "../secret.csv", "pipe.csv", "/etc/passwd"):
            with pytest.raises(errors.NotFound):
                await workspace.find(name)


async def test_an_entry_that_cannot_be_read_is_counted_and_hides_nothing(root):
    (root / "good.csv").write_text("x")
    (root / "loop").symlink_to("loop")
    (root / os.fsdecode(b"\xff\xfe")).mkdir()
    async with FolderWorkspace(root) as workspace:
        listing = await workspace.datasets()
    assert [one.name for one in listing.datasets] == ["good.csv"]
    assert listing.unreadable == 2


@pytest.mark.parametrize("name", ["a b.csv", "ü/ñ 文.csv", "it's [1]{2}%20;&.csv", "-x.csv", "~"])
async def test_a_file_is_found_whatever_its_name(root, name):
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    (root / name).write_text("x")
    async with FolderWorkspace(root) as workspace:
        assert (await workspace.find(name)).name == name


async def test_a_folder_that_is_gone_is_no_empty_list(root):
    async with FolderWorkspace(root) as workspace:
        root.rmdir()
        with pytest.raises(errors.NotFound, match="There is no"):
            await workspace.datasets()


async def test_a_file_that_changed_is_another_version_and_the_listed_one_is_gone(root):
    (root / "a.csv").write_bytes(b"1")
    async with FolderWorkspace(root) as workspace:
        listed = await workspace.find("a.csv")
        (root / "a.csv").write_bytes(b"22")
        assert await workspace.local_content(listed) is None
        with pytest.raises(errors.DatasetGone):
            async with workspace.read(listed):
                pass
        assert (await workspace.find("a.csv")).id != listed.id


async def test_a_file_that_changes_while_it_is_read_is_cut_and_never_a_mixture(root):
    (root / "a.csv").write_bytes(b"1" * 1_000_000)
    async with FolderWorkspace(root) as workspace:
        listed = await workspace.find("a.csv")
        async with workspace.read(listed) as content:
            pieces = aiter(content)
            await anext(pieces)
            with (root / "a.csv").open("r+b") as file:
                file.truncate(600_000)
            with pytest.raises(errors.TransferCut):
                async for _ in pieces:
                    pass


async def test_a_file_that_grows_while_it_is_read_is_cut_and_is_another_version(root):
    (root / "log.csv").write_bytes(b"1" * 1_000_000)
    async with FolderWorkspace(root) as workspace:
        listed = await workspace.find("log.csv")
        async with workspace.read(listed) as content:
            pieces = aiter(content)
            await anext(pieces)
            with (root / "log.csv").open("ab") as file:
                file.write(b"2" * 1_000_000)
            with pytest.raises(errors.TransferCut, match="changed while it was read"):
                async for _ in pieces:
                    pass
        with pytest.raises(errors.DatasetGone):
            async with workspace.read(listed):
                pass
        assert (await workspace.find("log.csv")).size == 2_000_000


async def test_a_file_that_is_gone_between_list_and_read_says_so(root):
    (root / "a.csv").write_bytes(b"1")
    async with FolderWorkspace(root) as workspace:
        listed = await workspace.find("a.csv")
        (root / "a.csv").unlink()
        with pytest.raises(errors.DatasetGone):
            async with workspace.read(listed):
                pass


async def test_a_folder_for_reading_only_refuses_every_change_with_its_sentence(root):
    (root / "a.csv").write_text("x")
    async with FolderWorkspace(root) as workspace:
        found = await workspace.find("a.csv")
        changes = [
            workspace.begin_upload("GenericCSV", name="b.csv"),
            workspace.edit(found, name="b.csv"),
            workspace.edit(found, description="x"),
            workspace.delete(found.key),
        ]
        for change in changes:
            with pytest.raises(errors.NotSupportedByServer, match="reading only"):
                await change
    assert [one.name for one in root.iterdir()] == ["a.csv"]


async def test_descriptions_and_types_lie_beside_the_files_and_comments_stay(root):
    (root / "a.csv").write_text("x")
    (root / ".amltui.toml").write_text("# mine\n[files.\"gone.csv\"]\ndescription = 'old'\n")
    async with FolderWorkspace(root, write=True) as workspace:
        found = await workspace.edit(await workspace.find("a.csv"), description="said")
        assert found.description == "said"
        found = await workspace.edit(found, name="sub/b.csv")
        assert (found.name, found.description) == ("sub/b.csv", "said")
    text = (root / ".amltui.toml").read_text()
    assert text.startswith("# mine\n")
    assert tomllib.loads(text)["files"].keys() == {"gone.csv"}
    noted = tomllib.loads((root / "sub/.amltui.toml").read_text())["files"]
    assert noted == {"b.csv": {"description": "said"}}


async def test_what_was_to_become_notes_when_a_process_was_killed_is_removed_later(root):
    left = [temp_beside(root / folder / ".amltui.toml") for folder in ("", "sub")]
    now = temp_beside(root / "sub/.amltui.toml")
    (root / "sub").mkdir()
    (root / "sub/a.csv").write_text("a\n1\n")
    for path in (*left, now):
        path.write_text("half of it")
    for path in left:
        os.utime(path, (0, 0))
    async with FolderWorkspace(root, write=True) as workspace:
        assert [path.exists() for path in left] == [False, True]
        await workspace.edit(await workspace.find("sub/a.csv"), description="said")
    assert [path.exists() for path in left] == [False, False]
    assert now.exists()  # somebody may be writing it


async def test_notes_that_are_not_toml_are_never_overwritten(root):
    (root / "a.csv").write_text("x")
    (root / ".amltui.toml").write_text("not = [toml")
    async with FolderWorkspace(root, write=True) as workspace:
        with pytest.raises(errors.LocalError):
            await workspace.edit(await workspace.find("a.csv"), description="said")
    assert (root / ".amltui.toml").read_text() == "not = [toml"


@pytest.mark.parametrize("name", ["", "a:b", "../x", "/x", "a//b", ".hidden", "x/.y", "a\nb", "."])
async def test_a_name_that_cannot_be_kept_is_refused_before_anything_is_sent(root, name):
    async with FolderWorkspace(root, write=True) as workspace:
        with pytest.raises(errors.Rejected):
            workspace.check_name(name)
    assert list(root.iterdir()) == []


async def test_of_many_at_once_exactly_one_makes_a_file(root):
    async def make(data):
        upload = await workspace.begin_upload("GenericCSV", name="one.csv")
        await workspace.send_part(upload, 0, data, total=1)
        return await workspace.commit(upload, name="one.csv")

    async with FolderWorkspace(root, write=True) as workspace:
        made = await asyncio.gather(
            *(make(b"%d" % number) for number in range(8)), return_exceptions=True
        )
    assert sum(isinstance(one, str) for one in made) == 1
    assert sum(isinstance(one, errors.Conflict) for one in made) == 7


async def test_parts_of_a_large_file_come_in_any_order(root):
    data = os.urandom(2 * PART + 5)
    async with FolderWorkspace(root, write=True) as workspace:
        upload = await workspace.begin_upload("Binary", name="big")
        for index in (2, 0, 1):
            part = data[index * PART : (index + 1) * PART]
            await workspace.send_part(upload, index, part, total=3)
        await workspace.commit(upload, name="big")
    assert (root / "big").read_bytes() == data


async def test_an_upload_whose_hidden_file_somebody_deleted_is_no_dataset_that_is_gone(root):
    async with FolderWorkspace(root, write=True) as workspace:
        upload = await workspace.begin_upload("GenericCSV", name="sent.csv")
        for hidden in root.glob(".amltui-upload-*"):
            hidden.unlink()
        with pytest.raises(errors.NotFound) as caught:
            await workspace.send_part(upload, 0, b"a", total=1)
    # A dataset that is gone is nothing to send to; an upload that is gone is begun anew.
    assert not isinstance(caught.value, errors.DatasetGone)


def test_a_killed_upload_leaves_no_file_of_that_name(root):
    code = (
        "import sys, os, signal\n"
        "from pathlib import Path\n"
        "from amltui.workspaces.folder.directory import Directory\n"
        "disk = Directory(Path(sys.argv[1]))\n"
        "upload = disk.begin('a.bin')\n"
        "disk.write_part(upload, 0, b'half')\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(root)], cwd=ROOT, check=False)
    assert done.returncode == -signal.SIGKILL
    disk = Directory(root)
    assert list(disk.list()) == []
    (left,) = root.iterdir()
    os.utime(left, (0, 0))
    disk.open()
    assert list(root.iterdir()) == []


async def test_what_a_name_does_not_say_the_first_bytes_do(root):
    (root / "adult.data").write_text("age,sex\n39,Male\n50,Female\n")
    (root / "imports.data").write_text("3,?,alfa\n1,2,audi\n")
    (root / "NOTES").write_text("only words\n")
    (root / "model.bin").write_bytes(bytes(range(256)) * 8)
    async with FolderWorkspace(root) as workspace:
        listed = {one.name: one.data_type_id for one in (await workspace.datasets()).datasets}
        assert (await workspace.find("adult.data")).data_type_id == "GenericCSV"
        (root / "NOTES").write_text("a\tb\n1\t2\n")
        assert (await workspace.find("NOTES")).data_type_id == "GenericTSV"
    assert listed == {
        "adult.data": "GenericCSV",
        "imports.data": "GenericCSVNoHeader",
        "NOTES": "PlainText",
        "model.bin": "Binary",
    }
