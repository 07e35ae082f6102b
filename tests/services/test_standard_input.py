"""What is piped into the program: shown while it comes, kept within limits, gone afterwards."""

from __future__ import annotations

import gzip
import os
from contextlib import aclosing, contextmanager

import pytest

from amltui.config import paths, resolve
from amltui.errors import LocalError
from amltui.services.session import open_session
from amltui.services.standard_input import standard_input, sweep
from amltui.services.whole_tables import table_that_fits
from amltui.workspaces import arrival


@pytest.fixture(autouse=True)
def directories(tmp_path, monkeypatch):
    for name in ("CACHE", "CONFIG", "DATA"):
        monkeypatch.setenv(f"AMLTUI_{name}_DIR", str(tmp_path / name.lower()))
    monkeypatch.setenv("AMLTUI_CACHE_QUOTA", "1 GiB")


@contextmanager
def piped():
    """The address of what is piped in, and the end of the pipe to write to."""
    end, start = os.pipe()
    writer = os.fdopen(start, "wb", buffering=0)
    with standard_input(end) as address:
        try:
            yield address, writer
        finally:
            writer.close()


def write_for_ever(writer):
    while True:
        writer.write(b"1,x\n" * 10_000)


def left():
    return [one for one in paths.cache_dir().rglob("*") if one.is_file()]


async def shown(session):
    (dataset,) = (await session.current_list()).datasets
    return await session.previews.open(dataset), dataset


async def until(preview, count):
    async with aclosing(preview.changes()) as changes:
        async for _ in changes:
            if preview.rows.row_count >= count:
                return


async def test_first_rows_are_there_while_more_still_come():
    with piped() as (address, writer):
        writer.write(b"number,letter\n1,x\n2,y\n3")
        async with open_session(address) as session:
            assert session.name == "standard input"
            preview, dataset = await shown(session)
            assert dataset.arriving
            assert dataset.size is None
            assert preview.whole_rows == 2
            assert not preview.rows.complete
            writer.write(b",z\n" + b"4,w\n" * 400_000)
            seen = []
            async with aclosing(preview.changes()) as changes:
                async for _ in changes:
                    seen.append((preview.rows.row_count, preview.rows.complete))
                    if preview.rows.row_count > 100_000:
                        writer.close()
            assert any(count > 2 and not complete for count, complete in seen)
            assert seen[-1] == (400_003, True)
            assert preview.problem is None
            preview.close()
            (dataset,) = (await session.current_list()).datasets
            assert (dataset.arriving, dataset.size) == (
                False,
                len(b"number,letter\n1,x\n2,y\n3,z\n") + 1_600_000,
            )
            assert dataset.data_type_id == "GenericCSV"
            pieces = [piece async for piece in session.stream(dataset)]
            assert len(b"".join(pieces)) == dataset.size
    assert left() == []


async def test_what_is_compressed_is_shown_as_what_is_in_it():
    with piped() as (address, writer):
        writer.write(gzip.compress(b"a,b\n" + b"1,x\n" * 500))
        writer.close()
        async with open_session(address) as session:
            preview, _ = await shown(session)
            await until(preview, 500)
            assert preview.rows.row_count == 500
            assert preview.rows.complete
            preview.close()


async def test_input_without_an_end_is_kept_up_to_a_limit_and_the_rows_of_that_stay(monkeypatch):
    monkeypatch.setenv("AMLTUI_CACHE_QUOTA", "1 MiB")
    monkeypatch.setattr(arrival, "_PIECE", 1 << 16)
    with piped() as (address, writer):
        os.set_blocking(writer.fileno(), True)
        writer.write(b"a,b\n")
        with pytest.raises(BrokenPipeError):  # the one who writes is told to stop
            write_for_ever(writer)
        async with open_session(address) as session:
            preview, dataset = await shown(session)
            assert not dataset.arriving
            assert dataset.size is None
            await until(preview, 1 << 60)
            assert isinstance(preview.problem, LocalError)
            assert "Only the first" in str(preview.problem)
            assert not preview.rows.complete
            assert preview.rows.row_count > 200_000
            table, problem = await table_that_fits(preview, dataset)
            assert problem is preview.problem
            assert not table.complete
            assert 100_000 < table.row_count < preview.rows.row_count
            preview.close()
            with pytest.raises(LocalError, match="Only the first"):
                [piece async for piece in session.stream(dataset)]
    assert left() == []


async def test_a_disk_that_is_nearly_full_takes_no_more(monkeypatch):
    monkeypatch.setattr(arrival, "free_space", lambda _path: 10)
    with piped() as (address, writer):
        writer.write(b"a\n")
        async with open_session(address) as session:
            (dataset,) = (await session.current_list()).datasets
            assert not dataset.arriving
            with pytest.raises(LocalError, match="disk is nearly full"):
                await session.previews.open(dataset)


async def test_an_input_that_is_empty_is_an_empty_dataset():
    with piped() as (address, writer):
        writer.close()
        async with open_session(address) as session:
            preview, dataset = await shown(session)
            await until(preview, 1)
            assert dataset.size == 0
            assert preview.rows.row_count == 0
            preview.close()


async def test_it_stands_beside_files_and_keeps_its_own_cache(tmp_path):
    from amltui.config.connection_values import several_address

    (tmp_path / "a.csv").write_text("a\n1\n")
    with piped() as (address, writer):
        writer.write(b"b\n2\n")
        writer.close()
        async with open_session(several_address([address, str(tmp_path / "a.csv")])) as session:
            names = [one.name for one in (await session.current_list()).datasets]
            assert names == ["a.csv", "standard input"]
            assert session.cache.directory.parent.parent == paths.cache_dir() / "input"
    assert left() == []


def test_what_a_killed_process_left_is_removed_by_the_next_one_and_nothing_else(tmp_path):
    dead = paths.cache_dir() / "input" / "0123456789ab"
    dead.mkdir(parents=True)
    (dead / "content").write_text("secret")
    (dead / "lock").touch()
    with piped() as (address, _writer):
        assert not dead.exists()
        sweep()
        assert resolve(address) is not None
        assert len(list((paths.cache_dir() / "input").iterdir())) == 1
