"""Commands that were given several names: get, put, rm."""

from __future__ import annotations

import asyncio
import os
import stat
from collections.abc import Mapping, Sequence
from contextlib import aclosing
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from amltui.cli.exit_codes import FileNotThere
from amltui.cli.json_output import of_dataset
from amltui.cli.options import Common
from amltui.cli.progress import watched
from amltui.cli.saving import copy_cached, resumable
from amltui.cli.session import need_yes
from amltui.cli.several_names import Report, work_on
from amltui.disk import expanded
from amltui.errors import AmltuiError, Conflict, UsageError
from amltui.models import Dataset
from amltui.services.folders import files_below
from amltui.services.hashes import file_sha256, is_content, known_sha256
from amltui.services.selection import Selected, file_targets, work_through
from amltui.text import human_size, visible

if TYPE_CHECKING:
    from amltui.services.session import Session


async def get_several(
    session: Session,
    common: Common,
    selected: Sequence[Selected],
    folder: Path,
    *,
    tree: bool,
    force: bool,
    jobs: int,
) -> int:
    """Download each to a file of its own below `folder`; the exit code."""
    datasets = [one.found for one in selected if isinstance(one.found, Dataset)]
    targets = file_targets(datasets, folder, tree=tree)
    where = {one.id: target for one, target in zip(datasets, targets, strict=True)}
    report = Report(common.out)

    async def one(dataset: Dataset) -> tuple[int | None, str, bool]:
        target = where[dataset.id].absolute()
        if (how := await _as_before(session, target, dataset)) is not None:
            return dataset.size, how, True
        await asyncio.to_thread(_make_folder, target.parent)
        if session.offline:
            return *await copy_cached(session, dataset, target, force=force), False
        queue = await session.transfers()
        transfer = queue.download(dataset, target, overwrite=force)
        done = await session.finished(transfer, keep=True)
        return done.total, done.checked, False

    def done(dataset: Dataset, result: tuple[int | None, str, bool]) -> None:
        size, checked, kept = result
        path = where[dataset.id]
        document = {
            "dataset_id": dataset.id,
            "path": path,
            "size": size,
            "checked": checked,
            "kept": kept,
        }
        report.done(dataset.name, str(path), document, kept=kept)

    working = work_on(selected, report, one, done, at_once=jobs)
    with resumable(common.out):
        if session.offline:
            await working
        else:
            await watched(await session.transfers(), common.out, working)
    return report.close("saved", len(selected))


def _make_folder(folder: Path) -> None:
    from amltui.disk import disk_errors

    with disk_errors(folder, "make the directory"):
        folder.mkdir(parents=True, exist_ok=True)


async def _as_before(session: Session, target: Path, dataset: Dataset) -> str | None:
    """How a file is known to be the dataset's content already; None: it is not.

    `sha256`, or `length` where the workspace tells no hash: then it is not older, too.
    """
    status = await asyncio.to_thread(_status, target)
    if status is None or status.st_size != dataset.size:
        return None
    known = await known_sha256(session, dataset)
    if known is not None:
        return "sha256" if await file_sha256(target) == known else None
    created = dataset.created_date
    return "length" if created is not None and status.st_mtime >= created.timestamp() else None


def _status(path: Path) -> os.stat_result | None:
    """Of a regular file. None: there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found if stat.S_ISREG(found.st_mode) else None


def named_files(given: Sequence[str]) -> list[tuple[str, Path]]:
    """Files, and what lies in folders, each with the name that its dataset gets.

    A file that was named is called as it is; one of a folder by its path below that. What begins
    with a dot is left out of folders, and links to folders are not followed.

    Raises:
        FileNotThere: there is no such file.
        UsageError: two would get one name, or there is no file at all.
    """
    found: list[tuple[str, Path]] = []
    for word in given:
        path = expanded(word)
        if path.is_dir():
            found += [(one.name, one.path) for one in files_below(path)]
        elif path.is_file():
            found.append((path.name, path))
        else:
            raise FileNotThere(f"There is no file {visible(str(path))}")
    names: dict[str, Path] = {}
    for name, path in found:
        if name in names:
            raise UsageError(
                f"{visible(str(names[name]))} and {visible(str(path))} would both be named "
                f'"{visible(name)}"',
                hint="Send one of them alone, with --name.",
            )
        names[name] = path
    if not found:
        raise UsageError("There are no files in it")
    return found


async def put_several(
    session: Session,
    common: Common,
    named: Sequence[tuple[str, Path]],
    types: Mapping[Path, str],
    description: str,
    *,
    retype: bool,
    exists: Literal["error", "skip", "update"],
    jobs: int,
) -> int:
    """Upload each file as a dataset of its name; the exit code.

    What exists keeps its type unless `retype`, and its description unless one is given.
    """
    there = {one.name: one for one in (await session.current_list()).datasets}
    report = Report(common.out)

    async def one(item: tuple[str, Path]) -> tuple[Dataset, bool]:
        name, path = item
        before = there.get(name)
        if before is None:
            made = await session.upload(
                path,
                name=name,
                data_type_id=types[path],
                description=description,
                keep=True,
            )
            return made, False
        if exists == "error":
            raise Conflict(f'A dataset named "{visible(name)}" exists', 409)
        type_ = types[path] if retype else before.data_type_id
        said = description or before.description
        same = (type_, said) == (before.data_type_id, before.description)
        if exists == "skip" or (same and await is_content(session, path, before)):
            return before, True
        made = await session.update(before, path, data_type_id=type_, description=said, keep=True)
        return made, False

    async def all_of_them() -> None:
        async with aclosing(work_through(named, one, at_once=jobs)) as results:
            async for (name, _), result in results:
                if isinstance(result, AmltuiError):
                    report.failed(name, result)
                else:
                    dataset, kept = result
                    report.done(name, None, {**of_dataset(dataset), "kept": kept}, kept=kept)
                    if not kept:
                        common.out.note(f'"{visible(name)}": {human_size(dataset.size)}.')

    with resumable(common.out):
        await watched(await session.transfers(), common.out, all_of_them())
    return report.close("uploaded", len(named))


async def rm_several(
    session: Session, common: Common, selected: Sequence[Selected], *, yes: bool
) -> int:
    """Delete each with all its versions; the exit code."""
    count = sum(isinstance(one.found, Dataset) for one in selected)
    if count:
        need_yes(given=yes, what=f"Deleting {count:,} datasets with all their versions")
    report = Report(common.out)

    async def one(dataset: Dataset) -> str:
        if not dataset.is_latest:
            raise UsageError("This is an older version, and versions never change.")
        return "Archived" if await session.edits.delete(dataset) else "Deleted"

    def done(dataset: Dataset, what: str) -> None:
        report.done(dataset.name, None, of_dataset(dataset))
        common.out.note(f'{what} "{visible(dataset.name)}".')

    await work_on(selected, report, one, done, at_once=4)
    return report.close("deleted", len(selected))
