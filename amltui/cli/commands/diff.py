"""`amltui diff`: how one dataset, version or file differs from another."""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from amltui.cli.dialect_options import WRITTEN, DialectOptions
from amltui.cli.exit_codes import DIFFERENT, DONE, FileNotThere
from amltui.cli.local_files import table_file
from amltui.cli.options import COMMON, Common
from amltui.cli.output import Out
from amltui.cli.session import run
from amltui.disk import expanded
from amltui.errors import UsageError
from amltui.services.comparing import shown, told
from amltui.text import visible

if TYPE_CHECKING:
    from amltui.services.places import Places
    from amltui.services.session import Session
    from amltui.tables import Table
    from amltui.tables.queries import Comparison, RowChange


def diff(
    first: str,
    second: str,
    /,
    *,
    key: Annotated[str | None, Parameter(name=("--key", "-k"))] = None,
    columns: str | None = None,
    limit: Annotated[int, Parameter(name=("--limit", "-n"))] = 20,
    output: Annotated[str | None, Parameter(name=("--output", "-o"))] = None,
    force: bool = False,
    sheet: Annotated[list[str] | None, Parameter(negative=())] = None,
    written: DialectOptions = WRITTEN,
    common: Common = COMMON,
) -> int:
    """Compare two datasets, versions or local files as tables. Exits 0 if equal, 1 if different.

    Cells are compared as the text that they are; the order of rows does not count. With --quiet
    only the exit code answers.

    Args:
        first: The older one: a local file, a dataset's name or id, PROFILE:NAME or an address. A
            file of that name is taken first.
        second: The newer one, likewise.
        key: Columns that tell rows apart, with commas between; else the first that are unique.
        columns: The only columns to compare, with commas between.
        limit: How many of the rows that differ to print.
        output: A file ending in .csv or .parquet for all rows that differ, old and new.
        force: Replace a file that is there.
        sheet: The sheet of Excel workbooks or the table of SQLite files; given twice, of the older
            and of the newer one ("" for one that has none).
        written: How both are written.
        common: Common options.
    """
    if limit < 0:
        raise UsageError(f"-n {limit} is no number of rows", hint="Give 0 or more.")
    sheets = [one or None for one in sheet or [""]]
    if len(sheets) > 2:
        raise UsageError("--sheet stands at most twice", hint="Once for each of the two.")
    target = None
    if output is not None:
        target = table_file(output, "A difference", force=force)
    by, only = _names(key), _names(columns)

    async def compared(session: Session | None) -> Comparison:
        from amltui.services.places import Places
        from amltui.tables.export import write_rows
        from amltui.tables.queries import compare, differing_rows, in_thread

        async with AsyncExitStack() as stack:
            places = await stack.enter_async_context(Places(common.place))
            left = await stack.enter_async_context(
                _table(session, places, first, written, sheets[0])
            )
            right = await stack.enter_async_context(
                _table(session, places, second, written, sheets[-1])
            )
            found = await in_thread(compare, left, right, key=by, columns=only, limit=limit)
            if target is not None:

                def write(names: Sequence[str], rows: Iterator[Sequence[str | None]]) -> None:
                    write_rows(target, names, rows)

                await in_thread(differing_rows, left, right, write, key=by, columns=only)
            return found

    if not any(map(_is_dataset, (first, second))):
        import asyncio

        found = asyncio.run(compared(None))
    else:
        found = run(common, compared)
    _say_file(common.out, first, second)
    if common.json:
        common.out.document(_document(found))
    elif not common.quiet:
        _print(common.out, found)
    return DONE if found.equal else DIFFERENT


def _say_file(out: Out, *words: str) -> None:
    """Say which of both is a file, where the other is a dataset: they may have the same name."""
    if sum(map(_is_file, words)) == 1 and sum(map(_is_dataset, words)) == 1:
        out.note(f"{visible(next(filter(_is_file, words)))} is a file of this disk.")


def _names(text: str | None) -> list[str] | None:
    if text is None:
        return None
    import csv

    # As a line of CSV, so that a name with a comma in it can be quoted.
    return [name.strip() for name in next(csv.reader([text], skipinitialspace=True), [])]


def _is_file(word: str) -> bool:
    return word.startswith(("/", "./", "../", "~")) or Path(word).is_file()


def _is_dataset(word: str) -> bool:
    """Whether a word names a dataset of the workspace in force."""
    from amltui.services.places import is_elsewhere

    return not _is_file(word) and not is_elsewhere(word)


@asynccontextmanager
async def _table(
    session: Session | None, places: Places, word: str, written: DialectOptions, sheet: str | None
) -> AsyncIterator[Table]:
    """All rows of a dataset or of a local file."""
    from amltui.services.places import dataset_at, is_elsewhere
    from amltui.services.whole_tables import dataset_table, file_table

    if _is_file(word):
        with file_table(_local(word), written.through, sheet=sheet) as table:
            yield table
        return
    if is_elsewhere(word):
        session, dataset = await dataset_at(places, word)
    else:
        assert session is not None, "a dataset needs a session"
        dataset = await session.find(word)
    reading = written.through if written.given else None
    async with dataset_table(session, dataset, reading, sheet=sheet) as table:
        yield table


def _local(word: str) -> Path:
    path = expanded(word)
    if not path.exists():
        raise FileNotThere(f"There is no file {visible(str(path))}")
    return path


def _print(out: Out, found: Comparison) -> None:
    for line in told(found):
        out.line(line)
    for change in found.changes:
        out.line(_row(change))
    if found.partial:
        total = found.added + found.removed + found.changed
        out.line(f"… the first {len(found.changes):,} of {total:,} rows that differ")


def _row(change: RowChange) -> str:
    key = ", ".join("(missing)" if cell is None else visible(cell) for cell in change.key)
    if change.status != "changed":
        return f"{'+' if change.status == 'added' else '-'} {key}"
    cells = "; ".join(
        f"{visible(cell.column)}: {shown(cell.old)} → {shown(cell.new)}" for cell in change.cells
    )
    return f"~ {key}: {cells}"


def _document(found: Comparison) -> dict[str, Any]:
    return {
        "equal": found.equal,
        "left_rows": found.left_rows,
        "right_rows": found.right_rows,
        "columns": [
            {
                "status": pair.status,
                "left": pair.left,
                "right": pair.right,
                "left_type": pair.left_type,
                "right_type": pair.right_type,
            }
            for pair in found.columns
        ],
        "key": list(found.key),
        "key_found": found.key_found,
        "added": found.added,
        "removed": found.removed,
        "changed": found.changed,
        "cut": found.cut,
        "changes": [dataclasses.asdict(one) for one in found.changes],
        "partial": found.partial,
        "drift": [dataclasses.asdict(one) for one in found.drift],
    }
