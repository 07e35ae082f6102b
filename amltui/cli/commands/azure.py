"""`amltui azure`: what only workspaces in Azure have."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from amltui.cli.options import COMMON, PLAIN, Common, Plain
from amltui.cli.output import Col, warn
from amltui.cli.session import run
from amltui.errors import UsageError
from amltui.text import visible

if TYPE_CHECKING:
    from amltui.models import Dataset
    from amltui.services.session import Session
    from amltui.workspaces.opening import FoundWorkspace


def workspaces(*, cloud: str = "", common: Plain = PLAIN) -> None:
    """List the Azure ML workspaces that your account can see.

    Args:
        cloud: public, china, usgov, or the address of a Resource Manager.
        common: Common options.
    """

    async def work() -> list[FoundWorkspace]:
        from amltui.workspaces.opening import azure_workspaces

        return [one async for one in azure_workspaces(cloud)]

    found = asyncio.run(work())
    if common.json:
        common.out.document(
            [
                {
                    "name": one.id.workspace,
                    "friendly_name": one.friendly_name,
                    "region": one.region,
                    "resource_group": one.id.group,
                    "subscription": one.id.subscription,
                    "id": f"/{one.id.path}",
                }
                for one in found
            ]
        )
        return
    columns = (Col("NAME"), Col("REGION"), Col("GROUP"), Col("ID", wide=True))
    rows = [(one.id.workspace, one.region, one.id.group, f"/{one.id.path}") for one in found]
    common.out.table(columns, rows)
    if not found:
        warn("This account sees no Azure ML workspace.")


def archived(*, common: Common = COMMON) -> None:
    """List the data assets that are archived.

    Args:
        common: Common options.
    """

    async def work(session: Session) -> list[tuple[str, str, str]]:
        found = await (await session.connect()).archived()
        return [(one.name, one.id, one.description) for one in found]

    found = run(common, work)
    if common.json:
        keys = ("name", "id", "description")
        common.out.document([dict(zip(keys, one, strict=True)) for one in found])
        return
    columns = (Col("NAME"), Col("LATEST"), Col("DESCRIPTION", wide=True))
    common.out.table(columns, found)


def archive(name: str, /, *, common: Common = COMMON) -> None:
    """Archive a data asset, or one of its versions: it is hidden and can be brought back.

    Args:
        name: The asset's name, or NAME:VERSION.
        common: Common options.
    """

    async def work(session: Session) -> None:
        await (await session.connect()).archive(name)

    run(common, work)
    common.out.note(f"Archived {visible(name)}.")


def tag(name: str, /, *tags: str, common: Common = COMMON) -> None:
    """Give a data asset's latest version, or another one, tags; KEY= takes one away.

    Args:
        name: The asset's name, or a version of it.
        tags: KEY=VALUE, one or more.
        common: Common options.
    """
    from amltui.cli.commands.datasets import changed
    from amltui.services.tags import tag_of

    wanted = dict(tag_of(one) for one in tags)
    if not wanted:
        raise UsageError("A tag is needed", hint="Write KEY=VALUE.")

    async def work(session: Session) -> Dataset:
        dataset = await session.find(name)
        return await (await session.connect()).tag(dataset, wanted)

    changed(common.out, run(common, work), f"Tagged {visible(name)}.")


def restore(name: str, /, *, common: Common = COMMON) -> None:
    """Bring back an archived data asset, or one of its versions.

    Args:
        name: The asset's name, or NAME:VERSION.
        common: Common options.
    """

    async def work(session: Session) -> None:
        await (await session.connect()).unarchive(name)

    run(common, work)
    common.out.note(f"Brought back {visible(name)}.")
