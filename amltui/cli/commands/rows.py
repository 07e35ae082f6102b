"""Commands about the rows of a dataset: head, sql."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import aclosing, contextmanager
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

from cyclopts import Parameter

from amltui.cli.dialect_options import (
    WRITTEN,
    DialectOptions,
    Sheet,
    preview_of,
    say_reading,
    warn_malformed,
)
from amltui.cli.engines import Engine, asked_table
from amltui.cli.local_files import table_file
from amltui.cli.options import COMMON, Common
from amltui.cli.output import Out, warn
from amltui.cli.row_output import Format, chosen_format, print_rows
from amltui.cli.session import run
from amltui.disk import appearing
from amltui.errors import QueryError, Unreadable, UsageError
from amltui.tables.lines import cells, write_csv
from amltui.tables.rows import PlacedRows
from amltui.text import human_size, visible

if TYPE_CHECKING:
    from amltui.models import Dataset
    from amltui.services.previews import Preview
    from amltui.services.session import Session
    from amltui.tables import Rows, Table
    from amltui.tables.queries import Answer

RowFormat = Annotated[Format | None, Parameter(name=("--format", "-f"))]

_ANSWERS: Final = (".csv", ".parquet", ".xlsx")
"""How files end that an answer of SQL can be written to."""
_ON_TERMINAL = 1_000
"""Rows of an SQL answer that a terminal gets; elsewhere all are printed."""


def head(
    name: str,
    /,
    *,
    rows: Annotated[int, Parameter(name=("--rows", "-n"))] = 20,
    offset: int = 0,
    tail: Annotated[bool, Parameter(negative=())] = False,
    format_: RowFormat = None,
    sheet: Sheet = None,
    remember: bool = False,
    written: DialectOptions = WRITTEN,
    common: Common = COMMON,
) -> None:
    """Print the first rows of a dataset, or some others. Only as much is fetched as they need.

    Of a large dataset elsewhere the number of a row further on is what its first rows let expect,
    and a note says so.

    Args:
        name: The dataset's name or id.
        rows: How many.
        offset: Rows to leave out before them.
        tail: Print the last rows.
        format_: table, tsv, csv (exact cells) or json; else table on a terminal and tsv elsewhere.
        sheet: The sheet of an Excel workbook or the table of an SQLite file; else the first.
        remember: Read it so from now on, on this machine; with nothing said about how it is
            written, read it as its type says again.
        written: How the text is written.
        common: Common options.
    """
    if rows < 1:
        raise UsageError(f"-n {rows} is no number of rows", hint="Give 1 or more.")
    if offset < 0 or (offset and tail):
        raise UsageError("--offset takes 0 or more, and not together with --tail")
    fmt = chosen_format(common.out, format_)

    async def work(session: Session) -> None:
        dataset = await session.find(name)
        if remember:
            _forget(session, dataset, written, sheet)
        preview = await _preview_to_print(
            session, dataset, written, sheet=sheet, first=not offset and not tail
        )
        try:
            if remember:
                _remember(session, dataset, written, preview)
            if offset or tail:
                window = await preview.window_of(None if tail else offset, rows)
                await session.check_linked(dataset)
                _print_window(common.out, preview, window, fmt)
                _say_fetched(common.out, preview)
                return
            await _wait_for(preview, rows)
            await session.check_linked(dataset)
            shown = min(rows, preview.rows.row_count)
            complete = preview.rows.complete and shown == preview.rows.row_count
            if preview.note:
                warn(f'"{visible(dataset.name)}": {preview.note}.')
            say_reading(common.out, dataset, preview.lens)
            bad = _malformed_among(preview.rows, shown)
            if bad:
                warn_malformed(dataset, bad)
            print_rows(common.out, preview.rows, shown, fmt, complete=complete, malformed=bad)
            _say_fetched(common.out, preview)
            if preview.problem is not None and shown < rows:
                raise preview.problem
        finally:
            preview.close()

    run(common, work)


def _forget(session: Session, dataset: Dataset, written: DialectOptions, sheet: str | None) -> None:
    """Forget what is remembered of a dataset and not said now."""
    if not written.given:
        session.previews.remember(dataset, None)
    if sheet is None:
        session.previews.remember_sheet(dataset, None)


def _remember(
    session: Session, dataset: Dataset, written: DialectOptions, preview: Preview
) -> None:
    if written.given:
        session.previews.remember(dataset, preview.lens.dialect)
    if preview.lens.sheet is not None:
        session.previews.remember_sheet(dataset, preview.lens.sheet)


def sql(
    name: str,
    query: str,
    /,
    *,
    format_: RowFormat = None,
    sheet: Sheet = None,
    output: Annotated[str | None, Parameter(name=("--output", "-o"))] = None,
    force: bool = False,
    engine: Engine = None,
    written: DialectOptions = WRITTEN,
    common: Common = COMMON,
) -> None:
    """Ask a dataset a question in SQL; its rows are the table `data`. Nothing can be changed.

    Other datasets and versions are tables by their names, in double quotes: from data join "Iris@2"
    i using (id). "@2" is a version of the same dataset.

    Args:
        name: The dataset's name or id.
        query: One SELECT, or - for standard input.
        format_: table, tsv, csv (exact cells) or json; else table on a terminal and tsv elsewhere.
        sheet: The sheet of an Excel workbook or the table of an SQLite file; else the first.
        output: A file ending in .csv, .parquet or .xlsx (Excel) for the answer.
        force: Replace a file that is there.
        engine: A Spark cluster that answers, sc://host:port, or `configured`; else this machine.
        written: How the text is written.
        common: Common options.
    """
    fmt = chosen_format(common.out, format_)
    target = None
    if output is not None:
        target = table_file(output, "An answer", force=force, endings=_ANSWERS)
    text = sys.stdin.read() if query == "-" else query

    async def work(session: Session) -> None:
        from amltui.tables.queries import in_thread

        dataset = await session.find(name)
        async with asked_table(
            session, common.out, dataset, written, sheet=sheet, engine=engine, question=text
        ) as asked:
            if target is not None and asked.problem is not None:
                raise asked.problem  # nothing in a file could say that it is a part
            table = asked.table
            limit = _ON_TERMINAL if target is None and fmt == "table" else 1 << 40
            with _pointing_at(text):
                async with asked.tables_in(text) as others:
                    found = await in_thread(
                        asked.engine.sql, table, text, others=others, limit=limit
                    )
            with found as answer:
                _say_names(common.out, table, answer)
                if target is not None:
                    _save_answer(common.out, answer, target)
                    return
                complete = not answer.partial
                renamed = [
                    {"column": table.columns[index].name, "name": name}
                    for index, name in answer.renamed
                ]
                print_rows(
                    common.out,
                    answer,
                    answer.row_count,
                    fmt,
                    complete=complete,
                    renamed=renamed,
                    first_rows=asked.first_rows,
                    cut_cells=table.cut_count,
                )
                if answer.partial:
                    common.out.note(f"These are the first {limit} rows; -o FILE gets all of them.")

    run(common, work)


def _say_names(out: Out, table: Table, answer: Answer) -> None:
    if answer.renamed:
        names = ", ".join(
            f'column {index + 1} "{visible(table.columns[index].name)}" is "{visible(name)}"'
            for index, name in answer.renamed
        )
        out.note(f"SQL does not tell capitals from small letters: here {names}.")


@contextmanager
def _pointing_at(text: str) -> Iterator[None]:
    """Show the line and the place of a mistake below what is wrong with it."""
    try:
        yield
    except QueryError as error:
        if error.position is None or not 0 <= error.position <= len(text):
            raise
        start = text.rfind("\n", 0, error.position) + 1
        line = visible(text[start:].partition("\n")[0])
        column = len(visible(text[start : error.position]))
        said, hint = str(error), error.hint
        if "Table with name" in said:  # the engine's own guesses are its own tables
            said = said.partition("\n")[0]
            hint = 'The rows are the table data; another dataset is named in double quotes: "Iris".'
        raise QueryError(
            f"{said}\n  {line}\n  {' ' * column}^", position=error.position, hint=hint
        ) from None


def _print_window(out: Out, preview: Preview, window: tuple[Rows, range], fmt: Format) -> None:
    """Print rows of any place, and say where their numbers are only expected."""
    rows, found = window
    if preview.note:
        warn(f"{preview.note}.")
    placed = rows if isinstance(rows, PlacedRows) else None
    near = placed is not None and any(map(placed.state, found))
    print_rows(
        out,
        rows,
        found.stop,
        fmt,
        complete=False,
        start=found.start,
        offset=found.start,
        estimated=near,
    )
    if near and placed is not None:
        doubt = (
            " They may be cut in the wrong place." if any(map(placed.is_doubtful, found)) else ""
        )
        out.note(
            f"Rows near {found.start + 1:,} of about {rows.row_count:,}; "
            f"{human_size(preview.received)} of {human_size(preview.size)} fetched.{doubt}"
        )


def _say_fetched(out: Out, preview: Preview) -> None:
    if preview.fetched:
        out.note(preview.fetched)


async def _preview_to_print(
    session: Session, dataset: Dataset, written: DialectOptions, *, sheet: str | None, first: bool
) -> Preview:
    """A preview of which no more is fetched than is printed; `first`: that is the first rows."""
    preview = await preview_of(session, dataset, written, sheet=sheet, brief=True)
    if first or preview.remote is not None:
        return preview
    # Exact numbers of rows further on take all that is before them.
    preview.close()
    return await preview_of(session, dataset, written, sheet=sheet)


async def _wait_for(preview: Preview, count: int) -> None:
    """Let rows come until `count` are there, or all."""
    if preview.whole_rows < count:
        await preview.fetch_all()
    async with aclosing(preview.changes()) as changes:
        while preview.whole_rows < count and not preview.rows.complete:
            if await anext(changes, "over") == "over":
                break
    if preview.problem is not None and preview.whole_rows < count:
        if not isinstance(preview.problem, Unreadable) or not preview.rows.row_count:
            raise preview.problem
        warn("These are the rows before what is damaged.")


def _malformed_among(rows: Rows, shown: int) -> int:
    """How many of the first `shown` rows are malformed."""
    from amltui.tables import Table
    from amltui.tables.indexed import IndexedRows
    from amltui.tables.memory import MemoryRows

    if isinstance(rows, IndexedRows):
        rows.look_at(shown)
        return sum(row < shown for row in rows.malformed)
    if isinstance(rows, Table):
        found = rows.malformed
        numbers = (found.table_row(index) for index in range(found.row_count))
        return sum(1 for _ in takewhile(lambda row: row < shown, numbers))
    if isinstance(rows, MemoryRows):
        return sum(bad.row < shown for bad in rows.malformed)
    return 0


def _save_answer(out: Out, answer: Table, target: Path) -> None:
    from amltui.tables.export import write_parquet
    from amltui.tables.workbook import check_workbook, write_workbook

    ending = target.suffix.lower()
    if ending == ".xlsx":
        check_workbook(answer.row_count, len(answer.columns))
    with appearing(target) as path:
        if ending == ".parquet":
            write_parquet(answer, path)
        elif ending == ".xlsx":
            write_workbook(path, answer.columns, cells(answer, answer.row_count))
        else:
            with path.open("w", encoding="utf-8", newline="") as file:
                names = [column.name for column in answer.columns]
                write_csv(file, names, cells(answer, answer.row_count))
    out.note(f"Wrote {answer.row_count:,} rows.")
    if out.json:
        out.document({"path": target, "row_count": answer.row_count})
    else:
        out.line(str(target))
