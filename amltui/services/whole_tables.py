"""All rows of a dataset or of a file as a text table: what a comparison or a check asks."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from amltui.errors import AmltuiError, UnsupportedDataType
from amltui.tables.contents import content_table, lens_of_file
from amltui.tables.scratch import Scratch
from amltui.text import visible

if TYPE_CHECKING:
    from amltui.formats.lens import Lens
    from amltui.models import Dataset
    from amltui.services.previews import Preview
    from amltui.services.session import Session
    from amltui.tables import Table


@asynccontextmanager
async def dataset_table(
    session: Session, dataset: Dataset, reading: Callable[[Lens], Lens] | None = None
) -> AsyncIterator[Table]:
    """A table of all rows of a dataset, fetched and made now if need be.

    `reading`: how its text is written, put into what its type and bytes say.

    Raises:
        UnsupportedDataType: it has no rows.
        AmltuiError: what kept its bytes away.
    """
    preview = await session.preview(dataset)
    if reading is not None:
        lens = preview.lens
        preview.close()
        preview = await session.preview(dataset, reading(lens).dialect)
    try:
        yield await whole_table(preview, dataset)
    finally:
        preview.close()


async def whole_table(preview: Preview, dataset: Dataset) -> Table:
    """The table of all rows of a preview.

    Raises:
        UnsupportedDataType: the dataset has no rows.
        AmltuiError: what kept the rest of its bytes away.
    """
    if not preview.has_rows and not preview.note:
        raise UnsupportedDataType(
            dataset.data_type_id,
            hint="Only types with rows can be compared and asked for statistics and SQL.",
        )
    async for _ in preview.build():
        pass
    if preview.table is None:
        raise AmltuiError(f'"{visible(dataset.name)}" gave no rows.')
    return preview.table


@contextmanager
def file_table(
    path: Path,
    reading: Callable[[Lens], Lens] | None = None,
    *,
    data_type_id: str | None = None,
) -> Iterator[Table]:
    """A table of all rows of a file of this disk, made in a temporary directory.

    `data_type_id`: what a workspace will say of it; None: what the file shows.

    Raises:
        UnsupportedDataType: the file has no rows.
        Unreadable: its bytes are damaged, or not what they should be.
        LocalError, OSError: it cannot be read.
    """
    lens = lens_of_file(path, data_type_id=data_type_id)
    if reading is not None:
        lens = reading(lens)
    with (
        Scratch(Path(tempfile.gettempdir()), "amltui-diff-") as scratch,
        content_table(path, scratch.path, lens) as table,
    ):
        yield table
