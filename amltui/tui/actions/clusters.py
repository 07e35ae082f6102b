"""Questions about a large content that a cluster answers, so that none of it is fetched."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from amltui.text import human_size, visible
from amltui.tui.actions.query_stack import Query, QueryStack, Result, in_one_line

if TYPE_CHECKING:
    from amltui.models import Dataset
    from amltui.services.previews import Preview
    from amltui.services.session import Session
    from amltui.tables import Table
    from amltui.tables.queries import Answer, Histogram, Statistics, View
    from amltui.tables.spark import Spark, SparkTable
    from amltui.tui.actions.host import PreviewHost

T = TypeVar("T")


class ClusterQueries:
    """What a cluster is asked about the rows as they are."""

    def __init__(
        self, host: PreviewHost, stack: QueryStack, current: Callable[[], Preview | None]
    ) -> None:
        """Ask nothing yet.

        Args:
            host: the screen.
            stack: what was asked so far; gets the results.
            current: what the dataset's rows are read by.
        """
        self._host = host
        self._stack = stack
        self._current = current

    async def offered(self) -> str | None:
        """The address of the cluster to ask; None: this machine is asked.

        A cluster is offered where one is configured, the content is very large, and this machine
        has yet to make columns of it.
        """
        preview, dataset = self._current(), self._host.preview_dataset
        if preview is None or dataset is None or self._stack.results:
            return None
        if preview.table is not None and preview.table.complete:
            return None
        session = await self._host.session()
        found = await asyncio.to_thread(_configured, session, preview.size or 0)
        if found is None:
            return None
        here = "fetch it first" if preview.waits else "read all of it first"
        question = (
            f"{visible(dataset.name)} is {human_size(preview.size)}: this machine has to {here}. "
            f"The cluster at {visible(found)} can read it where it lies."
        )
        from amltui.tui.dialogs.prompts import Confirm

        dialog = Confirm("Ask the cluster?", question, yes="ask the cluster", no="ask this machine")
        return found if await self._host.ask(dialog) is True else None

    async def sql(self, cluster: str, text: str, dataset: Dataset) -> None:
        """Put the result of a statement on the stack."""
        from amltui.services.clusters import cluster_tables_in
        from amltui.tables import spark
        from amltui.tables.queries import in_thread

        count = 0

        async def question(cluster_session: Spark, table: SparkTable) -> Answer:
            nonlocal count
            count = table.row_count
            session = await self._host.session()
            async with cluster_tables_in(session, cluster_session, text, dataset) as others:
                return await in_thread(spark.sql, table, text, others=others)

        async def run(_rows: Table | View | None) -> Answer:
            return await self._ask(cluster, question)

        answer = await run(None)
        query = Query("sql", f"SQL by the cluster {in_one_line(text)}", run, text=text)
        self._stack.push(Result(query, answer, (None, count)))

    async def profile(self, cluster: str, column: int) -> tuple[Statistics, Histogram]:
        """A column in numbers, and how its values are spread."""
        return await self._ask(cluster, partial(_profile, column))

    async def _ask(self, cluster: str, question: Callable[[Spark, SparkTable], Awaitable[T]]) -> T:
        """Ask, and say how far it is; leaving the question stops the cluster's work, too."""
        from amltui.services.clusters import cluster_table, connected

        preview, dataset = self._current(), self._host.preview_dataset
        assert preview is not None  # `offered` has seen it
        assert dataset is not None
        loop = asyncio.get_running_loop()

        def progress(done: int, of: int) -> None:
            loop.call_soon_threadsafe(self._stack.tell, f"cluster {done:,}/{of:,} tasks")

        with self._stack.working("asking the cluster"):
            session = await self._host.session()
            async with connected(cluster, progress) as spark:
                return await question(spark, await cluster_table(session, spark, dataset, preview))


async def _profile(column: int, _spark: Spark, table: SparkTable) -> tuple[Statistics, Histogram]:
    from amltui.tables import spark
    from amltui.tables.queries import in_thread

    [found] = await in_thread(spark.table_statistics, table, [column])
    return found, await in_thread(spark.histogram, table, column, bins=16)


def _configured(session: Session, size: int) -> str | None:
    from amltui.config.cluster import configured_engine, engine_above, engine_address

    if size <= engine_above():
        return None
    connection = session.connection
    found = configured_engine(connection.profile if connection else None)
    return None if found is None else engine_address(found[0], source=found[1])
