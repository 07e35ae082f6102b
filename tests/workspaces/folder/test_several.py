"""Several places as one workspace."""

from __future__ import annotations

import pytest

from amltui.config import Connection
from amltui.config.connection_values import folder_address, places_of, several_address
from amltui.errors import ConfigError, DatasetGone
from amltui.workspaces.opening import workspace_of


@pytest.fixture
def root(tmp_path):
    for year in ("2024", "2025"):
        (tmp_path / year).mkdir()
        (tmp_path / year / "sales.csv").write_text(f"year\n{year}\n")
    (tmp_path / "data/deep").mkdir(parents=True)
    (tmp_path / "data/one two.csv").write_text("a\n1\n")
    (tmp_path / "data/deep/z.csv").write_text("z\n1\n")
    return tmp_path


def several(*paths):
    return workspace_of(Connection(several_address([str(one) for one in paths]), "", ""))


async def names(workspace):
    return [one.name for one in (await workspace.datasets()).datasets]


async def read(workspace, dataset):
    async with workspace.read(dataset) as content:
        return b"".join([piece async for piece in content])


async def test_files_and_folders_are_one_list_in_which_shared_names_are_told_apart(root):
    paths = root / "2024/sales.csv", root / "data", root / "2025/sales.csv"
    async with several(*paths) as workspace:
        found = {one.name: one for one in (await workspace.datasets()).datasets}
        assert list(found) == [
            "sales (2024).csv",
            "data/one two.csv",
            "data/deep/z.csv",
            "sales (2025).csv",
        ]
        assert await read(workspace, found["sales (2025).csv"]) == b"year\n2025\n"
        assert await read(workspace, found["data/deep/z.csv"]) == b"z\n1\n"
        local = await workspace.local_content(found["data/one two.csv"])
        assert local.path == root / "data/one two.csv"
        assert await workspace.named("sales (2024).csv") == found["sales (2024).csv"]
        assert await workspace.dataset(found["data/deep/z.csv"].id) == found["data/deep/z.csv"]
        assert await workspace.named("none.csv") is None
        level = await workspace.level("data/")
        assert level.folders == ("data/deep/",)
        assert [one.name for one in level.datasets] == ["data/one two.csv"]
        assert (await workspace.level("")).folders == ("data/",)


async def test_one_that_is_not_there_is_told_and_the_others_open(root):
    async with several(root / "none.csv", root / "2024/sales.csv") as workspace:
        listing = await workspace.datasets()
        assert [one.name for one in listing.datasets] == ["sales.csv"]
        assert listing.missing == (f"There is no {root}/none.csv.",)
        assert await workspace.datasets(etag=listing.etag) is None
        (root / "none.csv").write_text("a\n")
        assert await names(workspace) == ["none.csv", "sales.csv"]
        (root / "2024/sales.csv").unlink()
        listing = await workspace.datasets()
        assert [one.name for one in listing.datasets] == ["none.csv"]
        assert listing.missing == (f"There is no {root}/2024/sales.csv.",)
        with pytest.raises(DatasetGone, match=r"sales\.csv"):
            await workspace.dataset("sales.csv@x")


async def test_a_file_named_twice_or_in_a_folder_that_is_shown_too_has_one_name_for_each(root):
    file = root / "2024/sales.csv"
    async with several(file, file, root / "2024") as workspace:
        assert await names(workspace) == ["sales.csv", "2024/sales.csv"]
    async with several(root / "data", root / "2024", root / "2024/../2025/sales.csv") as workspace:
        assert "sales.csv" in await names(workspace)


async def test_nothing_is_written_there(root):
    async with several(root / "2024", root / "2025") as workspace:
        can = await workspace.capabilities()
        assert not can.write
        assert not can.edit


def test_the_address_of_several_places_keeps_every_path(root):
    odd = root / "a&b=c %20 ü\n.csv"
    address = several_address([str(odd), "s3://bucket/x", str(odd)])
    assert places_of(address) == (odd.as_uri(), "s3://bucket/x")
    assert folder_address(address) == address
    assert places_of(odd.as_uri()) == ()
    with pytest.raises(ConfigError):
        several_address([str(odd), "ftp://x/"])
