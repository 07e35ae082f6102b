"""Previews: first rows at once, all rows later, from the network or from the cache."""

import asyncio
import os
import random
import shutil
from contextlib import aclosing, contextmanager

import pyarrow as pa
import pytest
from pyarrow.csv import write_csv
from pyarrow.parquet import write_table as write_parquet

from amltui.config import Connection
from amltui.errors import AmltuiError
from amltui.formats import format_of
from amltui.services.previews import open_preview
from amltui.services.previews.columns import Columns
from amltui.services.session import open_session
from amltui.tables import ingest
from amltui.transfers.states import Options
from tests.support.server import running_server
from tests.support.tables import all_rows

CENSUS = "Adult Census Income Binary Classification dataset"


async def grown(preview):
    """The preview once nothing more will come, and how often it changed."""
    changes = 0
    async for _ in preview.changes():
        changes += 1
    return changes


async def uploaded(session, path, data, data_type_id="GenericCSV"):
    path.write_bytes(data)
    return await session.upload(path, name=path.name, data_type_id=data_type_id)


async def test_the_first_rows_of_the_census_are_there_as_the_file_has_them():
    async with open_session() as session:
        preview = await session.previews.open(await session.find(CENSUS))
        names = [column.name for column in preview.rows.columns]
        assert names[:3] == ["age", "workclass", "fnlwgt"]
        row = [cells[0] for cells in preview.rows.window(0, 1, range(3))]
        assert row == ["39", "State-gov", "77516"]
        assert not preview.rows.complete
        preview.close()


async def test_a_preview_grows_to_all_rows_and_their_types():
    async with open_session() as session:
        preview = await session.previews.open(await session.find(CENSUS))
        assert await grown(preview) >= 1
        assert preview.problem is None
        assert preview.rows.complete
        assert preview.rows.row_count == 32_561
        assert preview.rows.columns[0].type == "int"
        assert preview.rows.window(32_560, 32_561, [0]) == [["52"]]
        preview.close()


async def test_what_was_previewed_once_opens_offline_and_whole():
    async with open_session() as session:
        preview = await session.previews.open(await session.find("Iris"))
        await grown(preview)
        preview.close()
    async with open_session(offline=True) as session:
        preview = await session.previews.open(await session.find("Iris"))
        assert preview.table is not None
        assert preview.rows.row_count == 150
        preview.close()


async def test_a_large_dataset_is_written_by_another_process_while_its_bytes_arrive(tmp_path):
    line = b"%d,some text that makes the row a little longer,%d\n"
    data = b"id,text,n\n" + b"".join(line % (i, i * 7) for i in range(200_000))
    async with open_session() as session:
        dataset = await uploaded(session, tmp_path / "large.csv", data)
        preview = await session.previews.open(dataset)
        counts = [preview.rows.row_count]
        counts += [preview.rows.row_count async for _ in preview.changes()]
        assert preview.problem is None
        assert preview.table is None
        assert [column.sampled for column in preview.rows.columns] == [True] * 3
        async for _ in preview.build():
            pass
        assert preview.rows is preview.table
        assert [column.sampled for column in preview.rows.columns] == [False] * 3
        assert counts == sorted(counts)
        assert counts[-1] == 200_000
        row = random.Random(7).randrange(200_000)
        assert preview.rows.window(row, row + 1, [0, 2]) == [[str(row)], [str(row * 7)]]
        preview.close()


async def test_unknown_types_are_shown_as_bytes(tmp_path):
    data = bytes(range(256)) * 2_000
    async with open_session() as session:
        dataset = await uploaded(session, tmp_path / "thing.zip", data, "Zip")
        preview = await session.previews.open(dataset)
        assert preview.rows.cell(1, 0) == "00000010"
        await grown(preview)
        assert preview.rows.complete
        assert preview.rows.row_count == 32_000
        preview.close()


@pytest.mark.parametrize("data", [b"", b"a,b\n", b"a,b", b"1"])
async def test_a_dataset_with_no_rows_or_one_previews_without_a_problem(data, tmp_path):
    async with open_session() as session:
        dataset = await uploaded(session, tmp_path / "tiny.csv", data)
        preview = await session.previews.open(dataset)
        await grown(preview)
        assert preview.problem is None
        assert preview.rows.complete
        assert preview.rows.row_count == 0
        preview.close()


async def test_an_intermediate_dataset_previews_like_a_dataset():
    async with open_session() as session:
        workspace = await session.connect()
        listed = (await workspace.experiments())[0]
        experiment = await workspace.experiment(listed.experiment_id)
        port = next(p for p in experiment.outputs if p.data_type_id == "GenericCSV")
        preview = await session.previews.open(port)
        assert preview.rows.columns[0].name == "age"
        await grown(preview)
        assert preview.rows.complete
        preview.close()


def wide_arff(attributes, rows):
    header = "@relation wide\n" + "".join(f"@attribute a{i} numeric\n" for i in range(attributes))
    row = ",".join(str(i) for i in range(attributes))
    return (header + "@data\n" + f"{row}\n" * rows).encode()


