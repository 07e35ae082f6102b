"""Commands about datasets that need none of their contents."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, Final

from cyclopts import Parameter

from amltui.cli.exit_codes import DONE
from amltui.cli.json_output import of_dataset, of_version
from amltui.cli.ls import Format, ListOptions, Sort, print_list
from amltui.cli.moments import moment
from amltui.cli.options import COMMON, Common
from amltui.cli.output import Col, Out
from amltui.cli.session import need_yes, run
from amltui.cli.several_names import SEVERAL, Report, Several
from amltui.errors import AmltuiError, UsageError
from amltui.models import Dataset
from amltui.text import human_size, visible

if TYPE_CHECKING:
    from amltui.services.session import Session
    from amltui.services.versions import Version, VersionList


def ls(
    *,
    mine: bool = False,
    examples: bool = False,
    filter_: Annotated[str, Parameter(name=("--filter", "-f"))] = "",
    folder: str | None = None,
    since: str | None = None,
    sort: Sort | None = None,
    reverse: bool = False,
    columns: str | None = None,
    format_: Annotated[Format | None, Parameter(name="--format")] = None,
    common: Common = COMMON,
) -> None:
    """List the latest version of every dataset.

    Args:
        mine: Only the workspace's own.
        examples: Only the examples that every workspace has.
        filter_: Only names that contain this text, letter case ignored.
        folder: Only what lies directly in this folder, with its folders; / is the top. A large
            store is asked for that alone.
        since: Only what was created at this time or later: a date, or "2 weeks ago".
        sort: By what; size and date begin with the largest and the newest.
        reverse: The other way round.
        columns: Which ones, with commas between: name, type, size, created, owner, id,
            description.
        format_: The form; names0 is names with a NUL behind each, for xargs -0.
        common: Common options.
    """
    print_list(
        ListOptions(
            mine=mine,
            examples=examples,
            text=filter_,
            folder=folder,
            since=since,
            sort=sort,
            reverse=reverse,
            columns=columns,
            format=format_,
            json=common.json,
            quiet=common.quiet,
            offline=common.offline,
            profile=common.place,
        )
    )


def show(*names: str, several: Several = SEVERAL, common: Common = COMMON) -> int:
    """Show what the workspace knows of datasets.

    Args:
        names: Their names or ids, or quoted patterns as 'sales-*'.
        several: Several at once.
        common: Common options.
    """
    if several.one(names):
        print_dataset(common.out, run(common, lambda session: session.find(names[0])))
        return DONE

    async def work(session: Session) -> int:
        report = Report(common.out)
        for number, one in enumerate(await several.select(session, names)):
            if isinstance(one.found, AmltuiError):
                report.failed(one.name, one.found)
                continue
            report.done(one.name, None, of_dataset(one.found))
            if not common.json:
                if number:
                    common.out.line()
                print_dataset(common.out, one.found)
        return report.code

    return run(common, work)


def versions(
    name: str,
    /,
    *,
    prune: bool = False,
    keep: int | None = None,
    older_than: str | None = None,
    dry_run: bool = False,
    yes: bool = False,
    common: Common = COMMON,
) -> None:
    """List all versions of a dataset, newest first, or delete old ones.

    Each is named by its number, as in NAME@2, or by its id. With --prune those that are neither
    among the newest nor young enough are deleted for good; the latest always stays.

    Args:
        name: Its name or id.
        prune: Delete the versions that --keep and --older-than leave; both may be given.
        keep: How many of the newest stay.
        older_than: Only versions made before this time: a date, 90d or "2 weeks ago".
        dry_run: Only list what would be deleted.
        yes: Do it without asking.
        common: Common options.
    """
    before = moment("--older-than", older_than)
    _check_pruning(keep, before, prune=prune, more=dry_run or yes)

    async def work(session: Session) -> Sequence[Version]:
        from amltui.services.versions import prunable

        if not prune and common.out.on_terminal and not common.json:
            await _print_pages(common.out, await session.version_list(name))
            return ()
        found = await session.versions(name)
        if not prune:
            return found
        old = prunable(found, keep=keep or 1, before=before)
        if old and not dry_run:
            (await (await session.connect()).capabilities()).prune.require()
            need_yes(given=yes, what=f'Deleting {len(old):,} versions of "{visible(name)}"')
            await session.edits.delete_versions(old)
        return old

    found = run(common, work)
    if common.json:
        common.out.document([of_version(one) for one in found])
    elif found or prune or not common.out.on_terminal:
        common.out.table(_VERSION, _version_rows(common.out, found))
    if prune:
        done = "would be deleted" if dry_run else "deleted"
        common.out.note(f"{len(found):,} version{'' if len(found) == 1 else 's'} {done}.")


def _check_pruning(keep: int | None, before: datetime | None, *, prune: bool, more: bool) -> None:
    if keep is not None and keep < 1:
        raise UsageError("--keep is 1 or more: the latest version always stays")
    if prune != (keep is not None or before is not None):
        raise UsageError("--prune goes with --keep or --older-than", hint="--prune --keep 5")
    if more and not prune:
        raise UsageError("--dry-run and --yes go with --prune")


_VERSION: Final = (
    Col("NO."),
    Col("CREATED", "time"),
    Col("SIZE", "size"),
    Col("OWNER"),
    Col("SHA-256"),
    Col("ID", wide=True),
)


async def _print_pages(out: Out, found: VersionList) -> None:
    """Print each page as it comes; those of a long list have no numbers yet, but steps back."""
    if not found.more:
        out.table(_VERSION, _version_rows(out, found.versions))
        return
    rows = out.growing(_VERSION)
    rows(_version_rows(out, found.versions))
    while found.more:
        rows(_version_rows(out, await found.read()))


def _version_rows(out: Out, found: Iterable[Version]) -> list[tuple[Any, ...]]:
    hashes = 12 if out.on_terminal else 64
    return [
        (
            one.label,
            one.dataset.created_date,
            one.dataset.size,
            one.dataset.owner,
            (one.dataset.sha256 or "")[:hashes],
            one.dataset.id,
        )
        for one in found
    ]


def restore(name: str, /, *, common: Common = COMMON) -> None:
    """Make an old version of a dataset the latest again, as a new version.

    Args:
        name: The version: NAME@2, NAME@-1 for the one before the latest, NAME@2026-11-01, or its
            id.
        common: Common options.
    """

    async def work(session: Session) -> Dataset:
        return await session.edits.restore(await session.find(name))

    dataset = run(common, work)
    changed(common.out, dataset, f'Restored "{visible(name)}": {human_size(dataset.size)}.')


def rename(name: str, new: str, /, *, common: Common = COMMON) -> None:
    """Give a dataset another name.

    Args:
        name: Its name or id.
        new: The name that it shall have.
        common: Common options.
    """

    async def work(session: Session) -> Dataset:
        return await session.edits.rename(await session.find_to_change(name), new)

    changed(common.out, run(common, work), f'Renamed to "{visible(new)}".')


def describe(name: str, text: str, /, *, common: Common = COMMON) -> None:
    """Give a dataset another description; "" removes it.

    Args:
        name: Its name or id.
        text: The description.
        common: Common options.
    """

    async def work(session: Session) -> Dataset:
        return await session.edits.describe(await session.find_to_change(name), text)

    changed(common.out, run(common, work), f'Described "{visible(name)}".')


def rm(*names: str, yes: bool = False, several: Several = SEVERAL, common: Common = COMMON) -> int:
    """Delete datasets with all their versions. This cannot be undone, unless there is an archive.

    Args:
        names: Their names or ids, or quoted patterns as 'trial-*'.
        yes: Do it without asking.
        several: Several at once.
        common: Common options.
    """

    async def several_of_them(session: Session) -> int:
        from amltui.cli.commands.bulk import rm_several

        return await rm_several(session, common, await several.select(session, names), yes=yes)

    if not several.one(names):
        return run(common, several_of_them)
    name = names[0]

    async def work(session: Session) -> tuple[Dataset, str]:
        dataset = await session.find_to_change(name)
        need_yes(given=yes, what=f'Deleting "{visible(dataset.name)}" with all its versions')
        return dataset, "Archived" if await session.edits.delete(dataset) else "Deleted"

    dataset, done = run(common, work)
    changed(common.out, dataset, f'{done} "{visible(name)}".')
    return DONE


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
            ("tags", ", ".join(f"{key}={value}" for key, value in dataset.tags), "text"),
            ("note", dataset.note, "text"),
        )
    )
