"""The data type of what is uploaded, and what other clients would make of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from amltui.cli.dialect_options import DialectOptions
from amltui.cli.output import warn
from amltui.errors import UsageError
from amltui.text import visible

Type = Annotated[str | None, Parameter(name=("--type", "-t"))]


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


@contextmanager
def as_clients_read(
    path: Path, data_type_id: str, name: str, written: DialectOptions, *, convert: bool
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
    if dialect is None:
        if convert or written.given:
            raise UsageError(f'"{name}" looks {problem}, and is not converted')
        warn(
            f'"{name}" looks {problem}: other clients cannot read it as {fmt.data_type_id};'
            " --type Binary promises nothing."
        )
        yield path, data_type_id
        return
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