async def opened_late(session, dataset):
    """A preview of a dataset that the server had sent whole before anybody looked at a byte."""
    arrived = []

    async def transfers():
        queue = await session.transfers()
        feed = queue.feed(dataset)
        arrived.append(feed)
        await feed.wait_whole()
        return queue

    preview = await open_preview(session.cache, session.key, transfers, dataset)
    arrived[0].close()
    return preview


async def test_what_arrived_is_not_taken_for_what_was_read(tmp_path):
    line = b"%d,some text that makes the row a little longer,%d\n"
    data = b"id,text,n\n" + b"".join(line % (i, i * 7) for i in range(20_000))
    async with open_session() as session:
        dataset = await uploaded(session, tmp_path / "fast.csv", data)
        preview = await opened_late(session, dataset)
        assert not preview.rows.complete
        last = [cells[-1] for cells in preview.rows.window(0, preview.rows.row_count, [0, 1, 2])]
        assert last[1:] == ["some text that makes the row a little longer", str(int(last[0]) * 7)]
        await grown(preview)
        assert preview.rows.row_count == 20_000
        preview.close()


@pytest.mark.parametrize("late", [False, True])
async def test_a_header_larger_than_the_first_piece_is_waited_for(tmp_path, late):
    data = wide_arff(12_600, 2)
    assert len(data) > 256 * 1024
    async with open_session() as session:
        dataset = await uploaded(session, tmp_path / "wide.arff", data, "ARFF")
        preview = await (opened_late(session, dataset) if late else session.previews.open(dataset))
        assert len(preview.rows.columns) == 12_600
        await grown(preview)
        assert preview.problem is None
        assert preview.rows.row_count == 2
        preview.close()


async def test_rows_can_be_read_until_the_preview_is_closed(tmp_path):
    """Also by who stops waiting for more as soon as it has enough."""
    async with open_session() as session:
        dataset = await uploaded(session, tmp_path / "wide.arff", wide_arff(9_000, 200), "ARFF")
        preview = await session.previews.open(dataset)
        async with aclosing(preview.changes()) as changes:
            while preview.rows.row_count < 20:
                await anext(changes)
        assert all_rows(preview.rows)[0][:3] == ["0", "1", "2"]
        preview.close()
        building = list(session.cache.directory.rglob("table.*"))
        assert [path for path in building if str(os.getpid()) in path.name] == []


async def test_leaving_a_preview_early_keeps_what_arrived_and_stops_the_rest(tmp_path):
    data = b"n\n" + b"".join(b"%d\n" % i for i in range(3_000_000))
    async with open_session() as session:
        dataset = await uploaded(session, tmp_path / "long.csv", data)
        preview = await session.previews.open(dataset)
        async for _ in preview.changes():
            break
        preview.close()
        again = await session.previews.open(dataset)
        assert again.rows.window(0, 2, [0]) == [["0", "1"]]
        await grown(again)
        assert again.rows.row_count == 3_000_000
        again.close()
        building = list(session.cache.directory.rglob("table.*"))
        assert [path for path in building if str(os.getpid()) in path.name] == []


LINE = b"%d,some text that makes the row a little longer,%d\n"
ROWS = 200_000
LARGE = b"id,text,n\n" + b"".join(LINE % (i, i * 7) for i in range(ROWS))
"""About 10 MB."""


@contextmanager
def elsewhere(tmp_path):
    """A connection to a server of which no file is known."""
    with running_server(tmp_path / "elsewhere") as server:
        yield Connection(server.endpoint, server.workspace_id, server.token)


def written(directory):
    """Bytes of the files in a directory that take place there."""
    files = (path for path in directory.rglob("*") if path.is_file() and not path.is_symlink())
    return sum(path.stat().st_size for path in files)


def assert_all_rows(preview):
    assert preview.problem is None
    assert (preview.rows.row_count, preview.rows.complete) == (ROWS, True)
    for row in (0, 77_777, ROWS - 1):
        assert preview.rows.window(row, row + 1, [0, 2]) == [[str(row)], [str(row * 7)]]


async def test_a_content_on_this_disk_is_shown_where_it_lies_and_saved_by_one_copy(tmp_path):
    async with open_session() as session:
        dataset = await uploaded(session, tmp_path / "large.csv", LARGE)
        before = written(session.cache.directory)
        preview = await session.previews.open(dataset)
        await grown(preview)
        assert_all_rows(preview)
        assert written(session.cache.directory) - before < 50_000
        preview.close()
        await session.download(dataset, tmp_path / "saved.csv")
        assert (tmp_path / "saved.csv").read_bytes() == LARGE
        assert not (tmp_path / "saved.csv").is_symlink()
        assert written(session.cache.directory) - before < 50_000


