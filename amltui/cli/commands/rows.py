"""Commands about the rows of a dataset: head, stats, sql."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Iterator
from contextlib import aclosing, contextmanager
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from amltui.cli.exit_codes import DONE
from amltui.cli.files import table_file
from amltui.cli.options import COMMON, Common
from amltui.cli.output import Out, warn
from amltui.cli.reading import WRITTEN, Written, preview_of, say_reading
from amltui.cli.rows import Format, chosen_format, print_rows
from amltui.cli.session import run
from amltui.cli.several import SEVERAL, Report, Several, work_on
from amltui.disk import appearing
from amltui.errors import (
    NotFound,
    QueryError,
    Unreadable,
    UsageError,
)
from amltui.models import Dataset
from amltui.tables import RANGED
from amltui.tables.lines import cells, write_csv
from amltui.tables.rows import PlacedRows
from amltui.text import human_size, near_names, visible

if TYPE_CHECKING:
    from amltui.services.previews import Preview
    from amltui.services.session import Session
    from amltui.tables import Rows, Table
    from amltui.tables.queries import Answer, Histogram, Statistics

Sheet = Annotated[str | None, Parameter(name="--sheet")]
RowFormat = Annotated[Format | None, Parameter(name=("--format", "-f"))]

_BAR = 30
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
    written: Written = WRITTEN,
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
        if remember and not written.given:
            session.remember_dialect(dataset, None)
        preview = await preview_of(session, dataset, written, sheet=sheet)
        try:
            if remember and written.given:
                session.remember_dialect(dataset, preview.lens.dialect)
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
                _warn_malformed(dataset, bad)
            print_rows(common.out, preview.rows, shown, fmt, complete=complete, malformed=bad)
            _say_fetched(common.out, preview)
            if preview.problem is not None and shown < rows:
                raise preview.problem
        finally:
            preview.close()

    run(common, work)


def stats(
    *names: str,
    bins: int = 10,
    sheet: Sheet = None,
    written: Written = WRITTEN,
    several: Several = SEVERAL,
    common: Common = COMMON,
) -> int:
    """Print statistics of a dataset's columns, or of one with a histogram: stats NAME [COLUMN].

    Of two words the second is a column, by its name or its number (from 1), where the dataset has
    such a one, and else another dataset.

    Args:
        names: A dataset's name or id and a column; or several names, or quoted patterns.
        bins: Parts of the histogram.
        sheet: The sheet of an Excel workbook or the table of an SQLite file; else the first.
        written: How the text is written.
        several: Several at once.
        common: Common options.
    """
    if not 1 <= bins <= 1000:
        raise UsageError(f"--bins {bins} is not 1 to 1000")
    pair = len(names) == 2 and several.one(names[:1])

    async def work(session: Session) -> int:
        if pair and await _stats_of_column(
            session, common.out, names[0], names[1], written, sheet=sheet, bins=bins
        ):
            return DONE
        if several.one(names):
            dataset = await session.find(names[0])
            await _stats_of_all(session, common.out, dataset, written, sheet=sheet)
            return DONE
        report = Report(common.out)

        async def one(dataset: Dataset) -> None:
            await _stats_of_all(
                session, common.out, dataset, written, sheet=sheet, one_of_several=True
            )

        def done(_: Dataset, __: None) -> None:
            pass

        await work_on(await several.select(session, names), report, one, done)
        return report.code

    return run(common, work)


async def _stats_of_column(
    session: Session,
    out: Out,
    name: str,
    column: str,
    written: Written,
    *,
    sheet: str | None,
    bins: int,
) -> bool:
    """Print the statistics of one column; False: the two words are two datasets."""
    from amltui.tables.queries import histogram, in_thread, statistics

    dataset = await session.find(name)
    preview = await preview_of(session, dataset, written, sheet=sheet)
    try:
        table = await _whole_table(preview, dataset)
        try:
            index = _column(table, column)
        except NotFound:
            if any(one.name == column for one in (await session.current_list()).datasets):
                return False
            raise
        found = await in_thread(statistics, table, index)
        _print_one(out, found, await in_thread(histogram, table, index, bins=bins))
        return True
    finally:
        preview.close()


async def _stats_of_all(
    session: Session,
    out: Out,
    dataset: Dataset,
    written: Written,
    *,
    sheet: str | None,
    one_of_several: bool = False,
) -> None:
    from amltui.tables.queries import in_thread, table_statistics

    preview = await preview_of(session, dataset, written, sheet=sheet)
    try:
        table = await _whole_table(preview, dataset)
        found = await in_thread(table_statistics, table)
        _print_all(out, dataset, table, found, one_of_several=one_of_several)
    finally:
        preview.close()


def sql(
    name: str,
    query: str,
    /,
    *,
    format_: RowFormat = None,
    sheet: Sheet = None,
    output: Annotated[str | None, Parameter(name=("--output", "-o"))] = None,
    force: bool = False,
    written: Written = WRITTEN,
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
        output: A file ending in .csv or .parquet for the answer.
        force: Replace a file that is there.
        written: How the text is written.
        common: Common options.
    """
    fmt = chosen_format(common.out, format_)
    target = table_file(output, "An answer", force=force) if output is not None else None
    text = sys.stdin.read() if query == "-" else query

    async def work(session: Session) -> None:
        from amltui.services.whole_tables import tables_in
        from amltui.tables.queries import in_thread
        from amltui.tables.queries import sql as ask

        dataset = await session.find(name)
        preview = await preview_of(session, dataset, written, sheet=sheet)
        try:
            table = await _whole_table(preview, dataset)
            limit = _ON_TERMINAL if target is None and fmt == "table" else 1 << 40
            with _pointing_at(text):
                async with tables_in(session, text, dataset) as others:
                    found = await in_thread(ask, table, text, others=others, limit=limit)
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
                    common.out, answer, answer.row_count, fmt, complete=complete, renamed=renamed
                )
                if answer.partial:
                    common.out.note(f"These are the first {limit} rows; -o FILE gets all of them.")
        finally:
            preview.close()

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
        raise QueryError(
            f"{error}\n  {line}\n  {' ' * column}^", position=error.position, hint=error.hint
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


async def _whole_table(preview: Preview, dataset: Dataset) -> Table:
    """See `services.whole_tables`; malformed rows are told."""
    from amltui.services.whole_tables import whole_table

    table = await whole_table(preview, dataset)
    if table.malformed_count:
        _warn_malformed(dataset, table.malformed_count)
    return table


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


def _warn_malformed(dataset: Dataset, count: int) -> None:
    warn(
        f'{count} rows of "{visible(dataset.name)}" do not have the number of cells that the '
        "others have; the terminal program shows them."
    )


def _column(table: Table, wanted: str) -> int:
    names = [column.name for column in table.columns]
    if wanted in names:
        if names.count(wanted) > 1:
            places = ", ".join(str(i) for i, name in enumerate(names, 1) if name == wanted)
            raise UsageError(
                f'{names.count(wanted)} columns are named "{visible(wanted)}"',
                hint=f"Give one by its number: {places}.",
            )
        return names.index(wanted)
    if wanted.isdecimal() and 1 <= int(wanted) <= len(names):
        return int(wanted) - 1
    near = near_names(wanted, names)
    raise NotFound(
        f'No column is named "{visible(wanted)}"',
        404,
        hint=f"Did you mean {near}?" if near else f"Columns are named or 1 to {len(names)}.",
    )


def _print_all(
    out: Out,
    dataset: Dataset,
    table: Table,
    found: list[Statistics],
    *,
    one_of_several: bool,
) -> None:
    from amltui.cli.output import Col

    if out.json:
        document = {
            "dataset": dataset.name,
            "row_count": table.row_count,
            "malformed": table.malformed_count,
            "columns": [dataclasses.asdict(one) for one in found],
        }
        if one_of_several:
            out.json_line({"name": dataset.name, **document})
        else:
            out.document(document)
        return
    if one_of_several and out.on_terminal:
        out.line(dataset.name)
    columns = (
        Col("COLUMN"), Col("TYPE"), Col("MISSING", "count"), Col("EMPTY", "count"),
        Col("MISFITS", "count"), Col("DISTINCT", "count"), Col("MIN"), Col("MEDIAN"), Col("MAX"),
        Col("MEAN", "count"),
    )  # fmt: skip
    rows = [
        (one.name, one.type, one.missing, one.empty, one.misfits, _distinct(one), one.minimum,
         _quartiles(one)[1], one.maximum, _number(one.mean))
        for one in found
    ]  # fmt: skip
    if one_of_several and not out.on_terminal:  # each line says whose it is
        out.table((Col("NAME"), *columns), [(dataset.name, *row) for row in rows])
    else:
        out.table(columns, rows)
    out.note(f"{table.row_count:,} rows, {len(found)} columns.")


def _print_one(out: Out, found: Statistics, spread: Histogram) -> None:
    if out.json:
        out.document(
            {
                **dataclasses.asdict(found),
                "histogram": [dataclasses.asdict(one) for one in spread.bins],
                "other": spread.other,
                "sampled": spread.sampled,
            }
        )
        return
    quartiles = _quartiles(found)
    fields: tuple[tuple[str, Any, Any], ...] = (
        ("column", found.name, "text"),
        ("type", found.type + f" ({found.notation})" * bool(found.notation), "text"),
        ("rows", found.rows, "count"),
        ("missing", _missing(found), "text"),
        ("empty", found.empty, "count"),
        ("misfits", found.misfits, "count"),
        ("distinct", _distinct(found) + ", nearly all" * found.nearly_all_differ, "text"),
        ("min", found.minimum, "text"),
        ("quartile 1", quartiles[0], "text"),
        ("median", quartiles[1], "text"),
        ("quartile 3", quartiles[2], "text"),
        ("max", found.maximum, "text"),
        ("mean", _number(found.mean), "text"),
        ("std", _number(found.std), "text"),
        ("shortest", found.shortest, "count"),
        ("longest", found.longest, "count"),
    )
    out.fields(fields)
    out.line()
    ranged = spread.type in RANGED
    labels = [
        visible(f"{one.low} to {one.high}" if ranged else one.low)[:30] for one in spread.bins
    ]
    most = max((one.count for one in spread.bins), default=0)
    width = max(map(len, labels), default=0)
    for label, one in zip(labels, spread.bins, strict=True):
        bar = "█" * round(one.count * _BAR / most) if most else ""
        out.line(f"{label:>{width}}  {bar:<{_BAR}}  {one.count}")
    if spread.other:
        out.line(f"{'(others)':>{width}}  {'':<{_BAR}}  {spread.other}")
    if spread.sampled is not None:
        out.note(f"The values are the most common of {spread.sampled:,} rows taken at random.")


def _distinct(found: Statistics) -> str:
    return str(found.distinct) if found.distinct_exact else f"~{found.distinct}"


def _missing(found: Statistics) -> str:
    spelled = ", ".join(visible(text) for text in found.spellings if text)
    return f"{found.missing} (some as {spelled})" if spelled else str(found.missing)


def _quartiles(found: Statistics) -> tuple[str | None, ...]:
    """The quartiles, with `~` before estimates."""
    mark = "" if found.quartiles_exact else "~"
    return tuple(mark + text for text in found.quartiles or ()) or (None, None, None)


def _number(value: float | None) -> str | None:
    return None if value is None else f"{value:.6g}"


def _save_answer(out: Out, answer: Table, target: Path) -> None:
    from amltui.tables.export import write_parquet

    with appearing(target) as path:
        if target.suffix.lower() == ".parquet":
            write_parquet(answer, path)
        else:
            with path.open("w", encoding="utf-8", newline="") as file:
                names = [column.name for column in answer.columns]
                write_csv(file, names, cells(answer, answer.row_count))
    out.note(f"Wrote {answer.row_count:,} rows.")
    if out.json:
        out.document({"path": target, "row_count": answer.row_count})
    else:
        out.line(str(target))
