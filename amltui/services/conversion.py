"""A delimited text of any dialect as one that every client reads: UTF-8, commas, points."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from amltui.config import paths
from amltui.disk import refusal
from amltui.formats import Format, format_of
from amltui.formats.detection import offer
from amltui.formats.dialect import Dialect, with_dialect
from amltui.formats.encoding import WINDOW, decide, sniff
from amltui.formats.recognition import recognise
from amltui.models import DataTypeIds
from amltui.services.previews.first import first_in
from amltui.tables.beginning import HEAD, HeaderGoesOn
from amltui.tables.file_rows import lens_of_file
from amltui.tables.rows import Rows
from amltui.text import reason_of
from amltui.transfers.spool import spool


def seen(path: Path, fmt: Format) -> tuple[Dialect | None, str]:
    """What a file is written in, and in words what its type does not say of it; "" for nothing.

    No dialect: it is no text; the words name what it is.

    Raises:
        LocalError: it cannot be read.
    """
    try:
        with path.open("rb") as file:
            head = file.read(WINDOW)
            whole = not file.read(1)
    except OSError as error:
        raise refusal(error)(f"Cannot read {path.name}: {reason_of(error)}") from error
    binary = recognise(head)
    if binary is not None:
        return None, f"like {binary}"
    own = Dialect.of(fmt)
    found = offer(head, fmt, whole=whole)
    words = [found.looks(own)] if found is not None else []
    encoding, _ = sniff(head)
    if encoding == "utf-8" and not head.isascii():
        encoding = decide(head if whole else head[: head.rfind(b"\n") + 1] or head)
    if encoding != "utf-8":
        words.append(f"in {encoding}")
    return found or own, ", ".join(words)


@dataclass(frozen=True, slots=True)
class Look:
    """How a file would be read as a dataset of some type."""

    problem: str
    """What the type does not say of how it is written, in words; "" for nothing."""
    dialect: Dialect | None
    """What it is written in. None: it is no delimited text, and is not converted."""
    rows: Rows | None
    """The first of them, by the type alone or as they will be once converted. None: none."""


def look_at(path: Path, data_type_id: str, *, convert: bool = False) -> Look:
    """Look at a file before it is sent.

    Args:
        path: the file.
        data_type_id: what it is to be.
        convert: whether it is going to be converted.

    Raises:
        LocalError: it cannot be read.
        Unreadable: its bytes are not what the type says.
    """
    fmt = format_of(data_type_id)
    dialect, problem = seen(path, fmt) if fmt.kind == "delimited" else (None, "")
    try:
        lens = lens_of_file(path, data_type_id=data_type_id, typed=True)
        if lens.packing or lens.fmt.kind != "delimited":
            dialect, problem = None, ""
        elif convert and dialect is not None:
            lens = lens.written(dialect)
        with path.open("rb") as file:
            head = file.read(HEAD)
            whole = not file.read(1)
    except OSError as error:
        raise refusal(error)(f"Cannot read {path.name}: {reason_of(error)}") from error
    rows = None
    if lens.has_rows and lens.fmt.kind != "batches":
        with suppress(HeaderGoesOn):
            rows = first_in(head, lens, whole=whole)
    return Look(problem, dialect, rows)


@contextmanager
def converted(path: Path, fmt: Format, dialect: Dialect) -> Iterator[tuple[Path, str]]:
    """A copy of a file in UTF-8 with commas, and its data type id.

    It is there until the block ends, and after it while an unfinished upload needs it.

    Raises:
        Unreadable: the bytes are those of a binary format.
        LocalError: the file cannot be read or the copy not be written.
    """
    data_type_id = DataTypeIds.GenericCSV if dialect.header else DataTypeIds.GenericCSVNoHeader
    with spool(paths.cache_dir() / "transfers", suffix=".csv") as (copy, target):
        try:
            _write(path, with_dialect(fmt, dialect), copy)
            copy.flush()
        except OSError as error:
            raise refusal(error)(f"Cannot convert {path.name}: {reason_of(error)}") from error
        yield target, data_type_id


def _write(path: Path, fmt: Format, target: IO[bytes]) -> None:
    from amltui.formats.reader import RowReader
    from amltui.tables.source import FileStream

    with FileStream(path) as stream:
        reader = RowReader(stream, fmt)
        reader.read_header()
        if fmt.header:
            line = io.StringIO()
            csv.writer(line, lineterminator="\n").writerow(reader.columns)
            target.write(line.getvalue().encode())
        for _, parsed in reader.parsed():
            _write_rows(parsed.batch, target)


def _write_rows(batch: Any, target: IO[bytes]) -> None:
    """Write rows with quotes around all fields where any field needs them, else without."""
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.csv as pacsv

    # Other clients drop the blanks at a field's start.
    plain = not any(pc.any(pc.starts_with(column, " ")).as_py() for column in batch.columns)
    made = io.BytesIO()
    try:
        style = "none" if plain else "needed"
        pacsv.write_csv(batch, made, pacsv.WriteOptions(include_header=False, quoting_style=style))
    except pa.ArrowInvalid:
        made = io.BytesIO()
        quoted = pacsv.WriteOptions(include_header=False, quoting_style="needed")
        pacsv.write_csv(batch, made, quoted)
    target.write(made.getbuffer())
