"""Parquet elsewhere: the footer, then only what is looked at, and a word of how much that was."""

import asyncio
import datetime as dt
from dataclasses import replace

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from amltui.config import Connection
from amltui.errors import Unreadable
from amltui.models import Dataset
from amltui.services.previews import open_preview
from amltui.services.previews.opening import ends_of
from amltui.services.previews.parquet_ranges import TAIL, open_remote
from amltui.services.session import open_session
from tests.support.server import running_server
from tests.support.tables import all_rows

ROWS = 400_000
GROUP = 100_000


@pytest.fixture(scope="module")
def parquet(tmp_path_factory):
    start = dt.datetime(2024, 1, 1)  # noqa: DTZ001
    table = pa.table(
        {
            "id": range(ROWS),
            "name": [f"name {i * 7919 % 100_003}" for i in range(ROWS)],
            "value": [i * 1.25 for i in range(ROWS)],
            "when": [start + dt.timedelta(seconds=i) for i in range(ROWS)],
        }
    )
    path = tmp_path_factory.mktemp("parquet") / "large.parquet"
    pq.write_table(table, path, row_group_size=GROUP, compression="none", use_dictionary=False)
    return path


class Counting:
    """A host that counts what it is asked for, and how often one waits for it."""

    def __init__(self, data):
        self.data = data
        self.asked = []

    async def read(self, start, stop):
        self.asked.append((start, stop))
        return self.data[start:stop]

    @property
    def bytes(self):
        return sum(stop - start for start, stop in self.asked)


async def test_first_and_last_rows_and_any_row_fetch_only_their_row_groups(parquet):
    host = Counting(parquet.read_bytes())
    size = len(host.data)
    remote = await open_remote(host.read, size)
    assert (remote.row_count, len(host.asked)) == (ROWS, 1)
    first = await remote.first(50)
    assert all_rows(first)[49] == ["49", "name 88022", "61.25", "2024-01-01 00:00:49"]
    assert [column.type for column in first.columns] == ["int", "text", "float", "datetime"]
    assert host.bytes < size // 6
    for start in (ROWS - 5, 123_456, GROUP - 2):
        rows = await remote.rows(start, 4)
        assert rows.window(start, start + 4, [0])[0] == [str(start + at) for at in range(4)]
        assert rows.cell(start + 3, 2) == str((start + 3) * 1.25)
    assert (remote.fetched, remote.requests) == (host.bytes, len(host.asked))


class EndFirst(Counting):
    """A host that gives the first bytes only once the last were asked for as well."""

    def __init__(self, data):
        super().__init__(data)
        self.end_asked = asyncio.Event()

    async def read(self, start, stop):
        if stop == len(self.data):
            self.end_asked.set()
        await self.end_asked.wait()
        return await super().read(start, stop)


async def test_the_footer_is_asked_for_together_with_the_first_bytes(parquet):
    host = EndFirst(parquet.read_bytes())
    size = len(host.data)
    listed = Dataset("1", "1", "large.Parquet", "Dataset", size=size)
    async with asyncio.timeout(30):
        head, tail = await ends_of(host, listed, 1_000)
    assert (head, tail) == (host.data[:1_000], host.data[-TAIL:])
    remote = await open_remote(host.read, size, tail)
    assert (remote.row_count, len(host.asked)) == (ROWS, 2)
    assert await ends_of(host, replace(listed, name="x.csv"), 10) == (host.data[:10], b"")


@pytest.mark.parametrize("index", range(4))
async def test_one_column_of_all_rows_fetches_no_other(parquet, tmp_path, index):
    host = Counting(parquet.read_bytes())
    remote = await open_remote(host.read, len(host.data))
    await remote.column(index, tmp_path / "column.parquet")
    assert pq.read_table(tmp_path / "column.parquet") == pq.read_table(parquet).select([index])
    chunks = pq.ParquetFile(parquet).metadata
    size = sum(chunks.row_group(g).column(index).total_compressed_size for g in range(4))
    assert host.bytes == TAIL + size
    assert len(host.asked) == 5


async def test_a_footer_that_is_longer_than_the_usual_one_takes_one_request_more(tmp_path):
    wide = pa.table({f"column number {at}": [at] for at in range(2_000)})
    pq.write_table(wide, tmp_path / "wide.parquet")
    host = Counting((tmp_path / "wide.parquet").read_bytes())
    remote = await open_remote(host.read, len(host.data))
    assert len(host.asked) == 2
    assert all_rows(await remote.first(10)) == [[str(at) for at in range(2_000)]]


async def test_a_file_cut_off_is_said_to_be_unreadable(parquet):
    data = parquet.read_bytes()
    for stop in (20, TAIL, len(data) - 1):
        host = Counting(data[:stop])
        with pytest.raises(Unreadable, match="footer is missing or encrypted"):
            await open_remote(host.read, stop)


async def test_a_large_parquet_dataset_shows_rows_without_being_fetched(parquet, tmp_path):
    with running_server(tmp_path / "elsewhere") as server:
        connection = Connection(server.endpoint, server.workspace_id, server.token)
        async with open_session(connection=connection) as session:
            dataset = await session.upload(parquet, name="large", data_type_id="Binary")
            preview = await open_preview(
                session.cache,
                session.key,
                session.transfers,
                dataset,
                connect=session.connect,
                limit=1,
            )
            assert preview.rows.window(7, 8, [0]) == [["7"]]
            rows, place = await preview.window_of(None, 3)
            assert place == range(ROWS - 3, ROWS)
            assert rows.window(place.start, place.stop, [0]) == [["399997", "399998", "399999"]]
            assert f"the footer counts {ROWS:,} rows" in preview.fetched
            assert preview.received < dataset.size
            await preview.fetch_all()
            async for _ in preview.changes():
                pass
            assert preview.problem is None
            assert (preview.rows.row_count, preview.rows.complete) == (ROWS, True)
            assert preview.rows.window(250_000, 250_001, [0]) == [["250000"]]
            preview.close()
