"""A folder whose files are one table, as one dataset: on this disk and in stores."""

from __future__ import annotations

import io
from datetime import date

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
        parts = pq.read_table(io.BytesIO(data)).select(["year", "month"]).to_pylist()
        assert parts[249:251] == [{"year": 2024, "month": 1}, {"year": 2024, "month": 2}]
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


async def test_the_names_of_folders_are_columns_of_the_types_that_their_values_have(place):
    put, opened = place
    texts = [
        ("2024", "a%2Fb%20é", "true", "2024-01-31", "1.5", "01"),
        ("__HIVE_DEFAULT_PARTITION__", "x", "false", "NA", "-2", "12"),
    ]
    names = ("year", "te%20xt", "flag", "day", "score", "code")
    for number, row in enumerate(texts):
        path = "/".join(f"{name}={value}" for name, value in zip(names, row, strict=True))
        put(f"t/{path}/f.parquet", parquet(a=[number] * 2))
    async with opened as workspace:
        found = await workspace.named("t/")
        table = pq.read_table(io.BytesIO((await read(workspace, found))[1]))
    assert table.slice(1, 2).to_pylist() == [
        {"year": 2024, "te xt": "a/b é", "flag": True, "day": date(2024, 1, 31), "score": 1.5,
         "code": "01", "a": 0},
        {"year": None, "te xt": "x", "flag": False, "day": None, "score": -2.0,
         "code": "12", "a": 1},
    ]  # fmt: skip


async def test_what_only_some_folders_say_is_no_column(place):
    put, opened = place
    put("depths/year=2024/a.parquet", parquet(a=[1]))
    put("depths/b.parquet", parquet(a=[2]))
    put("keys/year=2024/a.parquet", parquet(a=[1]))
    put("keys/month=2/b.parquet", parquet(a=[2]))
    put("twice/k=1/k=2/a.parquet", parquet(a=[1]))
    async with opened as workspace:
        for name in ("depths/", "keys/", "twice/"):
            with pytest.raises(errors.NotSupportedByServer, match="the same keys"):
                await workspace.named(name)
        below = await workspace.named("keys/year=2024/")
        table = pq.read_table(io.BytesIO((await read(workspace, below))[1]))
        assert table.column_names == ["a"]


async def test_a_column_of_the_files_that_a_folder_names_too_is_said(place):
    put, opened = place
    put("t/k=1/a.parquet", parquet(a=[1], k=["own"]))
    async with opened as workspace:
        found = await workspace.named("t/")
        table = pq.read_table(io.BytesIO((await read(workspace, found))[1]))
    assert table.to_pylist() == [{"k": 1, "a": 1, "k.1": "own"}]
    assert "The files have columns of these names, too, which are called k.1." in found.note


async def whole(workspace, name):
    return (await read(workspace, await workspace.named(name)))[1].decode()


async def test_the_rows_of_texts_begin_with_what_the_folders_say(place):
    put, opened = place
    put("t/k=1/what=a%2C%22b/1.csv", b'x,y\n1,"a\nb"\n\n2\n3,4,5\n')
    put("t/k=__HIVE_DEFAULT_PARTITION__/what=/2.csv", b"\xef\xbb\xbfx,y\r\n6,7\r\n8,9")
    put("t/k=3/what=é/3.csv", b"x,y\n")
    async with opened as workspace:
        found = await workspace.named("t/")
        assert found.size is None
        assert "what the names of folders say: k, what." in found.note
        assert await whole(workspace, "t/") == (
            'k,what,x,y\n1,"a,""b",1,"a\nb"\n1,"a,""b",2\n1,"a,""b",3,4,5\n,"",6,7\r\n,"",8,9\n'
        )


async def test_a_column_of_the_texts_that_a_folder_names_too_is_said(place):
    put, opened = place
    put("t/k=1/a.csv", b"a;k\n1;x\n2;y\n")
    put("t/k=2/a.csv", b"a;k\n1;x\n2;y\n")
    async with opened as workspace:
        assert await whole(workspace, "t/") == "k;a;k\n1;1;x\n1;2;y\n2;1;x\n2;2;y\n"
        assert "which are called k.1." in (await workspace.named("t/")).note


async def test_json_lines_begin_with_what_the_folders_say(place):
    put, opened = place
    put("t/k=1/s=01/a.jsonl", b'{"a": 1}\n{}\n\n{"k": 5, "b": [1]}\nno\n')
    put("t/k=2/s=02/a.jsonl", b'{"a": 2}')
    async with opened as workspace:
        assert await whole(workspace, "t/") == (
            '{"k":1,"s":"01","a": 1}\n{"k":1,"s":"01"}\n\n'
            '{"k":1,"s":"01","k.1":5,"b":[1]}\nno\n{"k":2,"s":"02","a": 2}\n'
        )


@pytest.mark.parametrize("data", [b"only words\n", b"\xff\xfea\0\n\0"])
async def test_texts_that_have_no_columns_say_what_is_not_in_them(place, data):
    put, opened = place
    put("t/k=1/a.txt", data)
    async with opened as workspace:
        found = await workspace.named("t/")
        assert (await read(workspace, found))[1].startswith(data)
        assert "Not in it is what only the names of folders say: k." in found.note


async def test_a_text_that_ends_within_quotes_gives_no_wrong_rows(place):
    put, opened = place
    put("t/k=1/a.csv", b'a,b\n1,2\n3,"4\n')
    async with opened as workspace:
        with pytest.raises(errors.Unreadable, match="ends within quotes"):
            await whole(workspace, "t/")


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


async def test_all_files_together_are_one_table(place):
    put, opened = place
    for year in (2024, 2025):
        put(f"year={year}/part-0.parquet", parquet(a=range(3)))
    put("_SUCCESS", b"")
    async with opened as workspace:
        found = await workspace.named("/")
        assert (found.key, found.size) == ("/", (await workspace.dataset(found.id)).size)
        assert found.uploaded_from_filename.endswith(".parquet")
        assert found.uploaded_from_filename != ".parquet"
        _, data = await read(workspace, found)
        assert pq.read_table(io.BytesIO(data)).column_names == ["year", "a"]
        assert not any("//" in one.partition("://")[2] for one in await workspace.addresses(found))
        put("year=2026/other.csv", b"a\n1\n")
        with pytest.raises(errors.NotSupportedByServer, match="3 files that are not one table"):
            await workspace.named("/")


async def test_a_file_that_was_opened_alone_is_no_folder(tmp_path):
    (tmp_path / "a.csv").write_bytes(b"a\n1\n")
    async with FolderWorkspace(tmp_path / "a.csv") as workspace:
        assert await workspace.named("/") is None
        assert not (await workspace.capabilities()).tables