async def test_a_content_that_was_deleted_where_it_lay_is_fetched_or_gone(tmp_path):
    # The server asks for five seconds before each new try: its store may be away for a moment.
    async with open_session(options=Options(attempts=2)) as session:
        dataset = await uploaded(session, tmp_path / "large.csv", LARGE)
        preview = await session.previews.open(dataset)
        await grown(preview)
        (session.cache.entry(session.key, dataset).raw.resolve()).unlink()
        assert_all_rows(preview)
        preview.close()
        with pytest.raises(AmltuiError):
            await session.previews.open(dataset)


async def test_bytes_that_arrive_are_written_once_and_indexed_on_the_way(tmp_path):
    with elsewhere(tmp_path) as connection:
        async with open_session(connection=connection) as session:
            dataset = await uploaded(session, tmp_path / "large.csv", LARGE)
            preview = await session.previews.open(dataset)
            counts = [preview.rows.row_count]
            counts += [preview.rows.row_count async for _ in preview.changes()]
            assert counts == sorted(counts)
            assert_all_rows(preview)
            preview.close()
            assert written(session.cache.directory) - len(LARGE) < 100_000
            await session.current_list()
        async with open_session(connection=connection, offline=True) as session:
            preview = await session.previews.open(await session.find("large.csv"))
            assert preview.indexed
            assert_all_rows(preview)
            preview.close()


async def test_two_programs_index_one_content(tmp_path):
    async with open_session() as one, open_session() as other:
        dataset = await uploaded(one, tmp_path / "large.csv", LARGE)
        previews = [await session.previews.open(dataset) for session in (one, other)]
        await asyncio.gather(*map(grown, previews))
        for preview in previews:
            assert_all_rows(preview)
            preview.close()
        again = await other.previews.open(dataset)
        assert again.indexed
        assert_all_rows(again)
        again.close()


async def test_a_damaged_index_is_made_again(tmp_path):
    async with open_session() as session:
        dataset = await uploaded(session, tmp_path / "large.csv", LARGE)
        preview = await session.previews.open(dataset)
        await grown(preview)
        preview.close()
        index = session.cache.entry(session.key, dataset).row_index
        index.write_bytes(index.read_bytes()[:-5] + b"other")
        preview = await session.previews.open(dataset)
        assert not preview.rows.complete
        await grown(preview)
        assert_all_rows(preview)
        preview.close()


@pytest.mark.parametrize("name", ["rows.csv", "rows.parquet"])
async def test_a_content_that_is_damaged_behind_its_first_bytes_is_fetched_again(tmp_path, name):
    table = pa.table({"n": range(100_000)})
    whole = tmp_path / name
    (write_csv if name.endswith("csv") else write_parquet)(table, whole)
    with elsewhere(tmp_path) as connection:
        async with open_session(connection=connection) as session:
            dataset = await uploaded(session, whole, whole.read_bytes())
            preview = await session.previews.open(dataset)
            await grown(preview)
            preview.close()
            raw = session.cache.entry(session.key, dataset).raw
            shutil.rmtree(session.cache.entry(session.key, dataset).table, ignore_errors=True)
            damaged = bytearray(whole.read_bytes())
            damaged[-6] ^= 0xFF
            raw.write_bytes(damaged)
            preview = await session.previews.open(dataset)
            await grown(preview)
            assert preview.problem is None
            assert preview.rows.cell(99_999, 0) == "99999"
            preview.close()
        assert raw.read_bytes() == whole.read_bytes()


async def test_the_first_row_counts_only_once_it_is_all_here(tmp_path):
    data = b"a,b\n" + b"x" * 700_000 + b",y\n1,2\n" + b"3,4\n" * 2_000_000
    with elsewhere(tmp_path) as connection:
        async with open_session(connection=connection) as session:
            dataset = await uploaded(session, tmp_path / "long.csv", data)
            preview = await session.previews.open(dataset)
            assert (preview.rows.row_count, preview.whole_rows) == (1, 0)
            async with aclosing(preview.changes()) as changes:
                while not preview.whole_rows:
                    await anext(changes)
            assert preview.rows.cell(0, 0) == "x" * 700_000
            preview.close()


async def test_who_asks_a_growing_table_still_opens_it_when_it_was_moved_to_its_place(tmp_path):
    async with open_session() as session:
        made = await uploaded(session, tmp_path / "moved.csv", b"n\n1\n2\n")
        queue = await session.transfers()
        await session.finished(queue.download(made))
        entry = session.cache.entry(session.key, made)
        seen = asyncio.Event()

        async def write(directory, note):
            await asyncio.to_thread(ingest, entry.raw, format_of("GenericCSV"), directory)
            note()
            await seen.wait()

        columns = Columns(entry, entry.raw)
        tables = []
        async for table in columns.write(write):
            tables.append(table)
            seen.set()
        growing, whole = tables
        assert whole.directory == entry.table
        with growing.reopen() as again, whole:
            assert all_rows(again) == [["1"], ["2"]]
        growing.close()
        columns.remove()
        assert not growing.directory.is_symlink()
        assert entry.table.is_dir()
