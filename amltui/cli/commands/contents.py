"""Commands that move contents: get, put, update."""

from __future__ import annotations

import asyncio
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from amltui.cli.commands.check import limits_in, refuse
from amltui.cli.commands.datasets import changed
from amltui.cli.data_types import Type, as_clients_read, data_type
from amltui.cli.dialect_options import WRITTEN, DialectOptions
from amltui.cli.exit_codes import DONE
from amltui.cli.local_files import STDIN, readable
from amltui.cli.options import COMMON, Common
from amltui.cli.output import Out
from amltui.cli.saving import Output, resumable, save
from amltui.cli.session import run
from amltui.cli.several_names import (
    JOBS,
    LISTED,
    SEVERAL,
    Jobs,
    LimitRate,
    NamesInFile,
    Several,
    check_jobs,
    rate_of,
)
from amltui.disk import expanded
from amltui.errors import AmltuiError, Conflict, UsageError
from amltui.models import Dataset
from amltui.text import human_size, visible
from amltui.transfers.spool import is_spooled

if TYPE_CHECKING:
    from amltui.services.session import Session


def get(
    *names: str,
    output: Output = None,
    directory: Annotated[str | None, Parameter(name=("--directory", "-d"))] = None,
    layout: Literal["flat", "tree"] = "flat",
    force: bool = False,
    jobs: Jobs = JOBS,
    limit_rate: LimitRate = None,
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
        limit_rate: Bytes per second at most, each way: 500K, 2M or 1.5G, as curl has them.
        several: Several at once.
        common: Common options.
    """
    rate = rate_of(limit_rate)
    if several.one(names) and directory is None:

        async def work(session: Session) -> int:
            await save(session, common, await session.find(names[0]), output, force=force)
            return DONE

        return run(common, work, rate=rate)
    if output is not None and directory is not None:
        raise UsageError("-o and -d exclude each other", hint="Leave one out.")
    if output is not None and not expanded(output).is_dir():
        raise UsageError("-o takes one dataset", hint="Several go to a directory: -d DIRECTORY.")
    folder = expanded(directory or output or ".")
    check_jobs(jobs)

    async def all_of_them(session: Session) -> int:
        from amltui.cli.commands.bulk import get_several

        selected = await several.select(session, names)
        tree = layout == "tree"
        return await get_several(
            session, common, selected, folder, tree=tree, force=force, jobs=jobs
        )

    return run(common, all_of_them, jobs=jobs, rate=rate)


def put(
    *files: str,
    name: Annotated[str | None, Parameter(name=("--name", "-n"))] = None,
    type_: Type = None,
    description: Annotated[str, Parameter(name=("--description", "-d"))] = "",
    prefix: str = "",
    exists: Literal["error", "skip", "update"] = "error",
    jobs: Jobs = JOBS,
    limit_rate: LimitRate = None,
    listed: NamesInFile = LISTED,
    convert: bool = False,
    written: DialectOptions = WRITTEN,
    common: Common = COMMON,
) -> int:
    """Upload files as new datasets. A name that is taken is an error: see update and --exists.

    What was begun and cut before goes on where it stopped, if the file is still the same.

    Args:
        files: Files, or folders with all files in them but hidden ones, or - for standard input.
            Files of a folder are named by their paths below it.
        name: Of one file: what to call the dataset; else as the file. A folder with a name becomes
            one dataset, in workspaces that have such.
        type_: Their data type, for example GenericCSV; else by their extensions and first bytes.
        description: A description.
        prefix: What all their names begin with.
        exists: With a name that is taken: it is an error, the file is skipped, or the dataset is
            updated unless it is the same.
        jobs: How many at once, of several.
        limit_rate: Bytes per second at most, each way: 500K, 2M or 1.5G, as curl has them.
        listed: Several at once.
        convert: Send a delimited text as UTF-8 with commas, which every client reads.
        written: How the file is written, for --convert; else as its first rows show.
        common: Common options.
    """
    given = listed.words(files)
    rate = rate_of(limit_rate)
    if len(given) == 1 and exists == "error" and not expanded(given[0]).is_dir():
        called = prefix + (Path(given[0]).name if name is None else name)
        if given[0] == STDIN and name is None:
            raise UsageError("Standard input has no name", hint="Add --name NAME.")
        _put_one(given[0], called, type_, description, written, common, convert=convert, rate=rate)
        return DONE
    if name is not None and len(given) == 1 and exists == "error":
        if type_ is not None or convert or written.given:
            raise UsageError("A folder has no data type", hint="Leave it out.")
        dataset = _send_folder(common, expanded(given[0]), prefix + name, description, rate=rate)
        changed(common.out, dataset, _uploaded("Uploaded", dataset))
        return DONE
    alone = len(given) == 1 and not expanded(given[0]).is_dir()
    if name is not None and not alone:
        raise UsageError("--name is for one file", hint="Several are named by --prefix.")
    if not given:
        raise UsageError("A file is needed", hint="Or a folder, or --from-file FILE.")
    if alone and (given[0] == STDIN or convert or written.given):
        what = "Standard input" if given[0] == STDIN else "--convert"
        raise UsageError(f"{what} does not go with --exists", hint="amltui update replaces one.")
    if convert or written.given:
        raise UsageError("--convert is for one file", hint="Send the files one by one.")
    check_jobs(jobs)
    from amltui.cli.commands.bulk import named_files, put_several

    named = [
        (prefix + (called if name is None else name), path) for called, path in named_files(given)
    ]
    types = {path: data_type(type_, path) for _, path in named}

    async def work(session: Session) -> int:
        return await put_several(
            session,
            common,
            named,
            types,
            description,
            retype=type_ is not None,
            exists=exists,
            jobs=jobs,
        )

    return run(common, work, jobs=jobs, rate=rate)


def _put_one(
    file: str,
    called: str,
    type_: str | None,
    description: str,
    written: DialectOptions,
    common: Common,
    *,
    convert: bool,
    rate: float | None,
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
                try:
                    return await watched(await session.transfers(), common.out, sending)
                except Conflict as error:
                    await _say_if_same(session, called, sent, error)
                    raise

        dataset = run(common, work, rate=rate)
    changed(common.out, dataset, _uploaded("Uploaded", dataset))


async def _say_if_same(session: Session, name: str, path: Path, error: Conflict) -> None:
    """Say in `error` that the dataset that has the name holds the file's bytes, if it does.

    So it is where a command was killed after its upload had arrived, and is given again.
    """
    from amltui.services.hashes import is_content

    try:
        listed = await session.current_list()
        there = next((one for one in listed.datasets if one.name == name), None)
        same = there is not None and await is_content(session, path, there)
    except AmltuiError:
        return
    if same:
        error.hint = (
            "It holds exactly these bytes: the upload is done. With --exists skip that is no error."
        )


async def _note_alike(session: Session, out: Out, name: str) -> None:
    """Say that a dataset has a name that looks the same and is written otherwise."""
    from unicodedata import normalize

    # A list costs a request, which only letters that can be composed otherwise are worth.
    listed = await (session.cached_list() if name.isascii() else session.current_list())
    for other in [one.name for one in listed.datasets] if listed is not None else []:
        if other == name:
            continue
        if normalize("NFC", other) == normalize("NFC", name):
            out.note(
                f'There is a dataset "{visible(other)}" whose name looks the same; its letters are '
                "composed otherwise (NFC, NFD), so that this is another one."
            )
            return
        if other.casefold() == name.casefold():
            out.note(
                f'The last list has a dataset "{visible(other)}", whose name differs by capitals '
                "only: some disks keep one file of both."
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
    written: DialectOptions = WRITTEN,
    check: bool = False,
    fail_on: list[str] | None = None,
    rules: str | None = None,
    limit_rate: LimitRate = None,
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
        limit_rate: Bytes per second at most, each way: 500K, 2M or 1.5G, as curl has them.
        common: Common options.
    """
    limits = limits_in(fail_on)
    rate = rate_of(limit_rate)
    if expanded(file).is_dir():
        if type_ is not None or rename is not None:
            raise UsageError("A folder takes neither --type nor --rename", hint="Leave it out.")
        if convert or written.given:
            raise UsageError("--convert is for one file", hint="Send the files one by one.")
        if check or rules is not None or limits is not None:
            raise UsageError("A folder has no rows to check", hint="Check a file in it.")
        dataset = _send_folder(common, expanded(file), name, description, replacing=True, rate=rate)
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

        dataset = run(common, work, rate=rate)
    changed(common.out, dataset, _uploaded("Updated", dataset))


def _send_folder(
    common: Common,
    folder: Path,
    name: str,
    description: str | None,
    *,
    rate: float | None,
    replacing: bool = False,
) -> Dataset:
    """Upload a folder as one dataset called `name`, or as the next version of it."""

    async def work(session: Session) -> Dataset:
        from amltui.cli.progress import watched
        from amltui.services.folders import put_folder

        before = await session.find_to_change(name) if replacing else None
        called, about = name, description or ""
        if before is not None:
            called = before.name
            about = before.description if description is None else description
        sending = put_folder(
            session, folder, name=called, description=about, replaces=before, keep=True
        )
        with resumable(common.out):
            return await watched(await session.transfers(), common.out, sending)

    return run(common, work, rate=rate)


def _uploaded(done: str, dataset: Dataset) -> str:
    return f'{done} "{visible(dataset.name)}": {human_size(dataset.size)}, {dataset.data_type_id}.'
