"""Commands that move contents: get, put, update."""

from __future__ import annotations

import asyncio
import os
import stat
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, Literal

from cyclopts import Parameter

from amltui.cli.commands.check import limits_in, refuse
from amltui.cli.commands.datasets import changed
from amltui.cli.exit_codes import DONE, FileNotThere
from amltui.cli.files import STDIN, readable
from amltui.cli.options import COMMON, Common
from amltui.cli.output import Out, warn
from amltui.cli.reading import WRITTEN, Written
from amltui.cli.session import run
from amltui.cli.several import LISTED, SEVERAL, Listed, Several
from amltui.errors import AmltuiError, UsageError
from amltui.formats import file_name, format_of
from amltui.models import Dataset, OutputPort
from amltui.text import human_size, visible
from amltui.transfers.spool import is_spooled

if TYPE_CHECKING:
    from amltui.services.session import Session
    from amltui.transfers import Transfer

Output = Annotated[str | None, Parameter(name=("--output", "-o"))]
Type = Annotated[str | None, Parameter(name=("--type", "-t"))]
Jobs = Annotated[int, Parameter(name=("--jobs", "-j"))]
JOBS: Final = 8
"""Datasets that are worked on at once, of several, unless told otherwise."""


def get(
    *names: str,
    output: Output = None,
    directory: Annotated[str | None, Parameter(name=("--directory", "-d"))] = None,
    layout: Literal["flat", "tree"] = "flat",
    force: bool = False,
    jobs: Jobs = JOBS,
    several: Several = SEVERAL,
    common: Common = COMMON,
) -> int:
    """Download datasets, and print the path of each file.

    What was begun and cut before goes on where it stopped. A file appears under its name only when
    it is whole and verified.

    Args:
        names: The datasets' names or ids, or quoted patterns as 'sales-*'.
        output: Of one dataset: a file, a directory that is there, or - for standard output; else a
            file named after the dataset here.
        directory: Where the files go; made if need be. A file that is the same already stays.
        layout: With a directory: all files in it, or a tree of folders by the / in names.
        force: Replace a file that is there; of a link, the file that it leads to.
        jobs: How many at once, of several.
        several: Several at once.
        common: Common options.
    """
    if several.one(names) and directory is None:

        async def work(session: Session) -> int:
            await save(session, common, await session.find(names[0]), output, force=force)
            return DONE

        return run(common, work)
    if output is not None and directory is not None:
        raise UsageError("-o and -d exclude each other", hint="Leave one out.")
    if output is not None and not Path(output).expanduser().is_dir():
        raise UsageError("-o takes one dataset", hint="Several go to a directory: -d DIRECTORY.")
    folder = Path(directory or output or ".").expanduser()
    check_jobs(jobs)

    async def all_of_them(session: Session) -> int:
        from amltui.cli.commands.several import get_several

        selected = await several.select(session, names)
        tree = layout == "tree"
        return await get_several(
            session, common, selected, folder, tree=tree, force=force, jobs=jobs
        )

    return run(common, all_of_them, jobs=jobs)


def check_jobs(jobs: int) -> None:
    """See that it is a number of things to do at once.

    Raises:
        UsageError: it is not.
    """
    if not 1 <= jobs <= 64:
        raise UsageError(f"--jobs {jobs} is not 1 to 64")


