"""Datasets: families of instances, each change in one transaction.

Every change first raises the workspace's revision. That row's lock makes writers take turns,
and its value tells readers whether a list they hold is still the present one.
"""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from amltui.models import GLOBAL_WORKSPACE_ID
from amltui.server import clock, references
from amltui.server.database.engine import Database
from amltui.server.database.inserts import insert, insert_instead
from amltui.server.database.tables import audit, families, instances, profiles, workspaces
from amltui.server.http_errors import BadRequest, Conflict, Forbidden, NameTaken, NotFound
from amltui.wire import names

_DESCRIPTION_LIMIT: Final = 100_000
Entry = Callable[[str], Mapping[str, Any]]
"""The audit log's row for an instance that was made, by its id."""


@dataclass(frozen=True, slots=True)
class NewInstance:
    """What an instance is made of, beside the family it goes to."""

    name: str
    description: str
    data_type_id: str
    sha256: str
    size: int
    owner: str = ""
    source_origin: str = "FromResourceUpload"
    resource_upload_id: str | None = None
    uploaded_from_filename: str = ""
    experiment_id: str | None = None
    promoted_from: str | None = None
    token_id: str | None = None
    created_by: str = ""


def check_text(name: str, description: str, data_type_id: str) -> None:
    """Refuse what cannot be a dataset's name, description or type.

    Raises:
        BadRequest: a name with forbidden characters says so in these words.
    """
    check_name(name)
    check_description(description)
    if not data_type_id or len(data_type_id) > 100 or names.FORBIDDEN.search(data_type_id):
        raise BadRequest("The data type id is empty, too long or has forbidden characters.")


def check_name(name: str) -> None:
    """Refuse what cannot be a name; see `check_text`."""
    problem = names.problem_with(name)
    if problem:
        raise BadRequest(problem)


def check_description(description: str) -> None:
    """Refuse what no database keeps, or nobody reads."""
    if "\x00" in description or len(description) > _DESCRIPTION_LIMIT:
        raise BadRequest("The description is too long or has forbidden characters.")


DATASET_COLUMNS: Final = (
    instances.c.id,
    instances.c.family_id,
    instances.c.number,
    instances.c.is_latest,
    instances.c.sha256,
    instances.c.size,
    instances.c.created,
    instances.c.name,
    instances.c.description,
    instances.c.data_type_id,
    instances.c.owner,
    instances.c.source_origin,
    instances.c.resource_upload_id,
    instances.c.uploaded_from_filename,
    instances.c.experiment_id,
    instances.c.promoted_from,
    profiles.c.status.label("profile"),
    instances.c.created_by,
)
"""What a response holds of an instance; `responses.DatasetSerializer` relies on this order."""


_REVISIONS: Final = sa.select(workspaces.c.id, workspaces.c.revision).where(
    workspaces.c.id.in_([sa.bindparam("workspace"), GLOBAL_WORKSPACE_ID])
)


async def revision(database: Database, workspace_id: str) -> tuple[int, int]:
    """What changes whenever the workspace's list changes: its own count, the examples' count."""
    found = await database.rows(_REVISIONS, {"workspace": workspace_id})
    counts = {row.id: row.revision for row in found}
    return counts.get(workspace_id, 0), counts.get(GLOBAL_WORKSPACE_ID, 0)


def _shown() -> sa.Select[tuple[Any, ...]]:
    """Instances with the state of their schema."""
    profiled = sa.outerjoin(
        instances,
        profiles,
        (profiles.c.sha256 == instances.c.sha256)
        & (profiles.c.data_type_id == instances.c.data_type_id),
    )
    return sa.select(*DATASET_COLUMNS).select_from(profiled)


_ONE: Final = (
    _shown()
    .where(instances.c.id == sa.bindparam("wanted"))
    .where(instances.c.workspace_id.in_([sa.bindparam("workspace"), GLOBAL_WORKSPACE_ID]))
)


async def listed(
    connection: AsyncConnection, workspace_id: str, prefix: str = ""
) -> Sequence[sa.Row[Any]]:
    """The latest instance of every family, the workspace's own first, oldest first.

    Of the workspace's own only those whose names begin with `prefix`.
    """
    found = await connection.execute(
        _shown()
        .where(instances.c.workspace_id.in_([workspace_id, GLOBAL_WORKSPACE_ID]))
        .where(instances.c.is_latest)
        .order_by(
            instances.c.workspace_id == GLOBAL_WORKSPACE_ID, instances.c.created, instances.c.id
        )
    )
    rows: Sequence[sa.Row[Any]] = found.all()
    if prefix:
        own = f"{workspace_id}."
        rows = [row for row in rows if row.name.startswith(prefix) or not row.id.startswith(own)]
    return rows


