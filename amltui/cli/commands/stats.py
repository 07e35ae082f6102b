"""The command about the columns of datasets: stats."""

from __future__ import annotations

import dataclasses
import sys
from typing import TYPE_CHECKING, Any

from amltui.cli.dialect_options import WRITTEN, DialectOptions, Sheet, preview_of
from amltui.cli.engines import Engine, asked_table
from amltui.cli.exit_codes import DONE
from amltui.cli.options import COMMON, Common
from amltui.cli.output import Out
from amltui.cli.session import run
from amltui.cli.several_names import SEVERAL, Report, Several, work_on
from amltui.errors import NotFound, UsageError
from amltui.models import Dataset
from amltui.tables import RANGED
from amltui.text import near_names, visible

if TYPE_CHECKING:
    from amltui.services.previews import Preview
    from amltui.services.session import Session
    from amltui.tables import Rows, Table
    from amltui.tables.queries import Histogram, Statistics

_BAR = 30


def stats(
    *names: str,
    bins: int = 10,
    sheet: Sheet = None,
    written: DialectOptions = WRITTEN,
    engine: Engine = None,
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
        engine: A Spark cluster that answers, sc://host:port, or `configured`; else this machine.
        several: Several at once.
        common: Common options.
    """
    if not 1 <= bins <= 1000:
        raise UsageError(f"--bins {bins} is not 1 to 1000")
    pair = len(names) == 2 and several.one(names[:1])

    async def work(session: Session) -> int:
        if pair and await _stats_of_column(
            session, common.out, names[0], names[1], written, sheet=sheet, engine=engine, bins=bins
        ):
            return DONE
        if several.one(names):
            dataset = await session.find(names[0])
            await _stats_of_all(session, common.out, dataset, written, sheet=sheet, engine=engine)
            return DONE
        report = Report(common.out)
        printed = 0

        async def one(dataset: Dataset) -> None:
            await _stats_of_all(
                session,
                common.out,
                dataset,
                written,
                sheet=sheet,
                engine=engine,
                before=printed,
            )

        def done(_: Dataset, __: None) -> None:
            nonlocal printed
            printed += 1

        await work_on(await several.select(session, names), report, one, done)
        return report.code

    return run(common, work)


async def _stats_of_column(
    session: Session,
    out: Out,
    name: str,
    column: str,
    written: DialectOptions,
    *,
    sheet: str | None,
    engine: str | None,
    bins: int,
) -> bool:
    """Print the statistics of one column; False: the two words are two datasets."""
    from amltui.tables.queries import in_thread

    dataset = await session.find(name)
    preview = None
    if engine is None:
        preview = await preview_of(session, dataset, written, sheet=sheet, brief=True)
        if preview.remote is not None:
            try:
                return await _stats_by_ranges(session, out, preview, column, bins=bins)
            finally:
                preview.close()
    async with asked_table(
        session, out, dataset, written, sheet=sheet, engine=engine, preview=preview
    ) as asked:
        index = await _column_or_dataset(session, asked.table, column)
        if index is None:
            return False
        [found] = await in_thread(asked.engine.table_statistics, asked.table, [index])
        spread = await in_thread(asked.engine.histogram, asked.table, index, bins=bins)
        cut = sum(column == index for _, column in asked.table.cuts)
        _print_one(out, found, spread, cut=cut, first_rows=asked.first_rows)
        return True


async def _stats_by_ranges(
    session: Session, out: Out, preview: Preview, column: str, *, bins: int
) -> bool:
    """As `_stats_of_column`, of a Parquet file elsewhere, of which that column alone is fetched."""
    from amltui.services.whole_tables import column_table
    from amltui.tables.queries import histogram, in_thread, statistics

    index = await _column_or_dataset(session, preview.rows, column)
    if index is None:
        return False
    async with column_table(preview, index) as table:
        found = await in_thread(statistics, table, 0)
        _print_one(out, found, await in_thread(histogram, table, 0, bins=bins), cut=table.cut_count)
    out.note(preview.fetched)
    return True


async def _column_or_dataset(session: Session, rows: Rows, word: str) -> int | None:
    """The index of the column that a word names; None: it names another dataset.

    Raises:
        NotFound: neither.
    """
    try:
        return _column(rows, word)
    except NotFound:
        if any(one.name == word for one in (await session.current_list()).datasets):
            return None
        raise


async def _stats_of_all(
    session: Session,
    out: Out,
    dataset: Dataset,
    written: DialectOptions,
    *,
    sheet: str | None,
    engine: str | None,
    before: int | None = None,
) -> None:
    """Print statistics of all columns. `before`: of several datasets, how many were printed."""
    from amltui.tables.queries import in_thread

    async with asked_table(session, out, dataset, written, sheet=sheet, engine=engine) as asked:
        found = await in_thread(asked.engine.table_statistics, asked.table)
        _print_all(out, dataset, asked.table, found, before=before, first_rows=asked.first_rows)


def _print_all(
    out: Out,
    dataset: Dataset,
    table: Table,
    found: list[Statistics],
    *,
    before: int | None,
    first_rows: int | None,
) -> None:
    from amltui.cli.output import Col

    one_of_several = before is not None
    if out.json:
        document = {
            "dataset": dataset.name,
            "row_count": table.row_count,
            "malformed": table.malformed_count,
            "cut_cells": table.cut_count,
            "first_rows": first_rows,
            "columns": [dataclasses.asdict(one) for one in found],
        }
        if one_of_several:
            out.json_line({"name": dataset.name, **document})
        else:
            out.document(document)
        return
    if one_of_several and out.on_terminal:
        out.line(dataset.name)
    columns: tuple[Col, ...] = (
        Col("COLUMN"), Col("TYPE"), Col("MISSING", "count"), Col("EMPTY", "count"),
        Col("MISFITS", "count"), Col("DISTINCT", "count"), Col("MIN"), Col("MEDIAN"), Col("MAX"),
        Col("MEAN", "count"),
    )  # fmt: skip
    rows: list[tuple[Any, ...]] = [
        (one.name, one.type, one.missing, one.empty, one.misfits, _distinct(one), one.minimum,
         _quartiles(one)[1], one.maximum, _number(one.mean))
        for one in found
    ]  # fmt: skip
    if one_of_several and not out.on_terminal:  # each line says whose it is
        columns, rows = (Col("NAME"), *columns), [(dataset.name, *row) for row in rows]
    if not out.on_terminal and not before:
        sys.stdout.write("\t".join(col.title.lower() for col in columns) + "\n")
    out.table(columns, rows)
    out.note(f"{table.row_count:,} rows, {len(found)} columns.")


def _print_one(
    out: Out, found: Statistics, spread: Histogram, *, cut: int, first_rows: int | None = None
) -> None:
    if out.json:
        out.document(
            {
                **dataclasses.asdict(found),
                "histogram": [dataclasses.asdict(one) for one in spread.bins],
                "other": spread.other,
                "sampled": spread.sampled,
                "cut_cells": cut,
                "first_rows": first_rows,
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
        ("distinct", _distinct(found) + f", {found.differing}" * bool(found.differing), "text"),
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


def _column(table: Rows, wanted: str) -> int:
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
