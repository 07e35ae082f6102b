"""Columns that the names of folders say (`year=2024/`), as Spark finds them below an address.

Its texts are taken as they stand: what their types are says `tables.types`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pyarrow as pa
from pyspark.sql import functions as F  # noqa: N812 - as everybody calls it

from amltui.errors import Unreadable, UnsupportedDataType
from amltui.tables.inference import column_of_texts
from amltui.tables.rows import Column
from amltui.tables.spark.values import typed
from amltui.text import visible


def folder_columns(session: Any, addresses: Sequence[str], own: Sequence[str]) -> list[str]:
    """Names of such columns.

    Args:
        session: Spark's.
        addresses: of the files or their folder.
        own: names that columns of the files have on the cluster.

    Raises:
        UnsupportedDataType: Spark could not tell them from those of the files.
    """
    # As text nothing of the files is read, only the names of folders.
    found: list[str] = session.read.schema("amltui_text STRING").text(list(addresses)).columns[1:]
    taken = {one.lower() for one in own}
    for name in found:
        if name.lower() in taken:
            raise UnsupportedDataType(
                "a table in folders",
                hint=f"Spark does not tell a column {visible(name)} of the folders from its own.",
            )
    return found


def reader(session: Any, folders: Sequence[str]) -> Any:
    """What reads files also in folders that say nothing: else Spark leaves them out in silence."""
    return session.read.option("recursiveFileLookup", not folders)


def check_names(found: Sequence[str], names: Sequence[str]) -> int:
    """How many of the first columns here are those of folders.

    Raises:
        Unreadable: the cluster sees other folders.
    """
    shown = [name for name in found if name in names]
    if list(names[: len(found)]) == list(found):
        return len(found)
    if shown:
        raise Unreadable(
            f"Spark finds other columns in the names of folders: {', '.join(map(visible, found))}",
            hint="Ask this machine instead: leave the engine out.",
        )
    return 0


def quoted(name: str) -> Any:
    """A column by its name, whatever is in it."""
    return F.col("`" + name.replace("`", "``") + "`")


def typed_folders(frame: Any, names: Sequence[str]) -> list[tuple[Column, Any]]:
    """Columns of folders in a table whose other columns have types: each and its values."""
    made = []
    for name in names:
        texts = frame.select(quoted(name)).distinct().toArrow().column(0)
        column = column_of_texts(name, pa.chunked_array(texts.chunks, pa.string()).combine_chunks())
        made.append((column, typed(quoted(name), column)))
    return made
