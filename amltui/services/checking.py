"""What new contents change, and whether the rules of a dataset allow it.

Rules lie beside what they are for, as `NAME.rules.toml`: a dataset of the same workspace, or a file
beside the file; see `tables.rules`.
"""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from amltui.disk import disk_errors
from amltui.errors import NotSupportedByServer, UsageError
from amltui.services.whole_tables import dataset_table, file_table
from amltui.tables.rules import Rules, rules_in
from amltui.text import visible

if TYPE_CHECKING:
    from amltui.models import Dataset
    from amltui.services.session import Session
    from amltui.tables.queries import Checked
    from amltui.tables.rules import Limits

RULES: Final = ".rules.toml"
_LARGEST: Final = 1 << 20
"""Bytes of rules."""


async def check_update(
    session: Session,
    dataset: Dataset,
    path: Path,
    rules: Rules = Rules(),  # noqa: B008 - it never changes
    *,
    data_type_id: str | None = None,
) -> Checked:
    """What `update` of a dataset with a file changes, and which rules that breaks.

    Nothing is sent. All rows of both are read: about 10 s per GiB.

    Args:
        session: the workspace's.
        dataset: as it is now.
        path: its new contents.
        rules: see `tables.rules`; none: only what changes is said.
        data_type_id: its new type; None: it stays.

    Raises:
        UnsupportedDataType: one of both has no rows.
        AmltuiError: one of both cannot be read.
    """
    from amltui.tables.queries import check_rules, in_thread

    async with AsyncExitStack() as stack:
        before = await stack.enter_async_context(dataset_table(session, dataset))
        after = stack.enter_context(
            file_table(path, data_type_id=data_type_id or dataset.data_type_id)
        )
        return await in_thread(check_rules, before, after, rules)


async def check_dataset(session: Session, dataset: Dataset, rules: Rules) -> Checked:
    """Which rules a dataset breaks; what it changed is held against the version before it.

    Raises:
        UnsupportedDataType: it has no rows.
        AmltuiError: it cannot be read.
    """
    from amltui.tables.queries import check_rules, in_thread

    async with AsyncExitStack() as stack:
        older = await _version_before(session, dataset)
        before = None
        if older is not None:
            before = await stack.enter_async_context(dataset_table(session, older))
        after = await stack.enter_async_context(dataset_table(session, dataset))
        return await in_thread(check_rules, before, after, rules)


async def _version_before(session: Session, dataset: Dataset) -> Dataset | None:
    if session.offline:
        return None
    found = False
    try:
        async for page in (await session.connect()).version_pages(dataset.key):
            for one in page.versions:
                if found:
                    return one
                found = one.id == dataset.id
    except NotSupportedByServer:
        pass
    return None


async def rules_for(session: Session, dataset: Dataset, path: Path | None) -> Rules | None:
    """The rules beside new contents, else those beside the dataset; None: there are none.

    Raises:
        UsageError: they make no sense.
        LocalError: those beside the file cannot be read.
    """
    beside = await asyncio.to_thread(rules_beside, path) if path is not None else None
    return beside or await rules_of(session, dataset)


async def rules_of(session: Session, dataset: Dataset) -> Rules | None:
    """The rules that lie beside a dataset in its workspace; None: there are none.

    Raises:
        UsageError: they make no sense.
    """
    name = f"{dataset.name}{RULES}"
    listed = (await session.current_list()).datasets
    found = next((one for one in listed if one.name == name), None)
    if found is None:
        return None
    if (found.size or 0) > _LARGEST:
        raise UsageError(f"{visible(name)} is too large for rules")
    data = b"".join([chunk async for chunk in session.stream(found)])
    return rules_from(data, name)


def rules_beside(path: Path) -> Rules | None:
    """The rules that lie beside a file of this disk; None: there are none.

    Raises:
        UsageError: they make no sense.
        LocalError: they cannot be read.
    """
    beside = path.with_name(path.name + RULES)
    return rules_at(beside) if beside.is_file() else None


def rules_at(path: Path) -> Rules:
    """The rules in a file.

    Raises:
        UsageError: they make no sense.
        LocalError: they cannot be read.
    """
    with disk_errors(path, "read"), path.open("rb") as file:
        return rules_from(file.read(_LARGEST), str(path))


def rules_from(data: bytes, name: str) -> Rules:
    """The rules in bytes.

    Raises:
        UsageError: they make no sense.
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise UsageError(f"{visible(name)} is not UTF-8") from None
    return rules_in(text, name)


def with_limits(rules: Rules | None, limits: Limits) -> Rules:
    """Rules with further limits."""
    rules = rules or Rules()
    return replace(rules, limits=rules.limits | limits)