async def one(connection: AsyncConnection, workspace_id: str, instance_id: str) -> sa.Row[Any]:
    """Any instance of the workspace or of the examples, old ones too.

    Raises:
        NotFound: there is none of that id.
    """
    found = await connection.execute(_ONE, {"wanted": instance_id, "workspace": workspace_id})
    row: sa.Row[Any] | None = found.first()
    if row is None:
        raise NotFound("There is no data set with this id.")
    return row


async def versions(
    connection: AsyncConnection, workspace_id: str, family_id: str
) -> Sequence[sa.Row[Any]]:
    """All instances of a family, newest first.

    Raises:
        NotFound: there is no such family.
    """
    found = await connection.execute(
        _shown()
        .where(instances.c.family_id == family_id)
        .where(instances.c.workspace_id.in_([workspace_id, GLOBAL_WORKSPACE_ID]))
        .order_by(instances.c.number.desc())
    )
    rows: Sequence[sa.Row[Any]] = found.all()
    if not rows:
        raise NotFound("There is no data set family with this id.")
    return rows


async def check_prefix(
    connection: AsyncConnection, workspace_id: str, prefix: str, family_id: str
) -> None:
    """Hide a family of the workspace whose name does not begin with a token's prefix.

    Raises:
        NotFound: it does not.
    """
    if prefix:
        name = await connection.scalar(
            sa.select(families.c.name)
            .where(families.c.id == family_id)
            .where(families.c.workspace_id == workspace_id)
        )
        if name is not None and not name.startswith(prefix):
            raise NotFound("There is no data set with this id.")


async def probe(connection: AsyncConnection, workspace_id: str) -> None:
    """Read a little of all that a list needs; raises what the database raises."""
    await connection.execute(_REVISIONS, {"workspace": workspace_id})
    await connection.execute(_shown().order_by(instances.c.created.desc()).limit(1))


# Statements of every create are built once: building one costs more than executing it.
_CHANGE: Final = (
    sa.update(workspaces)
    .where(workspaces.c.id == sa.bindparam("workspace"))
    .values(revision=workspaces.c.revision + 1)
)
_NAMED: Final = (
    sa.select(families.c.id, families.c.name)
    .where(families.c.look == sa.bindparam("look"))
    .where(families.c.workspace_id.in_([sa.bindparam("workspace"), GLOBAL_WORKSPACE_ID]))
)
NAME_IS_FREE: Final = ~_NAMED.exists()
"""A condition with the parameters `look` and `workspace`."""


@asynccontextmanager
async def changing(database: Database, workspace_id: str) -> AsyncIterator[AsyncConnection]:
    """A transaction that changes the workspace: others wait until it ends."""

    async def first(connection: AsyncConnection) -> None:
        await connection.execute(_CHANGE, {"workspace": workspace_id})

    async with database.changing(first) as connection:
        yield connection


async def add(
    connection: AsyncConnection,
    workspace_id: str,
    new: NewInstance,
    family_id: str | None = None,
    entry: Entry | None = None,
    *,
    lock: bool = True,
) -> str:
    """Make a dataset, or the latest instance of a family; its id. Within `changing`.

    Without a `lock` the janitor must be kept from the contents otherwise.

    Raises:
        NameTaken: another listed dataset has the name.
        NotFound: there is no such family.
        Forbidden: the family is an example.
    """
    if lock:
        await references.lock(connection, new.sha256)
    rows: dict[sa.Table, Mapping[str, Any]] = {}
    if family_id is None:
        await _check_free(connection, workspace_id, new.name, None)
        family_id = secrets.token_hex(16)
        number = 1
        rows[families] = _family(workspace_id, family_id, new.name)
    else:
        latest = await latest_of(connection, workspace_id, family_id)
        number = latest.number + 1
        await _rename(connection, workspace_id, latest, new.name)
        await connection.execute(
            sa.update(instances).where(instances.c.id == latest.id).values(is_latest=False)
        )
    instance_id = f"{workspace_id}.{family_id}.{secrets.token_hex(16)}"
    rows[instances] = _instance(workspace_id, family_id, instance_id, number, new)
    if entry is not None:
        rows[audit] = entry(instance_id)
    await insert(connection, rows)
    return instance_id


def _family(workspace_id: str, family_id: str, name: str) -> dict[str, Any]:
    return {
        "id": family_id,
        "workspace_id": workspace_id,
        "name": name,
        "look": names.look_of(name),
    }


def _instance(
    workspace_id: str, family_id: str, instance_id: str, number: int, new: NewInstance
) -> dict[str, Any]:
    return {
        "id": instance_id,
        "family_id": family_id,
        "workspace_id": workspace_id,
        "number": number,
        "is_latest": True,
        "created": clock.now(),
        "sha256": new.sha256,
        "size": new.size,
        "name": new.name,
        "description": new.description,
        "data_type_id": new.data_type_id,
        "owner": new.owner,
        "source_origin": new.source_origin,
        "resource_upload_id": new.resource_upload_id,
        "uploaded_from_filename": new.uploaded_from_filename,
        "experiment_id": new.experiment_id,
        "promoted_from": new.promoted_from,
        "token_id": new.token_id,
        "created_by": new.created_by,
    }