def put(
    *files: str,
    name: Annotated[str | None, Parameter(name=("--name", "-n"))] = None,
    type_: Type = None,
    description: Annotated[str, Parameter(name=("--description", "-d"))] = "",
    prefix: str = "",
    exists: Literal["error", "skip", "update"] = "error",
    jobs: Jobs = JOBS,
    listed: Listed = LISTED,
    convert: bool = False,
    written: Written = WRITTEN,
    common: Common = COMMON,
) -> int:
    """Upload files as new datasets. A name that is taken is an error: see update and --exists.

    What was begun and cut before goes on where it stopped, if the file is still the same.

    Args:
        files: Files, or folders with all files in them, or - for standard input. Files of a folder
            are named by their paths below it.
        name: Of one file: what to call the dataset; else as the file. A folder with a name becomes
            one dataset, in workspaces that have such.
        type_: Their data type, for example GenericCSV; else by their extensions and first bytes.
        description: A description.
        prefix: What all their names begin with.
        exists: With a name that is taken: it is an error, the file is skipped, or the dataset is
            updated unless it is the same.
        jobs: How many at once, of several.
        listed: Several at once.
        convert: Send a delimited text as UTF-8 with commas, which every client reads.
        written: How the file is written, for --convert; else as its first rows show.
        common: Common options.
    """
    given = listed.words(files)
    if len(given) == 1 and exists == "error" and not Path(given[0]).expanduser().is_dir():
        called = prefix + (Path(given[0]).name if name is None else name)
        if given[0] == STDIN and name is None:
            raise UsageError("Standard input has no name", hint="Add --name NAME.")
        _put_one(given[0], called, type_, description, written, common, convert=convert)
        return DONE
    if name is not None and len(given) == 1 and exists == "error":
        if type_ is not None or convert or written.given:
            raise UsageError("A folder has no data type", hint="Leave it out.")
        dataset = _send_folder(common, Path(given[0]).expanduser(), prefix + name, description)
        changed(common.out, dataset, _uploaded("Uploaded", dataset))
        return DONE
    if name is not None:
        raise UsageError("--name is for one file", hint="Several are named by --prefix.")
    if not given:
        raise UsageError("A file is needed", hint="Or a folder, or --from-file FILE.")
    if convert or written.given:
        raise UsageError("--convert is for one file", hint="Send the files one by one.")
    check_jobs(jobs)
    from amltui.cli.commands.several import named_files, put_several

    named = [(prefix + called, path) for called, path in named_files(given)]
    types = {path: data_type(type_, path) for _, path in named}

    async def work(session: Session) -> int:
        return await put_several(
            session, common, named, types, description, exists=exists, jobs=jobs
        )

    return run(common, work, jobs=jobs)


def _put_one(
    file: str,
    called: str,
    type_: str | None,
    description: str,
    written: Written,
    common: Common,
    *,
    convert: bool,
) -> None:
    if not called.strip():
        raise UsageError("A dataset needs a name", hint="Add --name NAME.")

    given = data_type(type_, Path(file)) if type_ is not None else None

    async def check(session: Session) -> None:
        from amltui.transfers.uploader import check_name_is_free

        await check_name_is_free(await session.connect(), called)

    suffix = Path(called).suffix
    with (
        readable(file, suffix=suffix, check=lambda: run(common, check)) as path,
        as_clients_read(path, given or data_type(None, path), called, written, convert=convert) as (
            sent,
            data_type_id,
        ),
    ):

        async def work(session: Session) -> Dataset:
            from amltui.cli.progress import watched

            await _note_alike(session, common.out, called)
            sending = session.upload(
                sent,
                name=called,
                data_type_id=data_type_id,
                description=description,
                keep=not is_spooled(sent),
            )
            with resumable(common.out, spooled=is_spooled(sent)):
                return await watched(await session.transfers(), common.out, sending)

        dataset = run(common, work)
    changed(common.out, dataset, _uploaded("Uploaded", dataset))


async def _note_alike(session: Session, out: Out, name: str) -> None:
    """Say that a dataset has a name that looks the same and is written otherwise."""
    if name.isascii():
        return
    from unicodedata import normalize

    for dataset in (await session.current_list()).datasets:
        if dataset.name != name and normalize("NFC", dataset.name) == normalize("NFC", name):
            out.note(
                f'There is a dataset "{visible(dataset.name)}" whose name looks the same; its '
                "letters are composed otherwise (NFC, NFD), so that this is another one."
            )
            return


