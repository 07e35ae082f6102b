"""The option --engine: who answers a question about rows, this machine or a cluster."""

# No postponed annotations here: see `options`.

import shutil
import sys
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Final

from cyclopts import Parameter

from amltui.cli.dialect_options import DialectOptions, preview_of, table_that_fits, warn_malformed
from amltui.cli.output import Out
from amltui.errors import AmltuiError, ConfigError
from amltui.text import human_size, visible

if TYPE_CHECKING:
    from amltui.models import Dataset
    from amltui.services.previews import Preview
    from amltui.services.session import Session
    from amltui.tables.spark import Spark

Engine = Annotated[str | None, Parameter(name="--engine")]
CONFIGURED: Final = "configured"
"""The word for the cluster that the settings name."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A dataset's table, and who answers questions about it."""

    session: "Session"
    dataset: "Dataset"
    table: Any
    """A `tables.Table`, or a `tables.spark.SparkTable`."""
    engine: Any
    """`tables.queries` or `tables.spark`: the same questions by the same names."""
    spark: "Spark | None" = None
    problem: AmltuiError | None = None
    """Why the table has only the first rows, where it has."""

    @property
    def first_rows(self) -> int | None:
        """How many first rows are asked; None: all."""
        return None if self.problem is None else self.table.row_count

    def tables_in(self, text: str) -> AbstractAsyncContextManager[dict[str, Any]]:
        """The tables of the other datasets that an SQL statement names."""
        if self.spark is not None:
            from amltui.services.clusters import cluster_tables_in

            return cluster_tables_in(self.session, self.spark, text, self.dataset)
        from amltui.services.whole_tables import tables_in

        return tables_in(self.session, text, self.dataset)


@asynccontextmanager
async def asked_table(
    session: "Session",
    out: Out,
    dataset: "Dataset",
    written: DialectOptions,
    *,
    sheet: str | None,
    engine: str | None,
    question: str | None = None,
    preview: "Preview | None" = None,
) -> AsyncIterator[Asked]:
    """All rows of a dataset, on this machine or as a cluster reads them; malformed ones are told.

    Of what has no room here the first rows are given, and what keeps the others away is raised
    at the end.

    `question`: the one statement that is asked; what it cannot need is not fetched. `preview`: of
    the dataset, where one is open; it is closed. None: one is opened.

    Raises:
        ConfigError: the engine is none, or there is none in the settings.
        AmltuiError: see `whole_tables.whole_table` and `clusters.cluster_table`.
    """
    if engine is None:
        from amltui.tables import queries

        if question is not None:
            from amltui.services.whole_tables import needed_by

            needed = await needed_by(session, dataset, question)
            if needed is not dataset:
                out.note(needed.note)
            dataset = needed
        _offer(session, out, dataset)
        if preview is None:
            preview = await preview_of(session, dataset, written, sheet=sheet)
        try:
            table, problem = await table_that_fits(preview, dataset)
            yield Asked(session, dataset, table, queries, problem=problem)
            if problem is not None:
                raise problem
        finally:
            preview.close()
        return
    from amltui.config.cluster import engine_address
    from amltui.services.clusters import cluster_table, connected
    from amltui.tables import spark

    text, source = _chosen(session, engine)
    address = engine_address(text, source=source)
    preview = await preview_of(session, dataset, written, sheet=sheet, brief=True)
    progress = _Tasks(out)
    try:
        async with connected(address, progress.show) as cluster:
            found = await cluster_table(session, cluster, dataset, preview)
            if found.malformed_count:
                warn_malformed(dataset, found.malformed_count)
            yield Asked(session, dataset, found, spark, cluster)
    finally:
        progress.clear()
        preview.close()


def _chosen(session: "Session", engine: str) -> tuple[str, str]:
    """The address and who says so."""
    if engine != CONFIGURED:
        return engine, "--engine"
    from amltui.config.cluster import configured_engine

    connection = session.connection
    found = configured_engine(connection.profile if connection else None)
    if found is None:
        raise ConfigError(
            "No engine is configured",
            hint='Write engine = "sc://host:port" into config.toml, or give --engine the address.',
        )
    return found


def _offer(session: "Session", out: Out, dataset: "Dataset") -> None:
    """Say of what is very large who else could answer; it is asked of this machine all the same."""
    from amltui.config.cluster import configured_engine, engine_above

    if (dataset.size or 0) <= engine_above():
        return
    connection = session.connection
    found = configured_engine(connection.profile if connection else None)
    size = f'"{visible(dataset.name)}" is {human_size(dataset.size)}'
    if found is not None:
        out.note(f"{size}: --engine {CONFIGURED} asks {visible(found[0])}.")
    else:
        out.note(f"{size}: a Spark cluster could be asked, see amltui help engines.")


class _Tasks:
    """A line that says how many tasks of the cluster are done, on a terminal."""

    def __init__(self, out: Out) -> None:
        self._live = sys.stderr.isatty() and not out.quiet
        self._drawn = False

    def show(self, done: int, of: int) -> None:
        """Say it."""
        if self._live:
            line = f"Spark: {done:,} of {of:,} tasks"[: shutil.get_terminal_size().columns - 1]
            sys.stderr.write(f"\r\x1b[2K{line}")
            sys.stderr.flush()
            self._drawn = True

    def clear(self) -> None:
        """Take the line away."""
        if self._drawn:
            sys.stderr.write("\r\x1b[2K")
            sys.stderr.flush()
            self._drawn = False
