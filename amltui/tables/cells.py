"""Arrow strings to the texts of a window."""

from __future__ import annotations

from typing import Any

from amltui.tables.rows import CELL_LIMIT


def texts(array: Any, start: int, stop: int) -> list[str | None]:
    """Cells `start` to before `stop` of a string array, each at most `CELL_LIMIT` characters.

    A cell that is cut ends with `…` instead of its last character.
    """
    part = array.slice(start, stop - start)
    if part.nbytes <= CELL_LIMIT:  # no single one can be longer
        cells: list[str | None] = part.to_pylist()
        return cells
    return [shorten(cell) for cell in beginnings(part).to_pylist()]


def beginnings(array: Any) -> Any:
    """A string array whose cells have as much as `texts` needs of them, so that it stays small."""
    if array.nbytes <= CELL_LIMIT:
        return array
    import pyarrow.compute as pc

    if (pc.max(pc.binary_length(array)).as_py() or 0) <= CELL_LIMIT:
        return array
    return pc.utf8_slice_codeunits(array, 0, CELL_LIMIT + 1)


def shorten(cell: str | None) -> str | None:
    """A cell as a window gives it."""
    if cell is None or len(cell) <= CELL_LIMIT:
        return cell
    return cell[: CELL_LIMIT - 1] + "…"
