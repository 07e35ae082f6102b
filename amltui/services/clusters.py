"""Questions about a dataset that a cluster reads itself, instead of fetching it here."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING

from amltui.errors import NotFound, NotSupportedByServer, UnsupportedDataType, UsageError
from amltui.services.versions import find_version
from amltui.tables.queries import in_thread
from amltui.text import visible

if TYPE_CHECKING:
    from amltui.models import Dataset
    from amltui.services.previews import Preview
    from amltui.services.session import Session
    from amltui.tables.spark import Spark, SparkTable


@asynccontextmanager
async def connected(
    address: str, progress: Callable[[int, int], None] | None = None
) -> AsyncIterator[Spark]:
    """A session on a cluster.

    Args:
        address: as `config.cluster.engine_address` gives it.
        progress: see `tables.spark.Spark`.

    Raises:
        ConfigError: Spark's client is not installed.
        Unreachable: nothing answers there.
    """
    from amltui.tables.spark import Spark

    spark = Spark(address, progress=progress)
    await asyncio.to_thread(spark.__enter__)
    try:
        yield spark
    finally:
        await asyncio.to_thread(spark.__exit__, None, None, None)


async def cluster_table(
    session: Session, spark: Spark, dataset: Dataset, preview: Preview
) -> SparkTable:
    """A dataset as the cluster reads it.

    Args:
        session: whose dataset it is.
        spark: the cluster.
        dataset: it, or one version of it.
        preview: its first rows, which say how it is read and what Spark must read alike.

    Raises:
        NotSupportedByServer: the dataset lies where no cluster reaches.
        UnsupportedDataType: it has no rows, or Spark cannot read them as they are meant.
        Unreadable: Spark reads them otherwise.
        Unreachable: the cluster does not see them.
    """
    from amltui.tables.spark import open_table

    if not preview.has_rows or preview.note:
        raise UnsupportedDataType(dataset.data_type_id, hint="It has no rows.")
    addresses = await (await session.connect()).addresses(dataset)
    if not addresses:
        raise NotSupportedByServer(
            f'"{visible(dataset.name)}" lies where a cluster does not reach it',
            405,
            hint="Object stores and folders on a shared disk can be asked there.",
        )
    rows = preview.rows
    return await in_thread(
        open_table,
        spark,
        addresses,
        preview.lens,
        [column.name for column in rows.columns],
        encoding=getattr(rows, "encoding", "utf-8"),
        # Of several files Spark has an order of its own.
        first=rows if len(addresses) == 1 and not addresses[0].endswith("/") else None,
    )


@asynccontextmanager
async def cluster_tables_in(
    session: Session, spark: Spark, text: str, dataset: Dataset
) -> AsyncIterator[dict[str, SparkTable]]:
    """As `whole_tables.tables_in`, on a cluster."""
    from amltui.tables.queries import tables_named

    async with AsyncExitStack() as stack:
        tables: dict[str, SparkTable] = {}
        named = await asyncio.to_thread(tables_named, text)
        for name in sorted(named):
            wanted = f"{dataset.name}{name}" if name.startswith("@") else name
            listed = await session.cached_list() or await session.current_list()
            try:
                found = await find_version(wanted, listed.datasets, session.connect)
            except (NotFound, UsageError):
                continue  # a table that the cluster knows, or a mistake that it tells
            preview = await session.previews.open(found, brief=True)
            stack.callback(preview.close)
            tables[name] = await cluster_table(session, spark, found, preview)
        yield tables
