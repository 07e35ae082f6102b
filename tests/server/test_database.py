"""Transactions of one SQLite database: what shares a commit, and what does not."""

from __future__ import annotations

import asyncio
import sqlite3

import pytest
import sqlalchemy as sa

from amltui.server.database.engine import database_url, open_database

NUMBERS = sa.table("numbers", sa.column("n", sa.Integer))


@pytest.fixture
async def database(tmp_path):
    database = open_database(database_url(None, tmp_path))
    async with database.writing() as connection:
        await connection.execute(sa.text("CREATE TABLE numbers (n INTEGER UNIQUE)"))
    yield database
    await database.close()


async def write(database, number):
    async with database.writing() as connection:
        await connection.execute(sa.insert(NUMBERS).values(n=number))


def written(tmp_path):
    """What another process finds."""
    connection = sqlite3.connect(tmp_path / "workspace.sqlite", isolation_level=None, timeout=1)
    try:
        found = [row[0] for row in connection.execute("SELECT n FROM numbers ORDER BY n")]
        connection.execute("BEGIN IMMEDIATE")  # nobody holds the lock
        connection.execute("COMMIT")
    finally:
        connection.close()
    return found


async def test_writers_that_wait_together_are_committed_together(database, tmp_path):
    begun = []
    engine = database._writing.sync_engine
    sa.event.listen(engine, "begin", begun.append)
    await asyncio.gather(*(write(database, number) for number in range(50)))
    assert written(tmp_path) == list(range(50))
    assert len(begun) <= 3


async def test_what_is_written_can_be_read_once_the_block_has_ended(database, tmp_path):
    await write(database, 1)
    assert written(tmp_path) == [1]
    async with database.lookup() as connection:
        assert await connection.scalar(sa.select(NUMBERS.c.n)) == 1


async def test_a_writer_that_fails_takes_nothing_of_the_others_with_it(database, tmp_path):
    done = await asyncio.gather(
        *(write(database, number) for number in [1, 2, 2, 3, 2, 4]), return_exceptions=True
    )
    assert [type(one).__name__ for one in done if one] == ["IntegrityError"] * 2
    assert written(tmp_path) == [1, 2, 3, 4]


async def test_a_failure_after_a_write_undoes_that_write_only(database, tmp_path):
    async def fail(number):
        async with database.writing() as connection:
            await connection.execute(sa.insert(NUMBERS).values(n=number))
            raise ValueError

    done = await asyncio.gather(
        write(database, 1), fail(2), write(database, 3), fail(4), return_exceptions=True
    )
    assert [type(one).__name__ for one in done if one] == ["ValueError"] * 2
    assert written(tmp_path) == [1, 3]


async def test_a_cancelled_writer_leaves_no_lock_and_no_half(database, tmp_path):
    entered = asyncio.Event()

    async def wait():
        async with database.writing() as connection:
            await connection.execute(sa.insert(NUMBERS).values(n=1))
            entered.set()
            await asyncio.Event().wait()

    waiting = asyncio.create_task(wait())
    await entered.wait()
    others = [asyncio.create_task(write(database, number)) for number in (2, 3, 4)]
    await asyncio.sleep(0)
    others[1].cancel()
    waiting.cancel()
    await asyncio.gather(waiting, *others, return_exceptions=True)
    assert written(tmp_path) == [2, 4]


async def test_a_writer_that_is_cancelled_while_it_begins_leaves_no_lock(database, tmp_path):
    other = sqlite3.connect(tmp_path / "workspace.sqlite", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    writing = asyncio.create_task(write(database, 1))
    for _ in range(10):
        await asyncio.sleep(0)
    writing.cancel()
    other.execute("COMMIT")
    other.close()
    await asyncio.wait([writing])
    assert writing.cancelled()
    await write(database, 2)
    assert written(tmp_path) == [2]


async def test_nobody_is_told_done_when_sqlite_took_all_of_it_back(database, tmp_path):
    """As a full disk does: here by hand, in the middle of the third writer."""

    async def broken():
        async with database.writing() as connection:
            raw = (await connection.get_raw_connection()).driver_connection
            raw.execute("ROLLBACK")
            raise OSError("full")

    done = await asyncio.gather(
        write(database, 1), write(database, 2), broken(), write(database, 3), return_exceptions=True
    )
    assert all(isinstance(one, BaseException) for one in done)
    assert set(written(tmp_path)) <= {3}  # answered with an error, whether it is there or not
    await write(database, 4)
    assert 4 in written(tmp_path)


async def test_a_database_is_closed_wholly_also_after_a_failure(tmp_path):
    database = open_database(database_url(None, tmp_path))
    with pytest.raises(sa.exc.OperationalError):
        await write(database, 1)  # there is no such table
    await database.close()
    assert {path.name for path in tmp_path.iterdir()} <= {"workspace.sqlite"}
