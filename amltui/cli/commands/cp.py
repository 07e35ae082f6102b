"""Commands that copy datasets between workspaces, folders and this disk: cp, sync."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from amltui.cli import exit_codes
from amltui.cli.options import COMMON, Common
from amltui.cli.output import Col, warn
from amltui.cli.session import OFFLINE_TIMEOUT, need_yes, prepared
from amltui.errors import AmltuiError, Unauthorized, Unreachable, UsageError
from amltui.text import human_size, visible

if TYPE_CHECKING:
    from amltui.models import Dataset
    from amltui.services.copying import Compare, CopyStep
    from amltui.services.places import Place, Places
    from amltui.services.session import Session

DryRun = Annotated[bool, Parameter(help="Say what would be done, and do nothing.")]


def cp(
    *places: str,
    force: bool = False,
    versions: bool = False,
    dry_run: DryRun = False,
    common: Common = COMMON,
) -> int:
    """Copy datasets between workspaces, folders and this disk. The last place is the target.

    A place is PROFILE:NAME, :NAME of the workspace in force, an address, or a path of this disk;
    see `amltui help folders`. Description, type and tags go along, and what of a dataset has no
    place at the target is said. What was cut goes on where it stopped.

    Args:
        places: From where, one or more, and to where.
        force: Replace what has the name, as its new version where versions are kept.
        versions: Copy all versions, the oldest first, and not only the latest; of a copy that
            has the first of them already, the others.
        dry_run: Say what would be done, and do nothing.
        common: Common options.
    """
    if len(places) < 2:
        raise UsageError("cp takes what to copy and a target", hint="amltui cp team:Sales data/")
    wanted = _Wanted(replace=force, dry_run=dry_run, versions=versions)
    return _run(common, places[-1], places[:-1], wanted)


def sync(
    folder: str,
    /,
    *names: str,
    by: Annotated[str, Parameter(name="--by")] = "time",
    delete: bool = False,
    yes: bool = False,
    dry_run: DryRun = False,
    common: Common = COMMON,
) -> int:
    """Bring a folder up to date with datasets. Only what differs is copied, and nothing back.

    Args:
        folder: What is brought up to date: a folder, or any other place that cp takes.
        names: Datasets of the workspace in force, patterns, or places as cp takes.
        by: What shows that a file is up to date: size, time (and size) or hash.
        delete: Delete there what is not among the names.
        yes: Do not ask before that.
        dry_run: Say what would be done, and do nothing.
        common: Common options.
    """
    from amltui.services.copying import Compare

    if not names:
        raise UsageError("sync takes a folder and names", hint="amltui sync data/ 'sales*'")
    if by not in tuple(Compare):
        raise UsageError(f'"{by}" is no way to compare', hint=f"There are: {', '.join(Compare)}.")
    marks = ("./", "../", "/", "~")
    sources = [one if ":" in one or one.startswith(marks) else f":{one}" for one in names]
    wanted = _Wanted(replace=True, dry_run=dry_run, same=Compare(by), delete=delete, yes=yes)
    return _run(common, folder, sources, wanted)


class _Wanted:
    """What is to be done with what is there."""

    def __init__(
        self,
        *,
        replace: bool,
        dry_run: bool,
        same: Compare | None = None,
        delete: bool = False,
        yes: bool = True,
        versions: bool = False,
    ) -> None:
        self.replace, self.dry_run, self.same = replace, dry_run, same
        self.delete, self.yes = delete, yes
        self.versions = versions


def _run(common: Common, target: str, sources: Any, wanted: _Wanted) -> int:
    import asyncio

    prepared()
    return asyncio.run(_copy(common, target, sources, wanted))


async def _copy(common: Common, to: str, sources: Any, wanted: _Wanted) -> int:
    from amltui.services.places import Places, place_of
    from amltui.transfers import Options

    options = Options(offline_timeout=OFFLINE_TIMEOUT, attended=False)
    goal = place_of(to, target=True)
    async with Places(common.place, options) as places:
        target = await places.session(goal, target=True)
        steps = await _plan(places, [place_of(one) for one in sources], goal, target, wanted)
        rows: list[dict[str, Any]] = []
        worst = 0
        for source, step in steps:
            row, code = await _one(common, source, step, target, wanted)
            rows.append(row)
            worst = max(worst, code)
        gone = await _surplus(goal, [step for _, step in steps], target) if wanted.delete else []
        if gone and not wanted.dry_run:
            need_yes(given=wanted.yes, what=f"Deleting {len(gone)} of {visible(target.name)}")
        for dataset in gone:
            if not wanted.dry_run:
                await target.edits.delete(dataset)
            rows.append({"from": None, "to": dataset.name, "size": dataset.size, "way": "deleted"})
    if common.json:
        common.out.document(rows)
    else:
        columns = (Col("FROM", wide=True), Col("TO", wide=True), Col("SIZE", "size"), Col("WAY"))
        common.out.table(
            columns, [(row["from"] or "", row["to"], row["size"], row["way"]) for row in rows]
        )
    return worst


async def _plan(
    places: Places, sources: list[Place], goal: Place, target: Session, wanted: _Wanted
) -> list[tuple[Session, CopyStep]]:
    """All copies, with the session that each comes from; nothing is changed."""
    from amltui.services.copying import planned, target_name
    from amltui.services.places import datasets_at

    found: list[tuple[Session, list[Dataset]]] = []
    for place in sources:
        session = await places.session(place)
        datasets = await datasets_at(session, place.name)
        found.append((session, [await _whole(session, one) for one in datasets]))
        if not place.name:
            await _say_left_out(session)
    exact = bool(goal.name) and not goal.name.endswith("/")
    if exact and sum(len(datasets) for _, datasets in found) != 1:
        raise UsageError(
            f'Several datasets cannot all be called "{visible(goal.name)}"',
            hint="End the target with / to put them below it.",
        )
    workspace = await target.connect()
    steps: list[tuple[Session, CopyStep]] = []
    taken: set[str] = set()
    for session, datasets in found:
        names = [goal.name if exact else target_name(workspace, one, goal.name) for one in datasets]
        for name in names:
            if name in taken:
                raise UsageError(
                    f'Two datasets would be called "{visible(name)}"', hint="Copy one of them."
                )
            taken.add(name)
        pairs = list(zip(datasets, names, strict=True))
        made = await planned(
            session,
            pairs,
            target,
            replace=wanted.replace,
            same=wanted.same,
            versions=wanted.versions,
        )
        steps += [(session, step) for step in made]
    return steps


async def _whole(session: Session, dataset: Dataset) -> Dataset:
    """All that is known of a dataset; one that is broken fails alone, when it is copied."""
    try:
        return await session.whole(dataset)
    except (Unreachable, Unauthorized):
        raise
    except AmltuiError:
        return dataset


async def _say_left_out(session: Session) -> None:
    """Say what of a whole workspace is no dataset in its list, and so is not copied."""
    workspace = await session.connect()
    can = await workspace.capabilities()
    if can.archive and (archived := len(await workspace.archived())):
        warn(f"{archived} archived of {session.name} are left out.")
    if can.experiments and any(not one.is_example for one in await workspace.experiments()):
        warn(f"The experiments of {session.name} and their outputs are left out.")


async def _one(
    common: Common, source: Session, step: CopyStep, target: Session, wanted: _Wanted
) -> tuple[dict[str, Any], int]:
    """Make a copy unless only asked for; what is printed of it, and its exit code."""
    from amltui.cli.progress import watched
    from amltui.services.copying import Way, copy, not_kept

    row: dict[str, Any] = {
        "from": step.source.name,
        "to": step.name,
        "size": step.source.size,
        "way": str(step.way),
        "versions": 0 if step.way is Way.NONE else len(step.older) + 1,
    }
    if wanted.dry_run or step.way is Way.NONE:
        return row, exit_codes.DONE
    queues = [await one.transfers() for one in {id(one): one for one in (source, target)}.values()]
    work = copy(source, step, target)
    for queue in queues:
        work = watched(queue, common.out, work)
    try:
        made = await work
    except AmltuiError as error:
        warn(f'"{step.source.name}": {error}' + (f"\n{error.hint}" if error.hint else ""))
        code = exit_codes.code_of(error)
        return row | {"way": "failed", "error": str(error), "exit_code": code}, code
    count = f", {row['versions']} versions" if step.older else ""
    common.out.note(f'Copied "{visible(step.source.name)}"{count}, {human_size(made.size)}.')
    left = not_kept(step.source, made)
    _say_left(common, step.source.name, left)
    done = {"to": made.name, "size": made.size, "id": made.id, "not_kept": left}
    return row | done, exit_codes.DONE


def _say_left(common: Common, name: str, left: dict[str, str]) -> None:
    """Say what has no place at the target, but for what no copy keeps: whose it was, and since."""
    told = [
        f"{what} {visible(value)}"
        for what, value in left.items()
        if what not in {"name", "owner", "created", "file name"}  # the table says the names
    ]
    if told:
        common.out.note(f'Not kept of "{visible(name)}": {"; ".join(told)}')


async def _surplus(goal: Place, steps: list[CopyStep], target: Session) -> list[Dataset]:
    """What lies at the target and was not among what was copied."""
    wanted = {step.name for step in steps}
    listed = (await target.current_list()).datasets
    return [
        one
        for one in listed
        if one.name.startswith(goal.name) and one.name not in wanted and not one.is_example
    ]
