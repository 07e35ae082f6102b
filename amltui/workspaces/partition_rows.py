"""What the names of folders say, as columns of texts that lie in them."""

from __future__ import annotations

import codecs
import csv
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from amltui.formats.lens import look
from amltui.formats.registry import JSON_LINES, format_of
from amltui.formats.row_columns import DelimitedChange, RowColumns, fields_before, members_before
from amltui.formats.row_fields import unique_names
from amltui.workspaces.partitions import Partitions


@dataclass(frozen=True, slots=True)
class TextColumns:
    """Columns before those of each text."""

    header: bytes
    """What comes before the first line; empty where that names no columns."""
    files: tuple[RowColumns, ...]
    renamed: tuple[str, ...] = ()
    """What columns of the texts are called that have the name of one of these."""


def text_columns(
    found: Partitions,
    names: Sequence[str],
    heads: Sequence[bytes],
    *,
    data_type_id: str,
    typed: bool,
) -> TextColumns | None:
    """What is put before the rows of texts; None: they are not written so that this can be done.

    Args:
        found: what the folders say.
        names: of the files.
        heads: the first bytes of each.
        data_type_id: of all of them.
        typed: whether a person said that.
    """
    lens = look(heads[0], names[0], data_type_id, whole=False, typed=typed)
    rows = list(zip(*found.values, strict=True))
    if lens.fmt == JSON_LINES and not lens.packing:
        return _members(found, names, heads)
    dialect = lens.dialect
    if (
        dialect is None
        or lens.packing
        or lens.offer is not None
        or dialect.quote not in {"", '"'}
        or (dialect.escape or dialect.comment or dialect.skip or dialect.encoding)
        or (dialect.header and dialect.header_rows > 1)
        or dialect.header != format_of(data_type_id).header
        or any(b"\0" in head for head in heads)
    ):
        return None
    prefixes = [fields_before(row, dialect) for row in rows]
    header = fields_before(found.names, dialect) if dialect.header else b""
    made = [one for one in prefixes if one is not None]
    if header is None or made != prefixes or not _encoded_alike([header, *made], heads):
        return None
    first = heads[0].partition(b"\n")[0] if dialect.header else b""
    change = DelimitedChange(names[0], made[0], dialect)
    seen = (
        header + first + b"\n" * dialect.header + change.feed(heads[0][len(first) :].lstrip(b"\n"))
    )
    again = look(seen, names[0], data_type_id, whole=False, typed=typed).dialect
    if again is None or (again.delimiter, again.header) != (dialect.delimiter, dialect.header):
        return None  # it would be taken for something else
    renamed: list[str] = []
    if dialect.header:
        own = next(csv.reader([first.decode("utf-8", "replace")], delimiter=dialect.delimiter), [])
        own = [one.strip() if dialect.skip_space else one for one in own]
        unique = unique_names([*found.names, *own])[len(found.names) :]
        renamed = [new for old, new in zip(own, unique, strict=True) if old in found.names]
    files = (RowColumns(name, one, dialect) for name, one in zip(names, made, strict=True))
    return TextColumns(header, tuple(files), tuple(renamed))


def _encoded_alike(written: Sequence[bytes], heads: Sequence[bytes]) -> bool:
    """Whether texts that are not ASCII would stand in others that are UTF-8."""
    if all(one.isascii() for one in written):
        return True
    for head in heads:
        try:
            codecs.getincrementaldecoder("utf-8")().decode(head)  # its last character may be cut
        except UnicodeDecodeError:
            return False
    return True


def _members(found: Partitions, names: Sequence[str], heads: Sequence[bytes]) -> TextColumns:
    import pyarrow as pa

    columns: list[Sequence[str | int | None]] = []
    for texts, typed in zip(found.values, found.typed(), strict=True):
        numbers = typed.to_pylist() if pa.types.is_integer(typed.type) else texts
        # A text that a number would not show as it stands stays one.
        same = all(text == str(one) for text, one in zip(texts, numbers, strict=True) if text)
        columns.append(numbers if same else texts)
    own: dict[str, None] = {}
    for head in heads:
        try:
            own |= dict.fromkeys(msgspec.json.decode(head.partition(b"\n")[0], type=dict))
        except (msgspec.MsgspecError, UnicodeDecodeError):
            continue
    others = unique_names([*found.names, *found.names])[len(found.names) :]
    renamed = tuple(zip(found.names, others, strict=True))
    files = (
        RowColumns(name, members_before(found.names, row), None, renamed)
        for name, row in zip(names, zip(*columns, strict=True), strict=True)
    )
    said = tuple(new for old, new in renamed if old in own)
    return TextColumns(b"", tuple(files), said)
