"""What codecs take and give: blocks of whole rows, and record batches of text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol, runtime_checkable

from amltui.formats.malformed import TEXT_KEPT, Malformed
from amltui.formats.scan import Positions, Scan

__all__ = [
    "BATCH_ROWS",
    "CELLS",
    "FIELD_KEPT",
    "MOST_COLUMNS",
    "TEXT_KEPT",
    "Block",
    "Codec",
    "Cut",
    "Malformed",
    "Oversized",
    "Parsed",
    "Surveyed",
    "rows_of_batch",
]

FIELD_KEPT: Final = 64 * 1024
"""Bytes kept of a field in a row too large for a block; `Cut` says where the rest is."""
ROW_KEPT: Final = 32 * 1024 * 1024
"""Bytes of such a row that a table for questions has: up to there its fields are whole."""
MOST_COLUMNS: Final = 20_000
"""A first row of more fields is not taken for a table of so many columns."""
CELLS: Final = 4_000_000
"""Cells of a block at most, but for a single row: a sparse or short row may have thousands of cells
for each of its bytes."""
BATCH_ROWS: Final = 65_536
"""Rows of a batch at most."""


def rows_of_batch(columns: int, most: int = BATCH_ROWS) -> int:
    """Rows of a batch of so many columns, `most` at most."""
    return max(1, min(most, CELLS // max(1, columns)))


@dataclass(frozen=True, slots=True)
class Cut:
    """A field of which only the first `FIELD_KEPT` bytes are in the table."""

    row: int
    column: int
    start: int
    """Offset of the whole field, quotes included, in the stream (0-based, in bytes)."""
    size: int
    """Bytes of the whole field there."""
    quoted: bool


@dataclass(slots=True)
class Oversized:
    """The fields of one row that was too large for a block."""

    texts: list[bytes | None]
    cuts: list[Cut]
    found: int
    """Fields that the row has; `texts` has as many as the table has columns."""
    lines: int
    first_line: int = 1
    """Where it begins, blank lines before it counted."""
    reasons: list[str] = field(default_factory=list)
    head: bytes = b""
    """Its first bytes as they stand in the file."""


@dataclass(frozen=True, slots=True)
class Block:
    """Whole rows."""

    data: bytes
    start: int
    """Offset of the first byte in the stream."""
    stop: int
    """Offset just after the last."""
    scan: Scan | None = None
    oversized: Oversized | None = None
    """The one row of this block, where it was too large or too broken to be one of `data`."""


@dataclass(frozen=True, slots=True)
class Parsed:
    """A block's rows as text.

    Rows and lines count from the block's start, in `RowReader`'s answers from the file's.
    """

    batch: Any
    """`pyarrow.RecordBatch`, each column a string array with nulls for missing values."""
    malformed: Sequence[Malformed] = ()
    lines: int = 0
    """Line ends in the block."""
    recoded: int = 0
    """Lines that were not UTF-8."""
    cuts: Sequence[Cut] = ()
    others: bool = False
    """Whether rows have values of columns that are not known."""


class Codec(Protocol):
    """How one kind of format reads."""

    columns: tuple[str, ...]
    """Names; set once `header` has found them."""
    declared: tuple[str | None, ...]
    """For each column the type that the file itself declares, as far as that binds: `text`."""
    delimiter: bytes
    """One byte, or empty where rows have one field."""
    quotes: bool
    """Whether a row can go on over line ends in quotes."""
    skip_space: bool

    def header(self, data: bytes, encoding: str | None, *, final: bool) -> int | None:
        """Find the columns at the start of the stream.

        Args:
            data: the stream's first bytes, all there are so far.
            encoding: as for `parse`.
            final: nothing follows `data`.

        Returns:
            The bytes that belong to the header and not to the rows; None: more are needed.
        """

    def row_ends(self, data: bytes, found: Scan, encoding: str | None) -> Positions:
        """Find the rows in a block's bytes without parsing them.

        Args:
            data: whole rows.
            found: their quotes.
            encoding: as for `parse`.

        Returns:
            For each row that `parse` gives, the offset just after its line end.
        """

    def parse(self, block: Block, encoding: str | None) -> Parsed:
        """Parse whole rows; safe to call from several threads at once.

        Args:
            block: rows.
            encoding: what they are in, see `encoding.to_utf8`. None: they are all ASCII.
        """


@runtime_checkable
class Surveyed(Codec, Protocol):
    """Of a format whose rows tell the columns."""

    grows: bool
    """Whether `header` is to take what `survey` would take of the first lines."""

    def survey(self, blocks: Iterable[bytes], encoding: str | None = None) -> None:
        """Take all columns of a content, or of what follows a part that was surveyed.

        Args:
            blocks: its bytes from the first on.
            encoding: what they are in; None: UTF-8.
        """
