"""From one version to the next while others serve: the old ones go on over the new schema."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading

import pytest
import sqlalchemy as sa

from amltui.server.database import schema_versions, upgrade
from amltui.server.database.engine import database_url, open_database
from amltui.server.database.tables import HEAD
from amltui.server.http_errors import StartError
from tests.server.test_kill import Worker, settle_all, wait_for_writes
from tests.server.test_several_servers import under_load
from tests.support import next_version
from tests.support.cluster import cluster
from tests.support.server import ROOT, running_server

NEXT = next_version.__name__


async def version_of(url):
    database = open_database(url)
    try:
        async with database.reading() as connection:
            return await connection.scalar(sa.text("SELECT version_num FROM alembic_version"))
    finally:
        await database.close()


@pytest.mark.slow  # two servers, each started twice, under load
def test_servers_are_upgraded_one_by_one_and_no_request_fails(postgres, tmp_path):
    url = postgres.new_database()
    with cluster(2, url, None, {}) as running:
        seen = []

        def upgraded(port):
            seen.append(asyncio.run(version_of(database_url(url, tmp_path))))
            running.restart(port, NEXT)

        workers = under_load(running, 300, upgraded, failures=False)
        assert seen == [HEAD, next_version.HEAD]  # so the second one served over the new schema
        assert sum(worker.done for worker in workers) >= 24
        last = running.ports[-1]
        running.stop(last)
        command = [sys.executable, "-m", "amltui", "serve", "--port", str(last)]
        command += ["--data", str(running.data / str(last)), *running.options]
        old = subprocess.run(
            command, cwd=ROOT, env=running.environment, capture_output=True, text=True, check=False
        )
        assert (old.returncode, "written by a newer amltui" in old.stderr) == (1, True), old.stderr


def test_a_server_on_sqlite_goes_on_while_a_newer_one_brings_its_database_on(tmp_path):
    """As where the terminal program of before still runs, and the new one is started."""
    data = tmp_path / "data"
    worker, stop = Worker(1, 400), threading.Event()
    command = [sys.executable, "-m", NEXT, "serve", "--data", str(data), "--port", "0"]
    with running_server(data) as server:
        thread = threading.Thread(target=worker.run, args=([server], stop))
        thread.start()
        wait_for_writes([worker], 6)
        newer = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        try:
            assert b"Serving" in newer.stdout.readline()
            assert asyncio.run(version_of(database_url(None, data))) == next_version.HEAD
            wait_for_writes([worker], 6)
        finally:
            stop.set()
            thread.join(60)
            newer.terminate()
            newer.communicate()
        settle_all([worker], server, read=True)


@pytest.fixture
def empty(postgres):
    return postgres.new_database()


@pytest.fixture
async def databases(empty, tmp_path):
    """The same one twice: for what is there already, and for the migration."""
    url = database_url(empty, tmp_path)
    both = open_database(url), open_database(url)
    async with both[0].writing() as connection:
        await connection.run_sync(lambda sync: upgrade.upgrade(sync, "0004"))
    yield both
    for database in both:
        await database.close()


async def blocked(connection, table):
    """Wait until somebody waits for a table."""
    waiting = sa.text(
        "SELECT count(*) FROM pg_locks JOIN pg_class ON relation = pg_class.oid "
        "WHERE NOT granted AND relname = :table"
    )
    while not await connection.scalar(waiting, {"table": table}):  # noqa: ASYNC110 - PostgreSQL's
        await asyncio.sleep(0.01)


async def test_a_migration_gives_way_to_who_holds_a_table_and_asks_for_another(databases):
    others, mine = databases
    async with others.reading() as looking, others.writing() as holding:
        await holding.execute(sa.text("LOCK TABLE uploads IN ROW EXCLUSIVE MODE"))
        migrating = asyncio.create_task(schema_versions.prepare(mine))
        await blocked(looking, "uploads")
        # The migration has changed this one already.
        await holding.execute(sa.text("LOCK TABLE instances IN ROW EXCLUSIVE MODE"))
    await migrating
    assert await version_of(mine._writing.url) == HEAD


async def test_a_migration_lets_requests_through_while_something_holds_a_table(databases):
    others, mine = databases
    async with others.writing() as holding, others.reading() as asking:
        await holding.execute(sa.text("SELECT count(*) FROM instances"))
        migrating = asyncio.create_task(schema_versions.prepare(mine))
        for _ in range(3):
            await blocked(asking, "instances")
            await asyncio.wait_for(asking.execute(sa.text("SELECT id FROM instances")), 10)
    await migrating


async def test_a_migration_that_never_gets_a_table_says_what_to_do(databases, monkeypatch):
    monkeypatch.setattr(schema_versions, "_PATIENCE", 0)
    others, mine = databases
    async with others.writing() as holding:
        await holding.execute(sa.text("SELECT count(*) FROM instances"))
        with pytest.raises(StartError, match="holds its tables"):
            await schema_versions.prepare(mine)
