"""Values that the names of folders say: `year=2024/month=1/part-0.parquet`.

As Hive writes them, and Spark, DuckDB and pyarrow read them: %-escapes are undone, and
`__HIVE_DEFAULT_PARTITION__` is a missing value.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import unquote

from amltui.errors import NotSupportedByServer
from amltui.text import visible

MISSING: Final = "__HIVE_DEFAULT_PARTITION__"


@dataclass(frozen=True, slots=True)
class Partitions:
    """What the folders of files say, from the outermost in."""

    names: tuple[str, ...]
    values: tuple[tuple[str | None, ...], ...]
    """Of each column the texts, one for each file. None: missing."""

    def typed(self) -> list[Any]:
        """Each column as an Arrow array of the type that its texts are by `tables.types`.

        One that has a text of no type, or numbers of more than 64 bits, is text.
        """
        import pyarrow as pa

        from amltui.tables.inference import column_of_texts
        from amltui.tables.types import typed

        arrays = [pa.array(texts, pa.string()) for texts in self.values]
        return [typed(one, column_of_texts("", one)) for one in arrays]


def partitions_of(paths: Sequence[str]) -> Partitions | None:
    """What the folders of files say; None: nothing.

    Args:
        paths: of the files, below the folder that they are together.

    Raises:
        NotSupportedByServer: they do not all say the same.
    """
    found = [_said(path) for path in paths]
    keys = [tuple(key for key, _ in one) for one in found]
    for path, names in zip(paths, keys, strict=True):
        if names != keys[0] or len(set(names)) < len(names):
            raise NotSupportedByServer(
                "The folders of the files do not all have the same keys in the same order: "
                f"{visible(paths[0])} and {visible(path)}",
                405,
                hint="Name a folder below it, or one of the files.",
            )
    if not keys or not keys[0]:
        return None
    columns = zip(*found, strict=True)
    return Partitions(keys[0], tuple(tuple(value for _, value in column) for column in columns))


def _said(path: str) -> list[tuple[str, str | None]]:
    """Keys and values of a file's folders."""
    pairs = [part.partition("=") for part in path.split("/")[:-1]]
    return [
        (_plain(key), None if value == MISSING else _plain(value))
        for key, equals, value in pairs
        if key and equals
    ]


def _plain(text: str) -> str:
    try:
        return unquote(text, errors="strict")
    except UnicodeDecodeError:
        return text
