"""A question about some partitions of a folder, and the files that it fetches."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from asyncio import to_thread
from functools import partial

import obstore
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from obstore.store import from_url

from amltui.tables.queries.files_asked import files_asked
from amltui.workspaces.folder.store import StoreWorkspace
from tests.support.proxy import fault_proxy

NAMES = ["year", "month"]
VALUES = [pa.array([2024, 2024, 2025, None]), pa.array(["01", "02", "01", "02"])]


@pytest.mark.parametrize(
    ("condition", "files"),
    [
        ("year = 2025", [2]),
        ("month = '02' and value > 3", [1, 3]),
        ("Year in (2024) and month <> '01'", [1]),
        ("year is null", [3]),
        ("not (year between 2000 and 2024)", [2]),
        ("year = 1999", []),
        ("year = 2025 or value = 1", None),
        ("year = (select max(year) from data)", None),
        ("random() < year", None),
        ("year = 'x'", None),
        ("value = 1", None),
    ],
)
def test_a_condition_names_the_files_that_it_can_hold_for(condition, files):
    assert files_asked(f"select * from data where {condition}", NAMES, VALUES) == files


@pytest.mark.parametrize(
    "text",
    [
        "select * from data",
        "selec",
        "select 1; select * from data where year = 2025",
        "select * from data as d(month, year) where year = 2025",
        "select * from data d join data e using (value) where year = 2025",
        "with data as (select 1 as year) select * from data where year = 1",
        "select * from data where year = 2025 union all select * from data",
        "select * from data tablesample 10% where year = 2025",
    ],
)
def test_all_files_are_needed_of_what_is_no_plain_question(text):
    assert files_asked(text, NAMES, VALUES) is None


@pytest.fixture
def url(moto, monkeypatch):
    """A bucket with two months of each of two years, of which one looks like a number alone."""
    for name, value in moto.environment.items():
        monkeypatch.setenv(name, value)
    found = moto.new_container()
    store = from_url(found, client_options={"allow_http": True})
    for number, (year, month) in enumerate([(2024, "1"), (2024, "x"), (2025, "1"), (2025, "x")]):
        out = io.BytesIO()
        table = pa.table(
            {"value": range(number * 10, number * 10 + 3), "pad": [os.urandom(200_000)] * 3}
        )
        pq.write_table(table, out, use_dictionary=False)
        obstore.put(store, f"sales/year={year}/month={month}/a.parquet", out.getvalue())
    return found


async def test_some_files_of_a_table_keep_the_types_of_its_columns(url):
    async with StoreWorkspace(url) as workspace:
        whole = await workspace.named("sales/")
        asked = partial(files_asked, "select * from data where month = '1' and year = 2025")
        some = await workspace.narrowed(whole, asked)
        async with workspace.read(some) as content:
            data = b"".join([piece async for piece in content])
        table = pq.read_table(io.BytesIO(data))
        assert table.schema.field("month").type == pa.string()
        assert table.drop_columns("pad").to_pylist() == [
            {"year": 2025, "month": "1", "value": value} for value in (20, 21, 22)
        ]
        assert (await workspace.dataset(some.id)) == some
        assert (await workspace.dataset(whole.id)).id == whole.id
        none = await workspace.narrowed(whole, partial(files_asked, "from data where year = 1"))
        assert none.note == some.note  # one file has the columns
        assert await workspace.narrowed(whole, partial(files_asked, "from data")) is None
        file = await workspace.named("sales/year=2024/month=1/a.parquet")
        assert await workspace.narrowed(file, asked) is None


async def test_sql_fetches_no_file_whose_partition_cannot_match(moto, url, tmp_path):
    def amltui(endpoint, text):
        names = ("CONFIG", "CACHE", "DATA")
        own = {f"AMLTUI_{name}_DIR": str(tmp_path / name) for name in names}
        command = [sys.executable, "-m", "amltui", "--at", url, "sql", "sales/", text, "--json"]
        environment = os.environ | own | {"AWS_ENDPOINT": endpoint}
        done = subprocess.run(command, env=environment, check=True, capture_output=True)
        return json.loads(done.stdout), done.stderr.decode()

    def read_in(proxy):
        """The files of which more than a footer was asked for."""
        ranges = [(one.target, one.range) for one in proxy.requests if one.range]
        return {target for target, (start, stop) in ranges if stop - start > 100_000}

    async with fault_proxy(int(moto.endpoint.rpartition(":")[2])) as proxy:
        endpoint = proxy.endpoint.rstrip("/")
        question = "select sum(value) as s from data"
        answer, said = await to_thread(
            amltui, endpoint, f"{question} where year = 2025 and month = '1'"
        )
        assert answer["rows"] == [["63"]]
        assert "1 of the 4 files" in said
        (file,) = read_in(proxy)
        assert "2025" in file
        few = proxy.content_sent
        proxy.requests.clear()
        answer, said = await to_thread(amltui, endpoint, question)
        assert answer["rows"] == [[str(3 + 33 + 63 + 93)]]
        assert "no other is asked for" not in said
        assert len(read_in(proxy)) == 4
        assert proxy.content_sent - few > 2 * few
