"""Commands about datasets that need none of their contents."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from amltui.cli.common import COMMON, Common
from amltui.cli.documents import of_dataset
from amltui.cli.listing import COLUMNS, Asked, print_list
from amltui.cli.output import Col, Out
from amltui.cli.work import need_yes, run
from amltui.models import Dataset
from amltui.text import visible

if TYPE_CHECKING:
    from amltui.services.session import Session


def ls(
    *,
    mine: bool = False,
    examples: bool = False,
    filter_: Annotated[str, Parameter(name=("--filter", "-f"))] = "",
    common: Common = COMMON,
) -> None:
    """List the latest version of every dataset.

    Args:
        mine: Only the workspace's own.
        examples: Only the examples that every workspace has.
        filter_: Only names that contain this text, letter case ignored.
        common: Common options.
    """
    print_list(
        Asked(mine, examples, filter_, common.json, common.quiet, common.offline, common.profile)
    )


def show(name: str, /, *, common: Common = COMMON) -> None:
    """Show what the workspace knows of a dataset.

    Args:
        name: Its name or id.
        common: Common options.
    """
    dataset = run(common, lambda session: session.find(name))
    print_dataset(common.out, dataset)


def versions(name: str, /, *, common: Common = COMMON) -> None:
    """List all versions of a dataset, newest first; each can be named by its id.

    Args:
        name: Its name or id.
        common: Common options.
    """

    async def work(session: Session) -> tuple[Dataset, ...]:
        dataset = await session.find(name)
        workspace = await session.connect()
        return await workspace.versions(dataset.key)

    found = run(common, work)
    if common.json:
        common.out.document([of_dataset(one) for one in found])
        return
    columns = (Col("ID"), Col("NAME", wide=True), *COLUMNS[1:4], Col("LATEST"))
    common.out.table(
        columns,
        [
            (one.id, one.name, one.data_type_id, one.size, one.created_date, one.is_latest)
            for one in found
        ],
    )


def rename(name: str, new: str, /, *, common: Common = COMMON) -> None:
    """Give a dataset another name.

    Args:
        name: Its name or id.
        new: The name that it shall have.
        common: Common options.
    """

    async def work(session: Session) -> Dataset:
        return await session.rename(await session.find(name), new)

    changed(common.out, run(common, work), f'Renamed to "{visible(new)}".')


def describe(name: str, text: str, /, *, common: Common = COMMON) -> None:
    """Give a dataset another description; "" removes it.

    Args:
        name: Its name or id.
        text: The description.
        common: Common options.
    """

    async def work(session: Session) -> Dataset:
        return await session.describe(await session.find(name), text)

    changed(common.out, run(common, work), f'Described "{visible(name)}".')


def rm(name: str, /, *, yes: bool = False, common: Common = COMMON) -> None:
    """Delete a dataset with all its versions. This cannot be undone.

    Args:
        name: Its name or id.
        yes: Do it without asking.
        common: Common options.
    """

    async def work(session: Session) -> Dataset:
        dataset = await session.find(name)
        need_yes(given=yes, what=f'Deleting "{visible(dataset.name)}" with all its versions')
        await session.delete(dataset)
        return dataset

    changed(common.out, run(common, work), f'Deleted "{visible(name)}".')


def changed(out: Out, dataset: Dataset, words: str) -> None:
    """Say what was done; with `--json`, print what there is now."""
    if out.json:
        out.document(of_dataset(dataset))
    else:
        out.note(words)


def print_dataset(out: Out, dataset: Dataset) -> None:
    """Print one dataset."""
    if out.json:
        out.document(of_dataset(dataset))
        return
    out.fields(
        (
            ("name", dataset.name, "text"),
            ("type", dataset.data_type_id, "text"),
            ("size", dataset.size, "size"),
            ("created", dataset.created_date, "time"),
            ("owner", dataset.owner, "text"),
            ("description", dataset.description, "text"),
            ("id", dataset.id, "text"),
            ("family", dataset.family_id, "text"),
            ("example", dataset.is_example, "text"),
            ("latest", dataset.is_latest, "text"),
            ("origin", dataset.source_origin, "text"),
            ("uploaded from", dataset.uploaded_from_filename, "text"),
            ("experiment", dataset.experiment_id, "text"),
            ("schema", dataset.schema_status, "text"),
        )
    )