async def add_instead(
    connection: AsyncConnection,
    workspace_id: str,
    new: NewInstance,
    entry: Entry | None,
    gone: sa.Delete,
    given: Mapping[str, Any],
) -> str | None:
    """Make a dataset in the place of a row that is deleted: as `add`, by one statement.

    For PostgreSQL, where other writers wait for each way there and back. `gone` deletes the row
    where `NAME_IS_FREE`, and `given` are its other parameters. None: there is no such row, or the
    name is taken; nothing was changed.
    """
    family_id = secrets.token_hex(16)
    instance_id = f"{workspace_id}.{family_id}.{secrets.token_hex(16)}"
    rows: dict[sa.Table, Mapping[str, Any]] = {
        families: _family(workspace_id, family_id, new.name),
    }
    if entry is not None:
        rows[audit] = entry(instance_id)
    rows[instances] = _instance(workspace_id, family_id, instance_id, 1, new)
    named = {"workspace": workspace_id, "look": names.look_of(new.name)}
    done = await insert_instead(connection, gone, {**given, **named}, rows)
    return instance_id if done else None


async def edit(
    connection: AsyncConnection,
    workspace_id: str,
    family_id: str,
    *,
    name: str | None,
    description: str | None,
) -> tuple[str, str]:
    """Rename or describe a family's latest instance; its id and name. Within `changing`.

    Raises:
        NameTaken: another listed dataset has the name.
        NotFound: there is no such family.
        Forbidden: the family is an example.
    """
    latest = await latest_of(connection, workspace_id, family_id)
    values: dict[str, str] = {}
    if name is not None:
        await _rename(connection, workspace_id, latest, name)
        values["name"] = name
    if description is not None:
        values["description"] = description
    if values:
        await connection.execute(
            sa.update(instances).where(instances.c.id == latest.id).values(values)
        )
    return str(latest.id), values.get("name", latest.name)


async def delete(connection: AsyncConnection, workspace_id: str, family_id: str) -> str:
    """Remove a family with all its instances; its name. The janitor takes the bytes.

    Within `changing`.

    Raises:
        NotFound: there is no such family.
        Forbidden: the family is an example.
    """
    latest = await latest_of(connection, workspace_id, family_id)
    await connection.execute(sa.delete(families).where(families.c.id == family_id))
    return str(latest.name)


async def delete_version(connection: AsyncConnection, workspace_id: str, instance_id: str) -> str:
    """Remove one instance that is not its family's latest; its name. Within `changing`.

    Raises:
        NotFound: there is no such instance.
        Forbidden: it is an example.
        Conflict: it is the latest.
    """
    row = await one(connection, workspace_id, instance_id)
    if instance_id.startswith(GLOBAL_WORKSPACE_ID):
        raise Forbidden("Example data sets cannot be changed.")
    if row.is_latest:
        raise Conflict(
            "This is the data set's latest version. Restore an older one first, or delete the "
            "whole data set."
        )
    await connection.execute(sa.delete(instances).where(instances.c.id == instance_id))
    return str(row.name)


async def latest_of(connection: AsyncConnection, workspace_id: str, family_id: str) -> sa.Row[Any]:
    """The latest instance of a family, which can be changed.

    Raises:
        NotFound: there is no such family.
        Forbidden: the family is an example.
    """
    found = await connection.execute(
        sa.select(instances)
        .where(instances.c.family_id == family_id)
        .where(instances.c.workspace_id.in_([workspace_id, GLOBAL_WORKSPACE_ID]))
        .where(instances.c.is_latest)
    )
    row = found.first()
    if row is None:
        raise NotFound("There is no data set family with this id.")
    if row.workspace_id != workspace_id:
        raise Forbidden("Example data sets cannot be changed.")
    return row


async def _rename(
    connection: AsyncConnection, workspace_id: str, latest: sa.Row[Any], name: str
) -> None:
    if name == latest.name:
        return
    await _check_free(connection, workspace_id, name, latest.family_id)
    await connection.execute(
        sa.update(families)
        .where(families.c.id == latest.family_id)
        .values(name=name, look=names.look_of(name))
    )


async def _check_free(
    connection: AsyncConnection, workspace_id: str, name: str, family_id: str | None
) -> None:
    found = await connection.execute(
        _NAMED, {"workspace": workspace_id, "look": names.look_of(name)}
    )
    others = [row.name for row in found if row.id != family_id]
    if name in others:
        raise NameTaken(name)
    if others:
        raise NameTaken(others[0], alike=True)
