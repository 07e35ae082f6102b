"""Commands that copy datasets between workspaces, folders and this disk: cp, sync."""

from __future__ import annotations

from collections.abc import Awaitable
from contextlib import aclosing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from amltui.cli import exit_codes
from amltui.cli.options import COMMON, Common
from amltui.cli.output import Col, warn
from amltui.cli.session import need_yes, transfer_options
from amltui.cli.several_names import JOBS, NAMED, Jobs, LimitRate, Named, check_jobs, rate_of
from amltui.disk import disk_errors
from amltui.errors import AmltuiError, UsageError
from amltui.text import human_size, visible

if TYPE_CHECKING:
    from amltui.models import Dataset
    from amltui.services.copying import Compare, CopyStep
    from amltui.services.one_copy import Made
    from amltui.services.places import Place, Places
    from amltui.services.session import Session

DryRun = Annotated[bool, Parameter(help="Say what would be done, and do nothing.")]


def cp(
    *places: str,
    force: bool = False,
    versions: bool = False,
    dry_run: DryRun = False,
    jobs: Jobs = JOBS,
    limit_rate: LimitRate = None,
    named: Named = NAMED,
    common: Common = COMMON,
) -> int:
    """Copy datasets between workspaces, folders and this disk. The last place is the target.

    A place is PROFILE:NAME, :NAME of the workspace in force, an address, or a path of this disk;
    see `amltui help folders`. Description, type and tags go along, and what of a dataset has no
    place at the target is said. What was cut goes on where it stopped, by the same command or by
    `amltui transfers resume`.

    Args:
        places: From where, one or more, and to where.
        force: Replace what has the name, as its new version where versions are kept.
        versions: Copy all versions, the oldest first, and not only the latest; of a copy that
            has the first of them already, the others.
        dry_run: Say what would be done, and do nothing.
        jobs: How many at once.
        limit_rate: Bytes per second at most, from and to each place: 500K, 2M or 1.5G.
        named: Several at once.
        common: Common options.
    """
    places = (*named.words(places[:-1]), *places[-1:])
    if len(places) < 2:
        raise UsageError("cp takes what to copy and a target", hint="amltui cp team:Sales data/")
    wanted = _Wanted(
        replace=force,
        dry_run=dry_run,
        versions=versions,
        regex=named.regex,
        jobs=jobs,
        rate=rate_of(limit_rate),
    )
    return _run(common, places[-1], places[:-1], wanted)


def sync(
    folder: str,
    /,
    *names: str,
    by: Annotated[str, Parameter(name="--by")] = "time",
    delete: bool = False,
    yes: bool = False,
    dry_run: DryRun = False,
    jobs: Jobs = JOBS,
    limit_rate: LimitRate = None,
    named: Named = NAMED,
    common: Common = COMMON,
) -> int:
    """Bring a folder up to date with datasets. Only what differs is copied, and nothing back.

    Args:
        folder: What is brought up to date: a folder, made if need be, or any other place that cp
            takes.
        names: Datasets of the workspace in force, patterns, or places as cp takes.
        by: What shows that a file is up to date: size, time (and size) or hash.
        delete: Delete there what is not among the names.
        yes: Do not ask before that.
        dry_run: Say what would be done, and do nothing.
        jobs: How many at once.
        limit_rate: Bytes per second at most, from and to each place: 500K, 2M or 1.5G.
        named: Several at once.
        common: Common options.
    """
    from amltui.services.copying import Compare
    from amltui.services.places import folder_to_make

    names = tuple(named.words(names))
    if not names:
        raise UsageError("sync takes a folder and names", hint="amltui sync data/ 'sales*'")
    if by not in tuple(Compare):
        raise UsageError(f'"{by}" is no way to compare', hint=f"There are: {', '.join(Compare)}.")
    missing = folder_to_make(folder)
    if missing is not None:
        if dry_run:
            raise UsageError(
                f"There is no folder {visible(folder)}", hint="Without --dry-run it is made."
            )
        with disk_errors(missing, "make the folder"):
            missing.mkdir(parents=True)
    marks = ("./", "../", "/", "~")
    sources = [one if ":" in one or one.startswith(marks) else f":{one}" for one in names]
    wanted = _Wanted(
        replace=True,
        dry_run=dry_run,
        same=Compare(by),
        delete=delete,
        yes=yes,
        regex=named.regex,
        jobs=jobs,
        rate=rate_of(limit_rate),
    )
    return _run(common, folder, sources, wanted)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wanted:
    """What is to be done with what is there, and how."""

    replace: bool
    dry_run: bool
    regex: bool
    jobs: int
    rate: float | None
    same: Compare | None = None
    delete: bool = False
    yes: bool = True
    versions: bool = False


def _run(common: Common, target: str, sources: Any, wanted: _Wanted) -> int:
    import asyncio

    check_jobs(wanted.jobs)
    return asyncio.run(_copy(common, target, sources, wanted))


