"""JSON Lines as a cluster reads them: each value the text that stands in the file."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from pyspark.sql import functions as F  # noqa: N812 - as everybody calls it

from amltui.errors import UnsupportedDataType
from amltui.formats.lens import Lens
from amltui.formats.registry import JSON_LINES
from amltui.formats.row_fields import unique_names
from amltui.tables.spark.partition_columns import check_names, folder_columns, quoted, reader
from amltui.text import visible

_UNREAD: Final = "\ufdd0unread"
"""What the column of lines that are no objects is called: like no key."""
_BLANKS: Final = r'("[^"\\]*+(?:\\.[^"\\]*+)*+")|\s++'
"""Texts, which stay, or blanks."""


def json_lines(
    session: Any, addresses: Sequence[str], lens: Lens, names: Sequence[str], bad: str
) -> tuple[Any, list[str], int]:
    """The rows as columns of text and `bad`, the names of all, and how many are those of folders.

    One pass over the content finds keys that come after the first rows: they are columns, too,
    behind those that were there first.

    Args:
        session: Spark's.
        addresses: of the files or their folder.
        lens: how they are read.
        names: of the columns, as far as the first rows have them.
        bad: what the column is called that is not null in lines that are no objects.

    Raises:
        UnsupportedDataType: Spark cannot tell keys apart.
    """
    if lens.packing and any(not one.lower().endswith((".gz", ".bz2", ".zst")) for one in addresses):
        raise UnsupportedDataType(JSON_LINES.data_type_id, hint="Spark does not unpack this text.")
    folders = folder_columns(session, addresses, ())
    read = reader(session, folders).options(
        primitivesAsString=True, columnNameOfCorruptRecord=_UNREAD, mode="PERMISSIVE"
    )
    kinds = dict(read.json(list(addresses)).dtypes)
    found = [name for name in kinds if name != _UNREAD]
    keys = [name for name in found if name not in folders]
    told = {name.lower() for name in [*keys, *folders]}
    if len(told) < len(keys) + len(folders) or "" in told:
        raise UnsupportedDataType(
            JSON_LINES.data_type_id,
            hint="Spark does not tell keys apart that are empty or differ by capitals alone.",
        )
    count = check_names(folders, names)
    own = [name for name in names[count:] if name in keys]
    own += [name for name in keys if name not in own]
    if lacking := [name for name in names[count:] if name not in keys]:
        raise UnsupportedDataType(
            JSON_LINES.data_type_id,
            hint=f"Spark does not find the key {visible(lacking[0])}.",
        )
    fields = ", ".join(f"`{name.replace('`', '``')}` STRING" for name in [*own, _UNREAD])
    frame = read.schema(fields).json(list(addresses))
    columns = [*folders[:count], *own]
    chosen = [
        _compact(quoted(name), kinds[name]).alias(f"c{index}") for index, name in enumerate(columns)
    ]
    return frame.select(*chosen, quoted(_UNREAD).alias(bad)), list(unique_names(columns)), count


def _compact(text: Any, kind: str) -> Any:
    """Objects and arrays without the blanks between what is in them, as they are shown here."""
    nested = kind.startswith(("struct", "array"))
    return F.regexp_replace(text, _BLANKS, "$1") if nested else text
