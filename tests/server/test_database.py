"""Transactions that are committed together: what shares a commit, and what does not."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import sqlite3
from contextlib import asynccontextmanager

import psutil
import pytest
import sqlalchemy as sa

from amltui.server.app import error_response
from amltui.server.database import engine, group_commit
from amltui.server.database.engine import database_url, open_database
from amltui.server.database.failures import is_failure
from amltui.server.http_errors import ServiceUnavailable
from tests.support import services

NUMBERS = sa.table("numbers", sa.column("n", sa.Integer))
ASKED = sa.select(NUMBERS).where(NUMBERS.c.n == sa.bindparam("wanted"))


@pytest.fixture
async def database(tmp_path):
    async with opened(database_url(None, tmp_path)) as database:
        yield database


@pytest.fixture
def remote(postgres, tmp_path):
    return database_url(postgres.new_database(), tmp_path)


@pytest.fixture(params=["sqlite", "postgres"])
def url(request, tmp_path):
    if request.param == "sqlite":
        return database_url(None, tmp_path)
    return request.getfixturevalue("remote")


@pytest.fixture
async def either(url):
    """A database of each kind."""
    async with opened(url) as database:
        yield database


@asynccontextmanager
async def opened(url):
    database = open_database(url)
    async with database.writing() as connection:
        await connection.execute(sa.text("CREATE TABLE numbers (n INTEGER UNIQUE)"))
    yield database
    await database.close()


@asynccontextmanager
async def changing(database):
    async with database.changing(first) as connection:
        yield connection


async def first(connection):
    await connection.execute(sa.text("SELECT 1"))


async def write(database, number):
    async with changing(database) as connection:
        await connection.execute(sa.insert(NUMBERS).values(n=number))


async def written(database):
    """What another connection finds, once nobody holds a lock."""
    other = open_database(database._writing.url)
    async with other.writing() as connection:
        found = await connection.execute(sa.select(NUMBERS.c.n).order_by(NUMBERS.c.n))
        numbers = list(found.scalars())
    await other.close()
    return numbers


async def test_writers_that_wait_together_are_committed_together(either):
    begun = []
    sa.event.listen(either._writing.sync_engine, "begin", begun.append)
    await asyncio.gather(*(write(either, number) for number in range(50)))
    assert await written(either) == list(range(50))
    assert len(begun) <= 3


async def test_what_is_written_can_be_read_once_the_block_has_ended(either):
    await write(either, 1)
    assert await written(either) == [1]
    async with either.lookup() as connection:
        assert await connection.scalar(sa.select(NUMBERS.c.n)) == 1


async def test_a_writer_that_fails_takes_nothing_of_the_others_with_it(either):
    done = await asyncio.gather(
        *(write(either, number) for number in [1, 2, 2, 3, 2, 4]), return_exceptions=True
    )
    assert [type(one).__name__ for one in done if one] == ["IntegrityError"] * 2
    assert await written(either) == [1, 2, 3, 4]


async def test_a_failure_after_a_write_undoes_that_write_only(either):
    async def fail(number):
        async with changing(either) as connection:
            await connection.execute(sa.insert(NUMBERS).values(n=number))
            raise ValueError

    done = await asyncio.gather(
        write(either, 1), fail(2), write(either, 3), fail(4), return_exceptions=True
    )
    assert [type(one).__name__ for one in done if one] == ["ValueError"] * 2
    assert await written(either) == [1, 3]


async def test_a_cancelled_writer_leaves_no_lock_and_no_half(either):
    entered = asyncio.Event()

    async def wait():
        async with changing(either) as connection:
            await connection.execute(sa.insert(NUMBERS).values(n=1))
            entered.set()
            await asyncio.Event().wait()

    waiting = asyncio.create_task(wait())
    await entered.wait()
    others = [asyncio.create_task(write(either, number)) for number in (2, 3, 4)]
    await asyncio.sleep(0)
    others[1].cancel()
    waiting.cancel()
    await asyncio.gather(waiting, *others, return_exceptions=True)
    assert await written(either) == [2, 4]


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
    assert await written(database) == [2]


@pytest.mark.parametrize("whom", ["the writer", "everybody, as an interrupt does, twice"])
async def test_a_writer_that_is_cancelled_while_the_lock_is_held_is_waited_for(
    database, tmp_path, monkeypatch, whom
):
    """What the thread says that waited for the lock is nobody's: it is not logged as lost."""
    monkeypatch.setattr(group_commit, "BUSY_SECONDS", 0.5)
    told, this = [], asyncio.current_task()
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: told.append(context))
    other = sqlite3.connect(tmp_path / "workspace.sqlite", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    writing = asyncio.create_task(write(database, 1))
    for _ in range(10):
        await asyncio.sleep(0)
    if whom == "the writer":
        writing.cancel()
    else:
        for _ in range(2):
            for task in asyncio.all_tasks() - {this}:
                task.cancel()
            await asyncio.sleep(0)
    for _ in range(10):
        await asyncio.sleep(0)
    assert not writing.done()  # for the thread still has the connection
    await asyncio.wait([writing])
    assert writing.cancelled()
    del writing
    gc.collect()
    assert told == []
    other.execute("COMMIT")
    other.close()
    await write(database, 2)
    assert await written(database) == [2]


async def test_nobody_is_told_done_when_sqlite_took_all_of_it_back(database, tmp_path):
    """As a full disk does: here by hand, in the middle of the third writer."""

    async def broken():
        async with changing(database) as connection:
            raw = (await connection.get_raw_connection()).driver_connection
            raw.execute("ROLLBACK")
            raise OSError("full")

    done = await asyncio.gather(
        write(database, 1), write(database, 2), broken(), write(database, 3), return_exceptions=True
    )
    assert all(isinstance(one, BaseException) for one in done)
    assert set(await written(database)) <= {3}  # answered with an error, whether it is there or not
    await write(database, 4)
    assert 4 in await written(database)


async def test_a_database_is_closed_wholly_also_after_a_failure(tmp_path):
    database = open_database(database_url(None, tmp_path))
    with pytest.raises(sa.exc.OperationalError):
        await write(database, 1)  # there is no such table
    await database.close()
    assert {path.name for path in tmp_path.iterdir()} <= {"workspace.sqlite"}


async def test_nobody_is_told_done_when_the_connection_broke_in_the_middle(remote):
    async with opened(remote) as database:

        async def broken():
            async with changing(database) as connection:
                await connection.execute(sa.insert(NUMBERS).values(n=0))
                await connection.execute(sa.text("SELECT pg_terminate_backend(pg_backend_pid())"))

        done = await asyncio.gather(
            write(database, 1), broken(), write(database, 2), return_exceptions=True
        )
        assert [type(one) for one in done if not isinstance(one, Exception)] == []
        assert await written(database) == []
        await write(database, 3)
        assert await written(database) == [3]


async def test_nobody_is_told_done_of_a_transaction_that_a_server_has_given_up(remote):
    """PostgreSQL answers a commit then as if it had been done."""
    async with opened(remote) as database:

        async def swallow():
            async with changing(database) as connection:
                with contextlib.suppress(sa.exc.DBAPIError):
                    await connection.execute(sa.text("SELECT nothing_of_this_name"))

        for order in ([write(database, 1), swallow()], [swallow(), write(database, 2)]):
            done = await asyncio.gather(*order, return_exceptions=True)
            assert all(isinstance(one, Exception) for one in done)
        assert await written(database) == []
        await write(database, 3)
        assert await written(database) == [3]


async def test_nobody_is_told_done_where_a_savepoint_broke_off(remote, monkeypatch):
    """It is broken off in the middle: whether it was made, nobody knows."""
    async with opened(remote) as database:
        tell, told = group_commit._tell, []

        async def broken_off(raw, *statements):
            told.append(statements)
            if len(told) == 2:
                await tell(raw, "SELECT nothing_of_this_name")
            await tell(raw, *statements)

        monkeypatch.setattr(group_commit, "_tell", broken_off)
        done = await asyncio.gather(
            write(database, 1), write(database, 2), write(database, 3), return_exceptions=True
        )
        assert all(isinstance(one, Exception) for one in done)
        assert await written(database) == []
        await write(database, 4)
        assert await written(database) == [4]


async def test_the_failure_of_one_is_not_told_to_another_as_theirs(database):
    """One is cancelled where nothing can be taken back: the others hear of a broken transaction."""

    async def broken():
        async with changing(database) as connection:
            raw = (await connection.get_raw_connection()).driver_connection
            raw.execute("ROLLBACK")
            raise LookupError("mine")

    done = await asyncio.gather(write(database, 1), broken(), return_exceptions=True)
    assert [type(one).__name__ for one in done] == ["ServiceUnavailable", "LookupError"]


async def test_what_only_failed_writers_began_with_is_not_kept(either):
    async def fail():
        async def begin(connection):
            await connection.execute(sa.insert(NUMBERS).values(n=9))

        async with either.changing(begin):
            raise ValueError

    await asyncio.gather(fail(), fail(), return_exceptions=True)
    assert await written(either) == []


async def test_a_writer_whose_turn_does_not_come_is_told_so(either, monkeypatch):
    async with changing(either):
        with monkeypatch.context() as impatient:
            impatient.setattr(group_commit, "BUSY_SECONDS", 0.05)
            with pytest.raises(ServiceUnavailable):
                await write(either, 1)


@pytest.fixture
def impatient(monkeypatch):
    """Waits that end soon."""
    for module in (group_commit, engine):
        monkeypatch.setattr(module, "BUSY_SECONDS", 0.3)
    for name in ("CONNECT_SECONDS", "STATEMENT_SECONDS"):
        monkeypatch.setattr(engine, name, 0.6)


def statuses(outcomes):
    """How requests would be answered that ended so."""
    return {error_response(outcome, "id").status_code for outcome in outcomes}


async def test_all_who_wait_for_a_lock_of_another_process_are_told_so(url, impatient):
    async with opened(url) as database, opened_again(url) as other:

        async def lock(connection):
            """On SQLite a transaction has it from its beginning."""
            if not database.is_sqlite:
                await connection.execute(sa.text("LOCK TABLE numbers"))

        async def change(number):
            async with database.changing(lock) as connection:
                await connection.execute(sa.insert(NUMBERS).values(n=number))

        begun = []
        sa.event.listen(database._writing.sync_engine, "begin", begun.append)
        async with other.writing() as connection:
            await lock(connection)
            outcomes = await asyncio.gather(*map(change, range(5)), return_exceptions=True)
        assert statuses(outcomes) == {503}
        assert len(begun) < 5  # whoever waited in line until then does not begin to wait again
        await write(database, 1)
        assert await written(database) == [1]


@asynccontextmanager
async def opened_again(url):
    database = open_database(url)
    yield database
    await database.close()


async def test_a_lock_that_one_statement_waits_for_has_an_end(remote, impatient):
    async with opened(remote) as database, opened_again(remote) as other:
        await write(database, 1)
        change = sa.update(NUMBERS).values(n=2)
        async with other.writing() as connection:
            await connection.execute(change)
            with pytest.raises(sa.exc.DBAPIError) as caught:
                async with database.writing() as waiting:
                    await waiting.execute(change)
        assert statuses([caught.value]) == {503}
        assert await written(database) == [2]


async def test_a_writer_whose_commit_does_not_come_is_told_so(either, impatient):
    over = asyncio.Event()

    async def hold():
        async with changing(either):
            await over.wait()

    writer = asyncio.create_task(write(either, 1))
    holder = asyncio.create_task(hold())  # it stands in line before the commit
    with pytest.raises(ServiceUnavailable, match="Look whether it is there"):
        await writer
    over.set()
    await holder
    assert await written(either) == [1]


async def test_what_requests_ask_goes_on_after_postgresql_ended_all_connections(remote):
    async with opened(remote) as database:
        await write(database, 1)
        assert [row.n for row in await database.rows(ASKED, {"wanted": 1})] == [1]
        async with database.writing() as connection:
            await connection.execute(
                sa.text(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
                )
            )
        # The end may still be on its way here.
        at_once = await asyncio.gather(database.rows(ASKED, {"wanted": 1}), return_exceptions=True)
        assert all(is_failure(one) for one in at_once if isinstance(one, Exception)), at_once
        assert [row.n for row in await database.rows(ASKED, {"wanted": 1})] == [1]


def test_a_database_that_does_not_answer_keeps_nobody_waiting(tmp_path, impatient):
    with services.postgres() as postgres:
        if postgres.service is None:
            pytest.skip("this database is not ours to stop")
        asyncio.run(_asked_of_a_frozen_one(postgres, postgres.new_database(), tmp_path))


async def _asked_of_a_frozen_one(postgres, name, tmp_path):
    async with opened(database_url(name, tmp_path)) as database:

        async def read():
            async with database.reading() as connection:
                await connection.execute(sa.select(NUMBERS))

        async def write_alone():
            async with database.writing() as connection:
                await connection.execute(sa.insert(NUMBERS).values(n=0))

        await read()
        main = psutil.Process(postgres.service.process.pid)
        processes = [main, *main.children(recursive=True)]
        for process in processes:
            process.suspend()
        requests = [read() for _ in range(12)]  # more than there are connections
        requests += [database.rows(ASKED, {"wanted": 1}) for _ in range(12)]
        requests += [write_alone() for _ in range(12)]
        requests += [write(database, number) for number in range(5)]
        outcomes = await asyncio.gather(*requests, return_exceptions=True)
        for process in processes:
            process.resume()
        assert statuses(outcomes) == {503}
        await write(database, 10)
        assert 10 in await written(database)
