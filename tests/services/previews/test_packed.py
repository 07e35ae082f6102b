"""Previews of compressed contents: first rows at once, any row later, and what is damaged said."""

import bz2
import gzip
import lzma
import random

import pytest

from amltui.config import Connection
from amltui.errors import DiskFull, Swollen, Unreadable
from amltui.services.session import open_session
from amltui.services.whole_tables import table_that_fits
from amltui.text import human_size
from tests.support.server import running_server
from tests.support.tables import all_rows

ROWS = 300_000
TEXT = b"id,name\n" + b"".join(b"%d,name %d\n" % (i, i * 7919 % 10_007) for i in range(ROWS))


@pytest.fixture
def server(tmp_path):
    with running_server(tmp_path / "elsewhere") as running:
        yield Connection(running.endpoint, running.workspace_id, running.token)


async def uploaded(session, path, data, data_type_id="Binary"):
    path.write_bytes(data)
    return await session.upload(path, name=path.name, data_type_id=data_type_id)


async def grown(preview):
    async for _ in preview.changes():
        pass
    return preview


@pytest.mark.parametrize("compress", [gzip.compress, bz2.compress, lzma.compress])
async def test_any_row_of_a_compressed_content_that_arrives_is_found(tmp_path, server, compress):
    async with open_session(connection=server) as session:
        dataset = await uploaded(session, tmp_path / "large.csv.gz", compress(TEXT))
        preview = await session.previews.open(dataset)
        assert [column.name for column in preview.rows.columns] == ["id", "name"]
        assert preview.rows.window(1, 2, [0, 1]) == [["1"], ["name 7919"]]
        assert not preview.rows.complete
        await grown(preview)
        assert preview.problem is None
        assert (preview.rows.row_count, preview.rows.complete) == (ROWS, True)
        row = random.Random(3).randrange(ROWS)
        assert preview.rows.window(row, row + 1, [0]) == [[str(row)]]
        assert preview.table is None
        async for _ in preview.build():
            pass
        assert preview.table.row_count == ROWS
        preview.close()
    async with open_session(connection=server, offline=True) as session:
        preview = await session.previews.open(dataset)
        assert preview.table is not None
        assert preview.rows.row_count == ROWS
        preview.close()


async def test_what_was_unpacked_once_is_indexed_at_the_next_look(tmp_path, server):
    async with open_session(connection=server) as session:
        dataset = await uploaded(session, tmp_path / "large.csv.gz", gzip.compress(TEXT))
        (await grown(await session.previews.open(dataset))).close()
        preview = await session.previews.open(dataset)
        assert preview.indexed
        assert preview.rows.row_count == ROWS
        entry = session.cache.entry(session.key, dataset)
        assert entry.unpacked.stat().st_size == len(TEXT)
        assert entry.unpacked.stat().st_mode & 0o77 == 0
        preview.close()


async def test_a_compressed_content_on_this_disk_is_read_where_it_is(tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "small.csv.gz").write_bytes(gzip.compress(TEXT[:3_000]))
    folder = Connection((tmp_path / "folder").as_uri(), "", "")
    async with open_session(connection=folder) as session:
        preview = await session.previews.open(await session.find("small.csv.gz"))
        await grown(preview)
        lines = [line.split(",") for line in TEXT[:3_000].decode().splitlines()[1:]]
        assert all_rows(preview.rows) == lines
        preview.close()


@pytest.mark.parametrize("share", [0.3, 0.99])
async def test_of_a_cut_content_the_rows_before_are_shown_and_no_question_is_answered(
    tmp_path, server, share
):
    packed = gzip.compress(TEXT)
    async with open_session(connection=server) as session:
        data = packed[: int(len(packed) * share)]
        dataset = await uploaded(session, tmp_path / "cut.csv.gz", data)
        preview = await grown(await session.previews.open(dataset))
        assert isinstance(preview.problem, Unreadable)
        assert not preview.rows.complete
        assert share * 0.8 < preview.rows.row_count / ROWS < min(1, share * 1.2)
        assert preview.rows.window(5, 6, [0]) == [["5"]]
        with pytest.raises(Unreadable, match="cut off"):
            async for _ in preview.build():
                pass
        preview.close()
        entry = session.cache.entry(session.key, dataset)
        assert not list(entry.directory.glob("unpacked*"))


async def test_leaving_while_it_is_unpacked_leaves_nothing_of_it(tmp_path, server):
    async with open_session(connection=server) as session:
        dataset = await uploaded(session, tmp_path / "large.csv.gz", gzip.compress(TEXT))
        preview = await session.previews.open(dataset)
        steps = preview.changes()
        await anext(steps)
        await steps.aclose()
        preview.close()
        entry = session.cache.entry(session.key, dataset)
        assert not list(entry.directory.glob("unpacked.*"))


async def test_of_a_content_that_swells_like_a_bomb_the_first_rows_answer(tmp_path, server):
    bomb = gzip.compress(b"id,name\n0,name 0\n" + b"1,name 7919\n" * (8 << 20))
    async with open_session(connection=server) as session:
        dataset = await uploaded(session, tmp_path / "bomb.csv.gz", bomb)
        preview = await session.previews.open(dataset)
        table, problem = await table_that_fits(preview, dataset)
        assert isinstance(problem, Swollen)
        assert not table.complete
        assert 1 << 20 < table.row_count < 8 << 20
        assert table.window(0, 2, [0, 1]) == [["0", "1"], ["name 0", "name 7919"]]
        assert preview.part_words == f"{human_size(table.consumed)} of the text that it holds"
        preview.close()
        entry = session.cache.entry(session.key, dataset)
        assert not list(entry.directory.glob("unpacked*"))


async def test_of_a_compressed_content_as_many_rows_answer_as_there_is_room_for(
    tmp_path, server, monkeypatch
):
    monkeypatch.setenv("AMLTUI_CACHE_QUOTA", "6 MiB")
    async with open_session(connection=server) as session:
        dataset = await uploaded(session, tmp_path / "large.csv.gz", gzip.compress(TEXT))
        preview = await session.previews.open(dataset)
        table, problem = await table_that_fits(preview, dataset)
        assert isinstance(problem, DiskFull)
        assert ROWS // 10 < table.row_count < ROWS
        last = table.row_count - 1
        assert table.window(last, last + 1, [0]) == [[str(last)]]
        preview.close()
