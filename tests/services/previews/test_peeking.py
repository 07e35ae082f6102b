"""Large contents elsewhere: any row by one request, the rest only when it is asked for."""

import asyncio
import time
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace

import pytest

from amltui.cache import Cache
from amltui.errors import ContentChanged, Unreachable
from amltui.services.previews import open_preview
from amltui.services.previews.peeking import PartialContent
from amltui.tables.peeked import COMING
from amltui.transfers import Transfers
from tests.support.generated import GeneratedWorkspace

HUGE = 200_000_000
"""Rows of a content of 20 GB."""
SLOW = 4 << 20
"""Bytes a second of a line that brings 80 MiB in 20 seconds."""


@asynccontextmanager
async def previewed(tmp_path, workspace, *, limit=None, name="cache", dialect=None):
    with Cache(tmp_path / name, 1 << 40) as cache:
        async with Transfers(workspace, cache) as queue:

            async def transfers():
                return queue

            async def connect():
                return workspace

            preview = await open_preview(
                cache,
                workspace.key,
                transfers,
                workspace.listed,
                connect=connect,
                limit=limit,
                dialect=dialect,
            )
            try:
                yield preview
            finally:
                preview.close()


def id_of(rows, row):
    return rows.window(row, row + 1, [0])[0][0]


async def shown(preview, row):
    """Look at a row until it is here, as a grid does."""
    rows = preview.peeked
    async with aclosing(preview.peeks()) as peeks:
        while (found := id_of(rows, row)) == COMING:
            await anext(peeks)
    return found


async def test_the_last_row_and_the_middle_of_20_gb_take_one_request_each(tmp_path):
    workspace = GeneratedWorkspace(HUGE, pace=SLOW * 4)
    async with previewed(tmp_path, workspace) as preview:
        rows = preview.peeked
        assert preview.waits
        assert len(workspace.asked) == 1
        assert rows.row_count == pytest.approx(HUGE, rel=0.15)
        assert await shown(preview, rows.row_count - 1) == str(HUGE - 1)
        assert len(workspace.asked) == 2
        middle = rows.row_count // 2
        assert int(await shown(preview, middle)) == pytest.approx(HUGE / 2, rel=0.01)
        assert len(workspace.asked) == 3
        assert all(stop - start <= 2 << 20 for start, stop in workspace.asked)
        assert rows.is_near(middle)
        assert not rows.is_near(0)
        assert preview.received == sum(stop - start for start, stop in workspace.asked)


async def test_a_place_comes_within_a_round_trip_and_some_milliseconds(tmp_path):
    workspace = GeneratedWorkspace(HUGE, delay=0.2)
    async with previewed(tmp_path, workspace, limit=1 << 20) as preview:
        waits = []
        for part in (0.9, 0.3, 0.5):
            began = time.perf_counter()
            await shown(preview, int(preview.peeked.row_count * part))
            waits.append(time.perf_counter() - began)
        assert min(waits) < 0.2 + 0.1


async def test_places_are_kept_on_this_disk_and_used_again(tmp_path):
    workspace = GeneratedWorkspace(HUGE)
    for expected in (2, 2):
        async with previewed(tmp_path, workspace, limit=1 << 20) as preview:
            assert await shown(preview, preview.peeked.row_count - 1) == str(HUGE - 1)
            assert len(workspace.asked) == expected


async def test_the_rest_is_fetched_when_it_is_asked_for_and_rows_get_their_numbers(tmp_path):
    rows = 200_000
    workspace = GeneratedWorkspace(rows, pace=SLOW * 10)
    async with previewed(tmp_path, workspace, limit=1 << 20) as preview:
        middle = preview.peeked.row_count // 2
        at = int(await shown(preview, middle))
        before = sum(stop - start for start, stop in workspace.asked)
        await preview.fetch_all()
        assert not preview.waits
        shift = 0
        async for _ in preview.changes():
            for move in preview.take_moves():
                if middle + shift in move.rows:
                    shift += move.by
        assert preview.problem is None
        assert preview.peeked is None
        assert preview.rows.row_count == rows
        assert middle + shift == at
        assert id_of(preview.rows, middle + shift) == str(at)
        fetched = sum(stop - start for start, stop in workspace.asked)
        assert fetched < workspace.size + before // 2


async def test_what_the_line_brings_soon_is_fetched_without_being_asked_for(tmp_path):
    workspace = GeneratedWorkspace(4_000_000)
    async with previewed(tmp_path, workspace) as preview:
        assert not preview.waits
    slow = GeneratedWorkspace(4_000_000, pace=SLOW)
    async with previewed(tmp_path, slow, name="other") as preview:
        assert preview.waits


async def test_a_limit_that_somebody_set_is_the_limit(tmp_path):
    workspace = GeneratedWorkspace(100_000, pace=SLOW)
    async with previewed(tmp_path, workspace, limit=2 << 20) as preview:
        assert preview.waits
    async with previewed(tmp_path, workspace, limit=workspace.size, name="other") as preview:
        assert not preview.waits


async def test_any_row_can_be_seen_while_the_rest_arrives(tmp_path):
    workspace = GeneratedWorkspace(200_000, pace=SLOW)
    async with previewed(tmp_path, workspace) as preview:
        assert not preview.waits
        assert await shown(preview, preview.peeked.row_count - 1) == "199999"
        assert preview.rows.row_count < 10_000


async def test_a_place_that_does_not_come_can_be_asked_for_again(tmp_path):
    class Failing(GeneratedWorkspace):
        fails = False

        def read(self, source, **options):
            if self.fails:
                raise Unreachable("The line is down")
            return super().read(source, **options)

    workspace = Failing(HUGE)
    async with previewed(tmp_path, workspace, limit=1 << 20) as preview:
        workspace.fails = True
        with pytest.raises(Unreachable):
            await shown(preview, preview.peeked.row_count - 1)
        workspace.fails = False
        assert await shown(preview, preview.peeked.row_count - 1) == str(HUGE - 1)


async def test_a_host_without_ranges_is_read_as_before(tmp_path):
    workspace = GeneratedWorkspace(60_000, ranges=False)
    async with previewed(tmp_path, workspace, limit=1 << 20) as preview:
        assert not preview.waits
        async for _ in preview.changes():
            pass
        assert preview.rows.complete
        assert preview.rows.row_count == 60_000
        assert id_of(preview.rows, 59_999) == "59999"


class Replaced(GeneratedWorkspace):
    """Two answers of another content each, which both begin before a byte of either comes."""

    answers = 0

    @asynccontextmanager
    async def read(self, source, **options):
        async with super().read(source, **options) as content:
            self.answers += 1
            content.info = replace(content.info, etag=f'"{self.answers}"')
            if self.answers == 2:
                self.goes_on.set()
            yield content


async def test_two_ranges_of_contents_that_follow_each_other_are_never_taken_for_one(tmp_path):
    workspace = Replaced(1_000_000, until=0)

    async def connect():
        return workspace

    with Cache(tmp_path / "cache", 1 << 40) as cache:
        entry = cache.entry(workspace.key, workspace.listed)
        content = PartialContent(cache, entry, workspace.listed, connect)
        reads = content.read(0, 100), content.read(workspace.size - 100, workspace.size)
        found = await asyncio.gather(*reads, return_exceptions=True)
        content.close()
    assert found[0] == workspace.bytes_of(0, 100)
    assert isinstance(found[1], ContentChanged)
