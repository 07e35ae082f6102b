"""All rows of a dataset or of a file as a text table: what a comparison or a check asks."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from amltui.disk import disk_errors
from amltui.errors import (
    TOO_MUCH,
    AmltuiError,
    NotFound,
    UnsupportedDataType,
    UsageError,
)
from amltui.tables.file_rows import content_table, lens_of_file
from amltui.tables.scratch import Scratch
from amltui.text import human_size, visible

if TYPE_CHECKING:
    from amltui.formats.lens import Lens
    from amltui.models import Dataset
    from amltui.services.previews import Preview
    from amltui.services.session import Session
    from amltui.tables import Table


@asynccontextmanager
async def dataset_table(
    session: Session,
    dataset: Dataset,
    reading: Callable[[Lens], Lens] | None = None,
    *,
    sheet: str | None = None,
    fetch: bool = True,
    in_place: bool = False,
) -> AsyncIterator[Table]:
    """A table of all rows of a dataset, fetched and made now if need be.

    Args:
        session: whose dataset it is.
        dataset: it, or one version of it.
        reading: how its text is written, put into what its type and bytes say.
        sheet: which table of a workbook or a database, by its name. None: the first.
        in_place: see `whole_table`.
        fetch: whether it is fetched also when it is so large that a person is asked before.

    Raises:
        UnsupportedDataType: it has no rows.
        UsageError: it would have to be fetched, and is not to be.
        AmltuiError: what kept its bytes away.
    """
    preview = await session.previews.open(dataset, sheet=sheet)
    if reading is not None:
        lens = preview.lens
        preview.close()
        preview = await session.previews.open(dataset, reading(lens).dialect, sheet=sheet)
    try:
        if preview.waits and not fetch:
            missing = human_size((preview.size or 0) - preview.received)
            raise UsageError(
                f'{missing} of "{visible(dataset.name)}" are not here yet.',
                hint="Show it and fetch all of it first.",
            )
        yield await whole_table(preview, dataset, in_place=in_place)
    finally:
        preview.close()


async def needed_by(session: Session, dataset: Dataset, text: str) -> Dataset:
    """What an SQL statement needs of a dataset that is not here yet: of many files perhaps some.

    It is `dataset` itself where all of it is needed, or that is not known.

    Raises:
        AmltuiError: the workspace does not say it.
    """
    if session.cache.entry(session.key, dataset).whole:
        return dataset
    from amltui.tables.queries.files_asked import files_asked

    workspace = await session.connect()
    return await workspace.narrowed(dataset, partial(files_asked, text)) or dataset


async def whole_table(preview: Preview, dataset: Dataset, *, in_place: bool = False) -> Table:
    """The table of all rows of a preview.

    `in_place`: it is for questions about all rows, which a file may answer where it lies.

    Raises:
        UnsupportedDataType: the dataset has no rows.
        AmltuiError: what kept the rest of its bytes away.
    """
    if not preview.has_rows and not preview.note:
        raise UnsupportedDataType(
            dataset.data_type_id,
            hint="Only types with rows can be compared and asked for statistics and SQL.",
        )
    if in_place and (table := await preview.table_in_place()) is not None:
        return table
    async for _ in preview.build():
        pass
    if preview.table is None:
        raise AmltuiError(f'"{visible(dataset.name)}" gave no rows.')
    return preview.table


async def table_that_fits(
    preview: Preview, dataset: Dataset, *, in_place: bool = False
) -> tuple[Table, AmltuiError | None]:
    """As `whole_table`; else a table of the first rows, and why there is none of all.

    Raises:
        DiskFull: not even the first rows fit.
        AmltuiError: see `whole_table`.
    """
    try:
        return await whole_table(preview, dataset, in_place=in_place), None
    except TOO_MUCH as error:
        return await preview.part_table(), error


@asynccontextmanager
async def column_table(preview: Preview, index: int) -> AsyncIterator[Table]:
    """A table of one column of a Parquet file elsewhere, of which no other is fetched.

    Args:
        preview: of it; its `remote` is there.
        index: of the column.

    Raises:
        AmltuiError: what kept it away, or kept it from this disk.
    """
    assert preview.remote is not None
    with Scratch(Path(tempfile.gettempdir()), "amltui-column-") as scratch:
        path = scratch.path / "column.parquet"
        await preview.remote.column(index, path)
        table = await asyncio.to_thread(content_table, path, scratch.path)
        try:
            yield table
        finally:
            table.close()


@asynccontextmanager
async def tables_in(
    session: Session, text: str, dataset: Dataset
) -> AsyncIterator[dict[str, Table]]:
    """The tables of the datasets that an SQL statement names beside `data`, which is `dataset`.

    `"Iris"` is the dataset of that name, `"Iris@2"` a version of one, `"@2"` a version of
    `dataset`. What is no dataset's name is left out: the engine says so, and where.
    """
    from amltui.services.versions import find_version
    from amltui.tables.queries import tables_named

    async with AsyncExitStack() as stack:
        tables: dict[str, Table] = {}
        named = await asyncio.to_thread(tables_named, text)
        listed = (await session.cached_list() or await session.current_list()) if named else None
        for name in sorted(named):
            wanted = f"{dataset.name}{name}" if name.startswith("@") else name
            assert listed is not None
            try:
                found = await find_version(wanted, listed.datasets, session.connect)
            except (NotFound, UsageError):
                continue
            table = dataset_table(session, found, fetch=False, in_place=True)
            tables[name] = await stack.enter_async_context(table)
        yield tables


@contextmanager
def file_table(
    path: Path,
    reading: Callable[[Lens], Lens] | None = None,
    *,
    data_type_id: str | None = None,
    sheet: str | None = None,
) -> Iterator[Table]:
    """A table of all rows of a file of this disk, made in a temporary directory.

    `data_type_id`: what a workspace will say of it; None: what the file shows. `sheet`: which table
    of a workbook or a database; None: the first.

    Raises:
        NotFound: there is no such sheet.
        UnsupportedDataType: the file has no rows.
        Unreadable: its bytes are damaged, or not what they should be.
        LocalError: it cannot be read.
    """
    with disk_errors(path, "read"):
        lens = lens_of_file(path, data_type_id=data_type_id).of(sheet)
    if reading is not None:
        lens = reading(lens)
    with (
        Scratch(Path(tempfile.gettempdir()), "amltui-diff-") as scratch,
        content_table(path, scratch.path, lens) as table,
    ):
        yield table
