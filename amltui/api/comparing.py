"""`amltui.diff`: how one dataset, version, file or address differs from another."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from amltui.api.loop import LOOP
from amltui.api.sync import Dataset
from amltui.disk import expanded
from amltui.errors import LocalError
from amltui.text import visible

if TYPE_CHECKING:
    from amltui.tables import Table
    from amltui.tables.queries import Comparison


def diff(
    old: Dataset | str | os.PathLike[str],
    new: Dataset | str | os.PathLike[str],
    *,
    key: Sequence[str] | None = None,
    columns: Sequence[str] | None = None,
    limit: int = 1_000,
    output: str | os.PathLike[str] | None = None,
) -> Comparison:
    r"""Compare two tables as `amltui diff` does: columns, rows by a key, cells, and drift.

    Cells are compared as the text that they are, and the order of rows does not count. Neither has
    to fit into memory.

    >>> ws = Workspace()
    >>> found = diff(ws.datasets["Iris"], ws.datasets["Iris"])
    >>> found.equal, found.right_rows
    (True, 150)

    Args:
        old: a dataset or one of its versions, a path, or what `amltui open` takes: an address.
        new: likewise.
        key: columns that tell rows apart; None: the first that are unique in both, if there are.
        columns: the only columns to compare; None: all.
        limit: rows that differ to give in `changes`; all are counted.
        output: a file ending in .csv or .parquet for all rows that differ, old and new.

    Raises:
        QueryError: a column is not there, or the key is not unique.
        UnsupportedDatasetTypeError: one of the two has no rows.
        LocalError: a file cannot be read or written.
        AmltuiError: a dataset cannot be read.
    """
    from amltui.tables.queries import compare, differing_rows

    with _table(old) as left, _table(new) as right:
        found = compare(left, right, key=key, columns=columns, limit=limit)
        if output is not None:
            target = expanded(output)
            if target.suffix.lower() not in {".csv", ".parquet"}:
                raise LocalError(f"{visible(str(target))} does not end in .csv or .parquet")

            def write(names: Sequence[str], rows: Iterator[Sequence[str | None]]) -> None:
                from amltui.tables.export import write_rows

                write_rows(target, names, rows)

            differing_rows(left, right, write, key=key, columns=columns)
        return found


@contextmanager
def _table(side: Dataset | str | os.PathLike[str]) -> Iterator[Table]:
    from amltui.services.whole_tables import file_table
    from amltui.tables.file_rows import content_table, lens_of_file
    from amltui.tables.scratch import Scratch

    if not isinstance(side, Dataset) and (isinstance(side, os.PathLike) or "://" not in side):
        path = expanded(side)
        if not path.is_file():
            raise LocalError(f"There is no file {visible(str(path))}")
        with file_table(path) as table:
            yield table
        return
    with Scratch(Path(tempfile.gettempdir()), "amltui-diff-") as scratch:
        path = scratch.path / "content"
        if isinstance(side, Dataset):
            name, data_type_id = _copy(side, path)
        else:
            with LOOP.use():
                name, data_type_id = LOOP.call(_fetch, side, path)
        lens = lens_of_file(path, name=name, data_type_id=data_type_id)
        with content_table(path, scratch.path / "table", lens) as table:
            yield table


def _copy(dataset: Dataset, path: Path) -> tuple[str, str]:
    from amltui.cache.entries import source_name

    source = dataset._source()  # noqa: SLF001 - whose rows these are is its own business
    with dataset.open() as reader, path.open("wb") as file:
        shutil.copyfileobj(reader, file, 1 << 20)
    return source_name(source), source.data_type_id


async def _fetch(address: str, path: Path) -> tuple[str, str]:
    """Save what lies at an address; its name and type."""
    from amltui.services.places import Places, dataset_at

    async with Places(None) as places:
        session, dataset = await dataset_at(places, address)
        await session.download(dataset, path)
        return dataset.name, dataset.data_type_id
