"""What this disk alone can show of a content."""

from __future__ import annotations

import contextlib
import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

from amltui.cache import Entry, Source
from amltui.disk import refusal
from amltui.errors import AmltuiError, LocalError
from amltui.formats import Format
from amltui.formats.dialect import Dialect, dialect_text
from amltui.formats.lens import Lens
from amltui.services.previews.first import file_of, first_in, typed
from amltui.services.previews.handles import close
from amltui.services.previews.kept_index import saved_index
from amltui.services.previews.preview import SMALL
from amltui.tables import HEAD, HeaderGoesOn, Rows, Table, hex_rows, open_table
from amltui.tables.batched import batch_rows
from amltui.tables.file_rows import lens_of_file
from amltui.tables.indexed import IndexedRows
from amltui.tables.source import OpenFile

AT_ONCE: Final = 64 << 20
"""Bytes of a cached content up to which all of it is looked at before the first row is shown."""


def cached_lens(
    entry: Entry, source: Source, dialect: Dialect | None, sheet: str | None
) -> Lens | None:
    """How a content is read of which all is on this disk; None: not all is."""
    if not entry.whole:
        return None
    try:
        return lens_of_file(
            entry.raw,
            name=file_of(source),
            data_type_id=source.data_type_id,
            dialect=dialect,
            typed=typed(source),
        ).of(sheet)
    except OSError as error:
        raise refusal(error)(f"The content cannot be read: {error.strerror or error}") from error


def cached_rows(entry: Entry, lens: Lens) -> Rows | None:
    """What this disk alone can show: the table, rows by their index, or the first rows."""
    entry.touch()
    if not lens.has_rows:
        return hex_rows(entry.raw, note=lens.note) if entry.check() != "damaged" else None
    _remove_leftovers(entry)
    content = entry.unpacked if lens.packing else entry.raw
    table = _cached_table(entry, content, lens.fmt) if lens.sheet is None else None
    if table is not None and not (table.has_cuts and entry.check() == "damaged"):
        return table
    if table is not None:
        table.close()
    file = OpenFile.at(entry.raw)
    try:
        if not entry.head_is_good(file.read(0, HEAD)):
            return None
        small = os.fstat(file.descriptor).st_size <= AT_ONCE
        return (_whole_readable if small else _readable)(file, entry, lens)
    finally:
        file.close()


def _whole_readable(file: OpenFile, entry: Entry, lens: Lens) -> Rows | None:
    """As `_readable`, while all of the content is looked at; None: it is damaged."""
    with ThreadPoolExecutor(1) as beside:  # a hash does not need the interpreter
        state = beside.submit(entry.check)
        try:
            rows = _readable(file, entry, lens)
        except (AmltuiError, OSError):
            if state.result() == "damaged":
                return None
            raise
        if state.result() == "damaged":
            close(rows)
            return None
        return rows


def _readable(file: OpenFile, entry: Entry, lens: Lens) -> Rows:
    """Rows of a whole content by their index, or the first rows."""
    if lens.fmt.kind == "batches":
        return batch_rows(entry.raw, lens.fmt, lens.sheet)
    size, _ = file.stat()
    if not lens.packing and (rows := _indexed(file, entry, lens)) is not None:
        return rows
    if lens.packing:
        with contextlib.suppress(OSError):
            text = OpenFile.at(entry.unpacked)
            try:
                if (rows := _indexed(text, entry, lens)) is not None:
                    return rows
            finally:
                text.close()
    wanted = HEAD
    while True:
        with contextlib.suppress(HeaderGoesOn):
            return first_in(file.read(0, wanted), lens, whole=wanted >= size)
        wanted *= 4


def _indexed(file: OpenFile, entry: Entry, lens: Lens) -> Rows | None:
    """Rows by the index that an entry has; None: it has none, or needs none for so few."""
    index, identity = saved_index(entry, file, lens.fmt)
    if index is None or identity.size <= SMALL:
        return None
    return IndexedRows(OpenFile(os.dup(file.descriptor)), index, identity=identity)


def _cached_table(entry: Entry, content: Path, fmt: Format) -> Table | None:
    """The whole table, as far as can be told at once; one that is damaged is dropped.

    A small one is looked at wholly. Of a large one each batch is, when it is first read.
    """
    try:
        table = open_table(entry.table, content)
    except LocalError:
        shutil.rmtree(entry.table, ignore_errors=True)  # another version's, or damaged
        return None
    made_as = (table.state.data_type_id, table.state.dialect)
    if table.complete and table.state.typed:
        try:
            if made_as != (fmt.data_type_id, dialect_text(fmt)):
                raise LocalError("The table was read in another dialect.")
            if entry.raw.stat().st_size <= AT_ONCE:
                table.check()
        except (AmltuiError, OSError):
            shutil.rmtree(entry.table, ignore_errors=True)
        else:
            return table
    table.close()
    return None


def _remove_leftovers(entry: Entry) -> None:
    """Remove tables that a process which is gone did not finish."""
    for path in entry.directory.glob("*.*.*"):
        kind, pid, _ = path.name.split(".", 2)
        if kind not in {"table", "unpacked"}:
            continue
        try:
            os.kill(int(pid), 0)
        except ProcessLookupError:
            shutil.rmtree(path, ignore_errors=True)
            with contextlib.suppress(OSError):
                path.unlink(missing_ok=True)
        except (ValueError, OSError):
            continue
