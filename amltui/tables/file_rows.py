"""The rows of a file whatever it is: what a comparison or the library makes of one."""

from __future__ import annotations

from pathlib import Path

from amltui.errors import UnsupportedDataType
from amltui.formats.blocks import ROW_KEPT
from amltui.formats.dialect import Dialect
from amltui.formats.guess import guess_data_type
from amltui.formats.lens import Lens, look_further
from amltui.formats.recognition import mismatch
from amltui.tables.source import FileStream, OpenFile
from amltui.tables.table import Table, open_table
from amltui.tables.unpacking import UnpackingStream
from amltui.tables.writing import THREADS, ingest
from amltui.text import visible

_PIECE = 1 << 20


def lens_of_file(
    path: Path,
    *,
    name: str | None = None,
    data_type_id: str | None = None,
    dialect: Dialect | None = None,
    typed: bool = False,
) -> Lens:
    """How a file is read.

    Args:
        path: the file.
        name: what it is called, where it is a copy.
        data_type_id: what a workspace says of it. None: what the file shows.
        dialect: see `formats.lens.look`.
        typed: likewise.

    Raises:
        OSError: it cannot be read.
    """
    file = OpenFile.at(path)
    try:
        given = data_type_id or guess_data_type(path)
        return look_further(
            lambda size: file.read(0, size),
            name or path.name,
            given,
            dialect=dialect,
            typed=typed,
        )
    finally:
        file.close()


def content_table(
    path: Path,
    scratch: Path,
    lens: Lens | None = None,
    *,
    threads: int = THREADS,
    kept: int = ROW_KEPT,
) -> Table:
    """A table of all rows of a file, made in the directory `scratch`; close it when done.

    `kept`: see `ingest`.

    Raises:
        UnsupportedDataType: the file has no rows.
        Unreadable: its bytes are damaged, or not what it says.
        LocalError: it cannot be read.
    """
    lens = lens_of_file(path) if lens is None else lens
    if not lens.has_rows:
        raise (
            mismatch(f"{visible(path.name)}: {lens.note}")
            if lens.note
            else UnsupportedDataType(
                lens.fmt.data_type_id, hint=f"{visible(path.name)} has no rows to be read."
            )
        )
    text = path
    if lens.packing:
        scratch.mkdir(exist_ok=True)
        text = scratch / "unpacked"
        _unpack(path, lens, text)
    ingest(text, lens.fmt, scratch / "table", sheet=lens.sheet, threads=threads, kept=kept)
    return open_table(scratch / "table", text)


def _unpack(path: Path, lens: Lens, target: Path) -> None:
    with FileStream(path) as stream:
        file = OpenFile.made(target)
        try:
            text = UnpackingStream(stream, lens.packing, file)
            while text.read(_PIECE):
                pass
            text.check()
        finally:
            file.close()