def update(
    name: str,
    file: str,
    /,
    *,
    type_: Type = None,
    description: Annotated[str | None, Parameter(name=("--description", "-d"))] = None,
    rename: str | None = None,
    convert: bool = False,
    written: Written = WRITTEN,
    check: bool = False,
    fail_on: list[str] | None = None,
    rules: str | None = None,
    common: Common = COMMON,
) -> None:
    """Upload a file as the new contents of a dataset. Its older versions stay.

    What was begun and cut before goes on where it stopped, if the file is still the same.
    With --check, --fail-on or --rules it first says what changes, and exits 8 without sending
    anything if a rule is broken; `amltui check NAME FILE` only looks.

    Args:
        name: The dataset's name or id.
        file: The file, or - for standard input; a folder, in workspaces that have such datasets.
        type_: Its new data type; else it stays.
        description: Its new description; else it stays.
        rename: Its new name; else it stays.
        convert: Send a delimited text as UTF-8 with commas, which every client reads.
        written: How the file is written, for --convert; else as its first rows show.
        check: Say what changes, and hold it against the rules beside the file or the dataset.
        fail_on: What may not change: schema, type, missing=5%, rows=-10%; may be repeated, or with
            commas between.
        rules: A file of rules in place of those beside: see amltui help rules.
        common: Common options.
    """
    limits = limits_in(fail_on)
    if Path(file).expanduser().is_dir():
        if type_ is not None or rename is not None:
            raise UsageError("A folder takes neither --type nor --rename", hint="Leave it out.")
        if convert or written.given:
            raise UsageError("--convert is for one file", hint="Send the files one by one.")
        if check or rules is not None or limits is not None:
            raise UsageError("A folder has no rows to check", hint="Check a file in it.")
        dataset = _send_folder(common, Path(file).expanduser(), name, description, replacing=True)
        changed(common.out, dataset, _uploaded("Updated", dataset))
        return
    data_type_id = data_type(type_, Path(file)) if type_ is not None else None

    async def must_be_changeable(session: Session) -> None:
        from amltui.services.edits import must_be_own
        from amltui.transfers.uploader import check_name_is_free

        dataset = await session.find_to_change(name)
        must_be_own(dataset)
        if rename is not None:
            await check_name_is_free(await session.connect(), rename, dataset.key)

    with readable(file, check=lambda: run(common, must_be_changeable)) as path:

        async def work(session: Session) -> Dataset:
            from amltui.cli.progress import watched

            dataset = await session.find_to_change(name)
            kind = data_type_id or dataset.data_type_id
            with ExitStack() as stack:
                # In a thread: a large file takes a while, and ^C is heeded meanwhile.
                reading = as_clients_read(path, kind, dataset.name, written, convert=convert)
                sent, kind = await asyncio.to_thread(stack.enter_context, reading)
                new_type = kind if convert else data_type_id
                if check or limits is not None or rules is not None:
                    await refuse(session, common.out, dataset, sent, rules, limits, new_type)
                sending = session.update(
                    dataset,
                    sent,
                    name=rename,
                    data_type_id=new_type,
                    description=description,
                    keep=not is_spooled(sent),
                )
                with resumable(common.out, spooled=is_spooled(sent)):
                    return await watched(await session.transfers(), common.out, sending)

        dataset = run(common, work)
    changed(common.out, dataset, _uploaded("Updated", dataset))


def _send_folder(
    common: Common, folder: Path, name: str, description: str | None, *, replacing: bool = False
) -> Dataset:
    """Upload a folder as one dataset called `name`, or as the next version of it."""

    async def work(session: Session) -> Dataset:
        from amltui.cli.progress import Bytes
        from amltui.services.edits import must_be_own
        from amltui.services.folders import put_folder

        before = await session.find_to_change(name) if replacing else None
        called, about = name, description or ""
        if before is not None:
            must_be_own(before)
            called = before.name
            about = before.description if description is None else description
        with Bytes(common.out, folder.name) as progress, resumable(common.out):
            return await put_folder(
                session,
                folder,
                name=called,
                description=about,
                replaces=before,
                sent=progress.show,
            )

    return run(common, work)


@contextmanager
def as_clients_read(
    path: Path, data_type_id: str, name: str, written: Written, *, convert: bool
) -> Iterator[tuple[Path, str]]:
    """The file to send and its type; says before how other clients would misread it.

    With `convert` it is a copy in UTF-8 with commas, for as long as the block lasts.

    Raises:
        UsageError: the file is no delimited text.
    """
    from amltui.formats import format_of
    from amltui.services.conversion import converted, seen

    fmt = format_of(data_type_id)
    if fmt.kind != "delimited":
        if convert or written.given:
            raise UsageError(
                f"{fmt.data_type_id} is not converted: it is no delimited text",
                hint="Leave out --convert, or name a type: --type GenericCSV",
            )
        yield path, data_type_id
        return
    dialect, problem = seen(path, fmt)
    if written.given:
        dialect = written.on(dialect)
    if not convert:
        if problem:
            warn(
                f'"{name}" looks {problem}. Other clients read {fmt.data_type_id} otherwise;'
                " --convert sends it as UTF-8 with commas."
            )
        yield path, data_type_id
        return
    with converted(path, fmt, dialect) as (copy, new_type):
        yield copy, new_type


def data_type(given: str | None, path: Path) -> str:
    """The data type id that was given, or a guess by the file.

    Raises:
        UsageError: what was given is empty, a known one with other letter case, or the extension
            of files of a known one.
    """
    from amltui.formats import KNOWN, data_type_of_name, guess_data_type
    from amltui.formats.guess import UNKNOWN_BINARY

    if given is None:
        return guess_data_type(path)
    same = next((known for known in KNOWN if known.lower() == given.strip().lower()), None)
    if same is None and (by_extension := data_type_of_name(f"x.{given.strip()}")) != UNKNOWN_BINARY:
        same = by_extension
    if not given.strip() or (same and same != given):
        raise UsageError(
            f'There is no data type "{visible(given)}"',
            hint=f"Did you mean {same}?" if same else f"There are: {', '.join(KNOWN)}.",
        )
    if same is None:
        warn(f'"{given}" is no data type known here; such a dataset is shown as bytes.')
    return given


