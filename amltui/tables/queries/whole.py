"""Texts that stand for long cells in a comparison, also for those that a table holds cut."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from amltui.errors import LocalError
from amltui.formats.blocks import FIELD_KEPT
from amltui.tables.queries.cancel import Cancel
from amltui.tables.table import Table

Digests = Mapping[tuple[int, int], str]
"""Digests of whole cells by row and column."""
_LONG: Final = FIELD_KEPT // 4
"""Bytes of text from which a cell is long. Whatever is cut keeps more, in any encoding."""


def digests_of_cuts(table: Table, cancel: Cancel) -> Digests | None:
    """A digest of each cell that a table holds cut; None if one cannot be read whole.

    Args:
        table: of which one such cell at a time is read.
        cancel: stops it.

    Raises:
        Cancelled: it was stopped.
    """
    found = {}
    for row, column in table.cuts:
        cancel.check()
        try:
            found[row, column] = _digest(table.cell(row, column) or "")
        except LocalError:
            return None
    return found


def with_digests(cuts: Digests, cells: Any, first: int, column: int) -> Any:
    """Texts of one column with the long ones shortened, each with a digest at its end.

    So a cell that one table holds cut equals the same one that the other holds whole, and no short
    one: what stands for a long cell is longer than these.

    Args:
        cuts: digests of the cells that are cut.
        cells: an Arrow array of texts.
        first: the row of the first of them.
        column: the index of their column.
    """
    lengths = pc.binary_length(cells)
    if (pc.max(lengths).as_py() or 0) <= _LONG:
        return cells
    long = pc.fill_null(pc.greater(lengths, _LONG), fill_value=False)
    texts = []
    for place in pc.indices_nonzero(long).to_pylist():
        text = cells[place].as_py()
        texts.append(text[:_LONG] + (cuts.get((first + place, column)) or _digest(text)))
    return pc.replace_with_mask(cells, long, pa.array(texts, cells.type))


def _digest(text: str) -> str:
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
