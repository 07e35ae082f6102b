from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from amltui.errors import LocalError, Unreadable, UnsupportedDataType
from amltui.formats import format_of
from amltui.tables import ingest_in_process, open_table

CSV = format_of("GenericCSV")
ENOUGH = b"a,b\n" + b"1,x\n" * 2_000
"""Rows enough to judge encoding and header by: before that nothing is a row."""
ROOT = Path(__file__).parents[2]


async def test_a_file_becomes_a_table_in_another_process(tmp_path):
    source = tmp_path / "source"
    source.write_bytes(b"a,b\n1,x\n2\n")
    stages = []
    done = await ingest_in_process(
        source, CSV, tmp_path / "table", on_progress=lambda p: stages.append(p.stage)
    )
    assert (done.stage, done.rows, done.malformed, done.consumed) == ("done", 2, 1, 10)
    assert stages == ["rows", "types", "done"]
    with open_table(tmp_path / "table", source) as table:
        assert table.row_count == 2


async def test_rows_are_there_while_the_file_still_grows(tmp_path):
    source = tmp_path / "source"
    source.write_bytes(ENOUGH + b"2,y\n3,z\n")
    first = asyncio.Event()
    counts = []

    async def available():
        yield len(ENOUGH) + 1
        await first.wait()
        yield len(ENOUGH) + 8

    def progress(now):
        with open_table(tmp_path / "table", source) as table:
            counts.append((table.row_count, table.complete))
        first.set()

    await ingest_in_process(
        source, CSV, tmp_path / "table", available=available(), on_progress=progress
    )
    assert counts[0] == (2_000, False)
    assert counts[-1] == (2_002, True)


async def test_what_is_wrong_with_the_bytes_is_said_as_it_is_in_process(tmp_path):
    source = tmp_path / "source"
    source.write_bytes(b"a,b\n1,x\n")
    with pytest.raises(Unreadable, match="Not an ARFF file") as found:
        await ingest_in_process(source, format_of("ARFF"), tmp_path / "table")
    assert found.value.hint
    with pytest.raises(UnsupportedDataType):
        await ingest_in_process(source, format_of("Zip"), tmp_path / "table")
    with pytest.raises(LocalError):
        await ingest_in_process(tmp_path / "none", CSV, tmp_path / "table")
    assert not (tmp_path / "table").exists()


async def test_a_cancelled_ingest_ends_its_process_and_leaves_nothing(tmp_path):
    source = tmp_path / "source"
    source.write_bytes(ENOUGH)
    started, forever = asyncio.Event(), asyncio.Event()

    async def available():
        yield len(ENOUGH)
        await forever.wait()

    before = {child.pid for child in psutil.Process().children()}
    task = asyncio.create_task(
        ingest_in_process(
            source,
            CSV,
            tmp_path / "table",
            available=available(),
            on_progress=lambda _: started.set(),
        )
    )
    await asyncio.wait_for(started.wait(), 60)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    left = [child for child in psutil.Process().children() if child.pid not in before]
    assert all(child.status() == psutil.STATUS_ZOMBIE for child in left)
    assert not (tmp_path / "table").exists()


async def test_an_error_of_the_source_is_raised_as_it_is(tmp_path):
    source = tmp_path / "source"
    source.write_bytes(b"a,b\n1,x\n")

    async def available():
        yield 4
        raise LocalError("the download failed")

    with pytest.raises(LocalError, match="the download failed"):
        await ingest_in_process(source, CSV, tmp_path / "table", available=available())
    assert not (tmp_path / "table").exists()


def test_a_worker_ends_when_its_parent_is_killed(tmp_path):
    source = tmp_path / "source"
    source.write_bytes(ENOUGH)
    script = (
        "import subprocess, sys, time\n"
        f"size = {len(ENOUGH)}\n"
        "args = [sys.executable, '-m', 'amltui.tables.worker', *sys.argv[1:], '--follow']\n"
        "child = subprocess.Popen(args, stdin=subprocess.PIPE)\n"
        "child.stdin.write(b'%d\\n' % size); child.stdin.flush()\n"
        "print(child.pid, flush=True)\n"
        "time.sleep(600)\n"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", script, str(source), "GenericCSV", str(tmp_path / "table")],
        stdout=subprocess.PIPE,
        cwd=ROOT,
    )
    with parent:
        worker = psutil.Process(int(parent.stdout.readline()))
        assert parent.stdout.readline().startswith(b'{"stage": "rows"')
        os.kill(parent.pid, signal.SIGKILL)
    _, alive = psutil.wait_procs([worker], timeout=60)
    assert not alive
    assert not (tmp_path / "table").exists()
