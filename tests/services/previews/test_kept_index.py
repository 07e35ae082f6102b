"""An index of rows that is not finished is kept, gone on with, and not taken for other bytes."""

import asyncio
import os
import re
import signal
import subprocess
import sys
from contextlib import aclosing
from pathlib import Path

import pytest

from amltui.cache import Cache
from amltui.cache.part_files import PartFile
from amltui.formats.dialect import Dialect
from amltui.services.previews import indexing, kept_index
from amltui.tables.indexed import IndexedRows
from tests.services.previews.test_peeking import previewed
from tests.support.generated import HEADER, ROW, GeneratedWorkspace
from tests.support.server import ROOT

ROWS = 120_000
"""Of a content of 12 MB."""
CAME = 6 << 20
"""Bytes of it that come before somebody leaves."""
HALF = CAME // 2 // ROW
"""Rows of half of those."""


@pytest.fixture(autouse=True)
def soon(monkeypatch):
    """All is worth to be kept, also of contents as small as these."""
    monkeypatch.setattr(kept_index, "WORTH", 0)
    monkeypatch.setattr(kept_index, "EVERY", 0)


@pytest.fixture
def begun(monkeypatch):
    """Bytes of the content at which each search for rows began; 0: its first row."""
    found = []
    make = indexing.index_rows

    def noted(*args, begun=None, **options):
        found.append(0 if begun is None else begun.stop)
        return make(*args, begun=begun, **options)

    monkeypatch.setattr(indexing, "index_rows", noted)
    return found


def here(path, rows=ROWS):
    """A content on this disk, and what lists it."""
    workspace = GeneratedWorkspace(rows)
    path.write_bytes(workspace.bytes_of(0, workspace.size))
    return workspace


def link(tmp_path, workspace):
    with Cache(tmp_path / "cache", 1 << 40) as cache:
        entry = cache.entry(workspace.key, workspace.listed)
        entry.link(workspace.listed, tmp_path / "content.csv", None)
        return entry


def entry_of(tmp_path, workspace):
    with Cache(tmp_path / "cache", 1 << 40) as cache:
        return cache.entry(workspace.key, workspace.listed)


