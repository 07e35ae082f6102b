"""A folder whose files are one table, as one dataset: on this disk and in stores."""

from __future__ import annotations

import io

import obstore
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from obstore.store import LocalStore, from_url

from amltui import errors
from amltui.workspaces.folder import FolderWorkspace
from amltui.workspaces.folder.store import StoreWorkspace


@pytest.fixture(params=["disk", "moto", "azurite"])
def place(request, tmp_path, monkeypatch):
    """What puts files there, and a workspace of them that is not yet entered."""
    if request.param == "disk":
        store = LocalStore(tmp_path)
        return lambda path, data: obstore.put(store, path, data), FolderWorkspace(tmp_path)
    running = request.getfixturevalue(request.param)
    for name, value in running.environment.items():
        monkeypatch.setenv(name, value)
    url = running.new_container()
    store = from_url(url, client_options={"allow_http": True})
    return lambda path, data: obstore.put(store, path, data), StoreWorkspace(url)


def parquet(**columns):
    out = io.BytesIO()
    pq.write_table(pa.table(columns), out, row_group_size=100)
    return out.getvalue()


async def read(workspace, source, **part):
    async with workspace.read(source, **part) as content:
        return content.info, b"".join([piece async for piece in content])


async def test_a_folder_of_partitions_is_one_table(place):
    put, opened = place
    for year in (2024, 2025):
        for month in (1, 2):
            data = parquet(a=range(year * month, year * month + 250))
            put(f"sales/year={year}/month={month}/part-0.parquet", data)
    put("sales/_SUCCESS", b"")
    put("sales-other/x.csv", b"x\n")
    async with opened as workspace:
        found = await workspace.named("sales/")
        info, data = await read(workspace, found)
        column = pq.read_table(io.BytesIO(data))["a"].to_pylist()
        assert column == [
            *range(2024, 2274), *range(4048, 4298), *range(2025, 2275), *range(4050, 4300),
        ]  # fmt: skip
        assert (found.size, info.size, info.ranges) == (len(data), len(data), True)
        assert "4 files" in found.note
        assert "year, month" in found.note
        assert (await read(workspace, found, start=90, stop=5_000))[1] == data[90:5_000]
        assert (await workspace.dataset(found.id)) == found
        assert await workspace.local_content(found) is None
        put("sales/year=2026/month=1/part-0.parquet", parquet(a=range(9)))
        with pytest.raises(errors.DatasetGone):
            await workspace.dataset(found.id)
        assert (await workspace.named("sales/")).id != found.id


async def test_a_file_that_changes_below_a_reader_is_noticed(place):
    put, opened = place
    for number in (1, 2):
        put(f"days/{number}.csv", b"a\n%d\n" % number)
    async with opened as workspace:
        found = await workspace.named("days/")
        assert (await read(workspace, found))[1] == b"a\n1\n2\n"
        put("days/2.csv", b"a\n77\n")
        with pytest.raises((errors.ContentChanged, errors.DatasetGone)):
            await read(workspace, found)


async def test_what_is_no_one_table_is_said(place):
    put, opened = place
    put("mixed/a.csv", b"a\n1\n")
    put("mixed/b.parquet", parquet(a=[1]))
    async with opened as workspace:
        with pytest.raises(errors.NotSupportedByServer, match="2 files that are not one table"):
            await workspace.named("mixed/")
        assert await workspace.named("none/") is None
