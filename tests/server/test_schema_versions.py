from __future__ import annotations

import pytest
import sqlalchemy as sa

from amltui.server import startup
from amltui.server.database import schema_versions, upgrade
from amltui.server.database.engine import database_url, open_database
from amltui.server.database.tables import HEAD, METADATA
from amltui.server.http_errors import StartError
from amltui.server.options import ServeOptions


@pytest.fixture(params=["sqlite", "postgres"])
def url(request, tmp_path):
    given = None
    if request.param == "postgres":
        given = request.getfixturevalue("postgres").new_database()
    return database_url(given, tmp_path)


@pytest.fixture
async def database(url):
    database = open_database(url)
    yield database
    await database.close()


def described(connection):
    """Everything that the database says of its tables, in an order of its own."""
    inspector = sa.inspect(connection)
    return {
        table: {
            "columns": [
                (c["name"], str(c["type"]), c["nullable"]) for c in inspector.get_columns(table)
            ],
            "key": inspector.get_pk_constraint(table)["constrained_columns"],
            "unique": sorted(
                str(u["column_names"]) for u in inspector.get_unique_constraints(table)
            ),
            "foreign": sorted(
                (str(f["constrained_columns"]), f["referred_table"], str(f["options"]))
                for f in inspector.get_foreign_keys(table)
            ),
            "indexes": sorted(
                (i["name"], str(i["column_names"]), bool(i["unique"]))
                for i in inspector.get_indexes(table)
            ),
        }
        for table in sorted(inspector.get_table_names())
    }


async def test_the_migrations_lead_to_what_a_new_database_is_made_as(database):
    async with database.writing() as connection:
        await connection.run_sync(upgrade.upgrade)
        migrated = await connection.run_sync(described)
        await connection.run_sync(METADATA.drop_all)
        await connection.execute(sa.text("DROP TABLE alembic_version"))
    await schema_versions.prepare(database)
    async with database.writing() as connection:
        made = await connection.run_sync(described)
    assert made == migrated
    assert set(made) == {*METADATA.tables, "alembic_version"}


def optional(connection):
    """The columns that an INSERT may leave out, with their tables."""
    inspector = sa.inspect(connection)
    return {
        (table, column["name"])
        for table in inspector.get_table_names()
        for column in inspector.get_columns(table)
        if column["nullable"] or column["default"] is not None
    }


def demanded(tables):
    """What rows of each table must be like."""
    return {
        name: (
            table["key"],
            table["unique"],
            table["foreign"],
            [index for index in table["indexes"] if index[2]],
        )
        for name, table in tables.items()
    }


async def test_each_migration_only_adds_what_the_version_before_it_can_leave_out(database):
    """Servers of that version go on over the new schema until they are ended."""
    before = {}
    for version in sorted(upgrade.known_versions()):
        async with database.writing() as connection:
            await connection.run_sync(upgrade.upgrade, version)
            after = await connection.run_sync(described)
            may_lack = await connection.run_sync(optional)
        after.pop("alembic_version")
        known = {name: after[name] for name in before}
        assert demanded(known) == demanded(before)
        for name, table in before.items():
            columns = after[name]["columns"]
            assert set(columns) >= set(table["columns"])
            new = {(name, column) for column, *_ in set(columns) - set(table["columns"])}
            assert new <= may_lack
        before = after


async def test_a_migration_keeps_the_data_and_forgets_what_failed(database):
    """As 0001 kept them: a content with a profile, and one whose profile failed."""
    async with database.writing() as connection:
        await connection.run_sync(lambda sync: upgrade.upgrade(sync, "0001"))
        for sha, status in (("a" * 64, "Complete"), ("b" * 64, "Failed")):
            content = {"sha": sha, "status": status}
            await connection.execute(
                sa.text("INSERT INTO contents VALUES (:sha, 1, 1, false)"), content
            )
            await connection.execute(
                sa.text("INSERT INTO profiles VALUES (:sha, 'GenericCSV', :status, '', '')"),
                content,
            )
    await schema_versions.prepare(database)
    async with database.reading() as connection:
        assert await connection.scalar(sa.text("SELECT count(*) FROM contents")) == 2
        found = await connection.execute(sa.text("SELECT status FROM profiles"))
        assert list(found.scalars()) == ["Complete"]


async def test_preparing_twice_changes_nothing(database):
    await schema_versions.prepare(database)
    await schema_versions.prepare(database)
    async with database.reading() as connection:
        found = await connection.scalar(sa.text("SELECT version_num FROM alembic_version"))
    assert found == HEAD == max(upgrade.known_versions())


async def test_a_newer_database_is_refused_with_clear_words(database):
    await schema_versions.prepare(database)
    async with database.writing() as connection:
        await connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(StartError, match="newer amltui"):
        await schema_versions.prepare(database)


async def test_a_database_of_something_else_is_left_alone(database):
    async with database.writing() as connection:
        await connection.execute(sa.text("CREATE TABLE other (id INTEGER)"))
    with pytest.raises(StartError, match="not a workspace's"):
        await schema_versions.prepare(database)


async def test_errors_tell_no_values_for_they_are_logged(database):
    await schema_versions.prepare(database)
    row = sa.insert(METADATA.tables["secrets"]).values(name="one", value=b"signing key")

    async def write() -> None:
        async with database.writing() as connection:
            await connection.execute(row)

    await write()
    with pytest.raises(sa.exc.IntegrityError) as caught:
        await write()
    assert "signing key" not in str(caught.value)


@pytest.mark.parametrize("url", ["mysql://x/y", "nonsense"])
def test_other_databases_are_not_supported(tmp_path, url):
    with pytest.raises(StartError):
        database_url(url, tmp_path)


@pytest.mark.parametrize("problem", ["no server", "no database", "no SQLite"])
async def test_a_database_that_cannot_be_used_is_told(tmp_path, request, problem):
    if problem == "no server":
        url = "postgresql://somebody:hunter2@127.0.0.1:1/x"
    elif problem == "no database":
        url = request.getfixturevalue("postgres").url.rpartition("/")[0] + "/missing"
    else:
        url = f"sqlite:///{tmp_path}/text"
        (tmp_path / "text").write_text("this is no database, and long enough to be sure of that")
    options = ServeOptions(tmp_path / "data", database=url)
    with pytest.raises(StartError, match="The database cannot be used") as caught:
        async with startup.open_state(options, "http://127.0.0.1:1/"):
            pass
    assert "hunter2" not in str(caught.value)