async def _copy(common: Common, to: str, sources: Any, wanted: _Wanted) -> int:
    from amltui.services.places import Place, Places, place_of

    options = transfer_options(wanted.jobs, wanted.rate)
    goal = place_of(to, target=True)
    async with Places(common.place, options) as places:
        target = await places.session(goal, target=True)
        origins = [place_of(one) for one in sources]
        steps = await _plan(places, origins, goal, target, wanted)
        in_force = (await places.session(Place(None, ""))).key
        rows, worst = await _all_of_them(common, steps, target, wanted, in_force)
        if await _gaps(places, origins, regex=wanted.regex):
            worst = worst or exit_codes.FAILED
        gone = await _surplus(goal, [step for _, step in steps], target) if wanted.delete else []
        if gone and worst:
            warn("Nothing was deleted, as not all was copied.")
            gone = []
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
    from amltui.services.copying import known, planned, target_names
    from amltui.services.places import datasets_at

    found: list[tuple[Session, list[Dataset]]] = []
    for place in sources:
        session = await places.session(place)
        datasets = await datasets_at(session, place.name, regex=wanted.regex)
        found.append((session, [await known(session, one) for one in datasets]))
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
        names = [goal.name] if exact else target_names(workspace, datasets, goal.name, taken)
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


async def _gaps(places: Places, sources: list[Place], *, regex: bool) -> bool:
    """Say what is missing in the lists that several datasets were taken from; whether any is."""
    from amltui.services.places import names_one

    told: set[str] = set()
    for place in sources:
        if not names_one(place.name, regex=regex):
            told.add((await (await places.session(place)).current_list()).gap)
    told.discard("")
    for gap in sorted(told):
        warn(gap)
    return bool(told)


async def _say_left_out(session: Session) -> None:
    """Say what of a whole workspace is no dataset in its list, and so is not copied."""
    workspace = await session.connect()
    can = await workspace.capabilities()
    if can.archive and (archived := len(await workspace.archived())):
        warn(f"{archived} archived of {session.name} are left out.")
    if can.experiments and any(not one.is_example for one in await workspace.experiments()):
        warn(f"The experiments of {session.name} and their outputs are left out.")


async def _all_of_them(
    common: Common,
    steps: list[tuple[Session, CopyStep]],
    target: Session,
    wanted: _Wanted,
    in_force: str,
) -> tuple[list[dict[str, Any]], int]:
    """Make the copies unless only asked for; what is printed of each, and the worst exit code."""
    from amltui.cli.progress import watched
    from amltui.services.copies import begin
    from amltui.services.copying import Way
    from amltui.services.selection import work_through

    rows = [_row(step) for _, step in steps]
    refused = [(row, step.refused) for (_, step), row in zip(steps, rows, strict=True)]
    worst = max((_failed(row, why) for row, why in refused if why), default=exit_codes.DONE)
    todo = [
        at for at, (_, step) in enumerate(steps) if not wanted.dry_run and step.way is not Way.NONE
    ]

    sources = {id(steps[at][0]): steps[at][0] for at in todo}
    copies = {
        key: begin(
            source,
            [steps[at][1] for at in todo if steps[at][0] is source],
            target,
            asked_in=in_force,
        )
        for key, source in sources.items()
    }

    async def one(at: int) -> Made:
        source, step = steps[at]
        return await copies[id(source)].make(step)

    async def work() -> None:
        nonlocal worst
        async with aclosing(work_through(todo, one, at_once=wanted.jobs)) as results:
            async for at, result in results:
                if isinstance(result, AmltuiError):
                    worst = max(worst, _failed(rows[at], result))
                else:
                    rows[at] |= _copied(common, steps[at][1], result)

    working: Awaitable[None] = work()
    try:
        if todo:
            for session in {id(target): target, **sources}.values():
                working = watched(await session.transfers(), common.out, working)
        await working
    finally:
        for some in copies.values():
            some.close()
    for at in todo:
        if rows[at]["way"] != "failed" and "id" not in rows[at]:
            rows[at] |= {"way": "not tried"}
    return rows, worst


def _row(step: CopyStep) -> dict[str, Any]:
    from amltui.services.copying import Way

    return {
        "from": step.source.name,
        "to": step.name,
        "size": step.source.size,
        "way": str(step.way),
        "versions": 0 if step.way is Way.NONE else len(step.older) + 1,
    }


def _failed(row: dict[str, Any], error: AmltuiError) -> int:
    """Say why a copy was not made; its exit code."""
    hint = f"\n{error.hint}" if error.hint else ""
    warn(f'"{row["from"]}": {error}{hint}')
    code = exit_codes.code_of(error)
    row |= {"way": "failed", "error": str(error), "exit_code": code}
    return code


def _copied(common: Common, step: CopyStep, copied: Made) -> dict[str, Any]:
    """Say that a copy is made; what of it is printed."""
    made, left = copied.dataset, copied.not_kept
    count = f", {len(step.older) + 1} versions" if step.older else ""
    common.out.note(f'Copied "{visible(step.source.name)}"{count}, {human_size(made.size)}.')
    if copied.told:  # the table says the names
        common.out.note(f'Not kept of "{visible(step.source.name)}": {copied.told}')
    return {"to": made.name, "size": made.size, "id": made.id, "not_kept": left}


async def _surplus(goal: Place, steps: list[CopyStep], target: Session) -> list[Dataset]:
    """What lies at the target and was not among what was copied."""
    wanted = {step.name for step in steps}
    listed = (await target.current_list()).datasets
    return [
        one
        for one in listed
        if one.name.startswith(goal.name) and one.name not in wanted and not one.is_example
    ]
