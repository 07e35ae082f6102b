"""Commands that were given several names: get, put, rm."""

from __future__ import annotations

import asyncio
import hashlib
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
from amltui.cli.several import Report, work_on
from amltui.disk import expanded
from amltui.errors import AmltuiError, Conflict, UsageError
from amltui.models import Dataset
from amltui.services.folders import files_below
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
        if await asyncio.to_thread(_is_same, target, dataset):
            return dataset.size, "sha256" if dataset.sha256 else "length", True
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


def _is_same(target: Path, dataset: Dataset) -> bool:
    """Whether a file is the dataset's content already, as far as the workspace tells of it."""
    try:
        status = target.stat()
        if dataset.size is None or status.st_size != dataset.size or not target.is_file():
            return False
        if dataset.sha256 is None:
            created = dataset.created_date
            return created is not None and status.st_mtime >= created.timestamp()
        return _sha256(target) == dataset.sha256
    except OSError:
        return False


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


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
    exists: Literal["error", "skip", "update"],
    jobs: int,
) -> int:
    """Upload each file as a dataset of its name; the exit code."""
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
        if exists == "skip" or await asyncio.to_thread(is_content, path, before):
            return before, True
        return await session.update(before, path, keep=True), False

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


def is_content(path: Path, dataset: Dataset) -> bool:
    """Whether a file's bytes are those of a dataset, as far as the workspace tells of its hash."""
    try:
        same_size = path.stat().st_size == dataset.size
        return same_size and dataset.sha256 is not None and _sha256(path) == dataset.sha256
    except OSError:
        return False


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