async def save(
    session: Session,
    common: Common,
    source: Dataset | OutputPort,
    output: str | None,
    *,
    force: bool,
) -> None:
    """Write a content to a file and print its path, or to standard output.

    Raises:
        Exists: the file is there and `force` is not given.
        FileNotThere: the directory is not there.
    """
    if output == STDIN:
        await _to_stdout(session, source)
        return
    name = source.name if isinstance(source, Dataset) else source.port_name
    target = _target(output, file_name(name, source.data_type_id))
    if _is_special(target):
        await _to_descriptor(session, source, os.open(target, os.O_WRONLY))
        return
    if session.offline:
        size, checked = await copy_cached(session, source, target.absolute(), force=force)
    else:
        done = await _download(session, common, source, target.absolute(), force=force)
        size, checked = done.total, done.checked
    how = {"sha256": "SHA-256 verified", "md5": "MD5 verified"}.get(checked, "length verified")
    common.out.note(f'Saved "{visible(name)}", {human_size(size)}, {how}.')
    extension = format_of(source.data_type_id).extension
    if target.suffix.lower() == ".parquet" and extension not in {"", ".parquet"}:
        common.out.note(
            f"The file has the dataset's bytes, {source.data_type_id}: nothing is converted. "
            "`amltui help formats` says how to."
        )
    if common.json:
        common.out.document({"path": target, "size": size, "checked": checked})
    else:
        common.out.line(str(target))


def _target(output: str | None, filename: str) -> Path:
    target = Path(output).expanduser() if output else Path()
    if target.is_dir():
        target /= filename
    elif output and output.endswith(os.sep):
        raise FileNotThere(
            f"There is no directory {visible(output)}", hint="Make it first, or name a file."
        )
    if not target.parent.is_dir():
        raise FileNotThere(f"There is no directory {visible(str(target.parent))}")
    return target


async def copy_cached(
    session: Session, source: Dataset | OutputPort, target: Path, *, force: bool
) -> tuple[int | None, str]:
    """Without the network: what is whole on this disk; its size, and how it was checked."""
    from amltui.services.streams import copy

    content, checked = await session.cached_content(source)
    await copy(content, target, overwrite=force)
    return source.size if isinstance(source, Dataset) else None, checked


async def _download(
    session: Session,
    common: Common,
    source: Dataset | OutputPort,
    target: Path,
    *,
    force: bool,
) -> Transfer:
    """Download, going on with what an interrupted command left. An interrupt keeps it again."""
    from amltui.cli.progress import watched

    queue = await session.transfers()
    transfer = queue.download(source, target, overwrite=force)
    with resumable(common.out):
        return await watched(queue, common.out, session.finished(transfer, keep=True))


@contextmanager
def resumable(out: Out, *, spooled: bool = False) -> Iterator[None]:
    """Say how to go on with a transfer that stopped. `spooled`: it sends what a pipe gave."""
    from amltui.transfers.retry import final

    again = "`amltui transfers resume`" if spooled else "the same command"
    try:
        yield
    except asyncio.CancelledError:
        out.note("Stopped." if spooled else "Stopped. The same command goes on from here.")
        raise
    except AmltuiError as error:
        if not final(error):
            out.note(f"What was done is kept: {again} goes on from here.")
        raise


def _is_special(target: Path) -> bool:
    """Whether it is a device or a pipe, into which one writes and which one never replaces."""
    try:
        return not stat.S_ISREG(target.stat().st_mode)
    except OSError:
        return False


async def _to_stdout(session: Session, source: Dataset | OutputPort) -> None:
    if sys.stdout.isatty():
        raise UsageError(
            "Bytes of a dataset can disturb a terminal",
            hint="Send them to a file or a program, or see rows with: amltui head NAME",
        )
    sys.stdout.flush()
    await _to_descriptor(session, source, os.dup(sys.stdout.fileno()))


async def _to_descriptor(session: Session, source: Dataset | OutputPort, descriptor: int) -> None:
    with os.fdopen(descriptor, "wb", buffering=0) as file:
        async for chunk in session.stream(source):
            view = memoryview(chunk)
            while view:
                view = view[await asyncio.to_thread(file.write, view) :]


def _uploaded(done: str, dataset: Dataset) -> str:
    return f'{done} "{visible(dataset.name)}": {human_size(dataset.size)}, {dataset.data_type_id}.'
