"""Saving a content as a file, or sending it to standard output."""

from __future__ import annotations

import asyncio
import os
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from amltui.cli.exit_codes import FileNotThere
from amltui.cli.local_files import STDIN
from amltui.cli.options import Common
from amltui.cli.output import Out
from amltui.disk import expanded
from amltui.errors import AmltuiError, DiskFull, UsageError
from amltui.formats import file_name, format_of
from amltui.models import Dataset, OutputPort
from amltui.text import human_size, visible

if TYPE_CHECKING:
    from amltui.services.session import Session
    from amltui.transfers import Transfer

Output = Annotated[str | None, Parameter(name=("--output", "-o"))]


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


async def copy_cached(
    session: Session, source: Dataset | OutputPort, target: Path, *, force: bool
) -> tuple[int | None, str]:
    """Without the network: what is whole on this disk; its size, and how it was checked."""
    from amltui.services.content_bytes import copy

    content, checked = await session.cached_content(source)
    await copy(content, target, overwrite=force)
    return source.size if isinstance(source, Dataset) else None, checked


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
        if not final(error) and not isinstance(error, DiskFull):  # its room was given back
            out.note(f"What was done is kept: {again} goes on from here.")
        raise


def _target(output: str | None, filename: str) -> Path:
    target = expanded(output) if output else Path()
    if target.is_dir():
        target /= filename
    elif output and output.endswith(os.sep):
        raise FileNotThere(
            f"There is no directory {visible(output)}", hint="Make it first, or name a file."
        )
    if not target.parent.is_dir():
        raise FileNotThere(
            f"There is no directory {visible(str(target.parent))}",
            hint="Make it first; -d DIRECTORY makes it.",
        )
    return target


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