def assert_all_rows(preview, rows=ROWS):
    assert preview.problem is None
    assert (preview.rows.row_count, preview.rows.complete) == (rows, True)
    for row in (0, rows // 3, rows // 2 + 7, rows - 1):
        cells = preview.rows.window(row, row + 1, [0, 1])
        assert cells == [[str(row)], [f"name {row}"]], row


async def left(preview, rows):
    """Leave a preview that has so many rows."""
    async with aclosing(preview.changes()) as changes:
        async for _ in changes:
            if preview.rows.row_count >= rows:
                break


async def grown(preview, changes=None):
    async for _ in changes or preview.changes():
        pass


def die_in_the_middle(directory, kind):
    """In a process of its own: be killed after the index of half of the content was kept."""
    kept_index.WORTH, kept_index.EVERY = 0, 0
    note = kept_index.BegunIndex.note

    def last_note(begun, index):
        note(begun, index)
        if index.stop > CAME // 2:
            os.kill(os.getpid(), signal.SIGKILL)

    kept_index.BegunIndex.note = last_note

    async def run():
        workspace = GeneratedWorkspace(ROWS, until=CAME if kind == "arriving" else None)
        async with previewed(Path(directory), workspace) as preview:
            await grown(preview)

    asyncio.run(run())


def killed(directory, kind):
    code = "import sys; from tests.services.previews import test_kept_index as t; "
    code += "t.die_in_the_middle(*sys.argv[1:])"
    done = subprocess.run([sys.executable, "-c", code, directory, kind], cwd=ROOT, check=False)
    assert done.returncode == -signal.SIGKILL


@pytest.mark.parametrize("kind", ["here", "arriving"])
async def test_the_index_of_a_program_that_was_killed_is_gone_on_with(tmp_path, kind, begun):
    workspace = here(tmp_path / "content.csv") if kind == "here" else GeneratedWorkspace(ROWS)
    if kind == "here":
        link(tmp_path, workspace)
    await asyncio.to_thread(killed, tmp_path, kind)
    workspace.until = CAME
    async with previewed(tmp_path, workspace) as preview:
        async with aclosing(preview.changes()) as changes:
            await anext(changes)
            assert isinstance(preview.rows, IndexedRows)
            assert preview.rows.row_count >= HALF - 1
            workspace.goes_on.set()
            await grown(preview, changes)
        assert_all_rows(preview)
    assert begun[0] > CAME // 2
    entry = entry_of(tmp_path, workspace)
    assert sorted(path.name for path in entry.directory.glob("*.index")) == ["rows.index"]


async def test_the_index_of_what_arrived_is_gone_on_with_when_more_comes(tmp_path, begun):
    workspace = GeneratedWorkspace(ROWS, until=CAME)
    async with previewed(tmp_path, workspace) as preview:
        await left(preview, HALF)
    entry = entry_of(tmp_path, workspace)
    (kept,) = entry.directory.glob("*.index")
    (part,) = PartFile.leftovers(entry.raw, ".part")
    assert kept.stem == part.stem
    async with previewed(tmp_path, workspace) as preview:
        async with aclosing(preview.changes()) as changes:
            await anext(changes)
            workspace.goes_on.set()
            await grown(preview, changes)
        assert_all_rows(preview)
    assert begun[0] == 0
    assert HALF * ROW <= begun[1] <= CAME
    assert sorted(path.name for path in entry.directory.glob("*.index")) == ["rows.index"]


async def test_an_index_that_was_begun_in_another_dialect_stays_that_dialects(tmp_path, begun):
    workspace = GeneratedWorkspace(ROWS, until=CAME)
    async with previewed(tmp_path, workspace) as preview:
        await left(preview, HALF)
    entry = entry_of(tmp_path, workspace)
    semicolons = Dialect(delimiter=";")
    async with previewed(tmp_path, workspace, dialect=semicolons) as preview:
        await left(preview, HALF)
        assert len(preview.rows.columns) == 1
    assert begun == [0, 0]
    async with previewed(tmp_path, workspace) as preview:
        await left(preview, HALF)
        assert len(preview.rows.columns) == 3
    assert begun[2] >= HALF * ROW
    assert len(list(entry.directory.glob("*.index"))) == 2


async def test_a_search_that_was_stopped_twice_is_finished_by_the_third(tmp_path, begun):
    workspace = GeneratedWorkspace(ROWS)
    for until in (CAME // 2, CAME):
        workspace.until = until
        async with previewed(tmp_path, workspace) as preview:
            await left(preview, until // ROW // 2)
    async with previewed(tmp_path, workspace) as preview:
        async with aclosing(preview.changes()) as changes:
            await anext(changes)
            workspace.goes_on.set()
            await grown(preview, changes)
        assert_all_rows(preview)
    assert begun[:3] == sorted(begun[:3])
    assert begun[2] >= HALF * ROW


@pytest.mark.parametrize("damage", ["version", "torn", "flipped", "other bytes", "longer"])
async def test_a_begun_index_that_is_not_of_these_bytes_is_made_anew(tmp_path, begun, damage):
    workspace = here(tmp_path / "content.csv")
    entry = link(tmp_path, workspace)
    await asyncio.to_thread(killed, tmp_path, "here")
    kept = entry.begun_index(entry.raw)
    data = kept.read_bytes()
    if damage == "version":
        other, count = re.subn(rb'"version": \d', b'"version": 0', data)
        assert count == 1
        kept.write_bytes(other)
    elif damage == "torn":
        kept.write_bytes(data[: len(data) // 2])
    elif damage == "flipped":
        kept.write_bytes(data[:-5] + bytes([data[-5] ^ 1]) + data[-4:])
    else:
        path = tmp_path / "content.csv"
        content = path.read_bytes()
        if damage == "longer":
            path.write_bytes(content + content[len(HEADER) : len(HEADER) + ROW])
        else:  # as many rows and bytes, but elsewhere
            path.write_bytes(HEADER + b"0,name 0,\n" + content[len(HEADER) + 10 :])
    async with previewed(tmp_path, workspace) as preview:
        await grown(preview)
        rows = {"longer": ROWS + 1}.get(damage, ROWS)
        if damage == "other bytes":
            rows = preview.rows.row_count
            assert rows != ROWS
            assert preview.rows.window(0, 2, [2])[0][0] is None
        else:
            assert preview.rows.row_count == rows
            assert preview.rows.window(ROWS - 1, ROWS, [0]) == [[str(ROWS - 1)]]
    assert begun == [0]
    assert not kept.exists()


async def test_a_preview_whose_changes_were_left_goes_on_where_it_was(tmp_path, begun):
    workspace = here(tmp_path / "content.csv")
    link(tmp_path, workspace)
    async with previewed(tmp_path, workspace) as preview:
        await left(preview, 1)
        await grown(preview)
        assert_all_rows(preview)
    assert all(begun[1:])


async def test_an_index_goes_with_the_part_that_it_was_made_of(tmp_path):
    workspace = GeneratedWorkspace(ROWS, until=CAME)
    async with previewed(tmp_path, workspace) as preview:
        await left(preview, HALF)
    entry = entry_of(tmp_path, workspace)
    assert list(entry.directory.glob("*.index"))
    part = PartFile.load(entry.raw)
    assert part is not None
    part.discard()
    assert not list(entry.directory.glob("*.index"))


async def test_who_leaves_does_not_undo_what_another_program_finished(tmp_path, begun):
    workspace = here(tmp_path / "content.csv")
    entry = link(tmp_path, workspace)
    async with previewed(tmp_path, workspace) as one, previewed(tmp_path, workspace) as other:
        await asyncio.gather(grown(one), left(other, 1_000))
        assert_all_rows(one)
    assert entry.row_index.exists()
    async with previewed(tmp_path, workspace) as again:
        assert again.indexed
        assert_all_rows(again)
    # The third looks for no rows. The second may go on with what the first had kept by then.
    assert len(begun) == 2


async def test_two_programs_that_follow_one_arriving_content_both_have_all_rows(tmp_path, begun):
    workspace = GeneratedWorkspace(ROWS, until=CAME)
    async with previewed(tmp_path, workspace) as one, previewed(tmp_path, workspace) as other:
        await asyncio.gather(left(one, HALF), left(other, HALF))
    async with previewed(tmp_path, workspace) as one, previewed(tmp_path, workspace) as other:
        async with aclosing(one.changes()) as changes, aclosing(other.changes()) as others:
            await asyncio.gather(anext(changes), anext(others))
            workspace.goes_on.set()
            await asyncio.gather(grown(one, changes), grown(other, others))
        assert_all_rows(one)
        assert_all_rows(other)
    assert all(stop >= HALF * ROW for stop in begun[2:])
