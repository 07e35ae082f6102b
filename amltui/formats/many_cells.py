"""Contents with far more cells than bytes, as sparse and short rows have."""

from __future__ import annotations

from typing import Final

from amltui.errors import TooManyCells

MOST: Final = 20_000_000
"""Cells of such a content that take seconds."""
MOST_IN_FRAME: Final = 200_000_000
"""Cells of such a content that are made a frame, which takes 8 bytes for each: 1.6 GB."""
_EXPANSION: Final = 4
"""Cells for each byte that are far more."""


def are_too_many(rows: int, columns: int, size: int, most: int | None = None) -> bool:
    """Whether a content of `size` bytes has too many cells: more than `most`, else than `MOST`."""
    cells = rows * columns
    return cells > (MOST if most is None else most) and cells > _EXPANSION * size


def too_many(rows: int, columns: int, which: str = "") -> TooManyCells:
    """What to say of them; `which`: what stands before their number where there are more."""
    found = f"{which}{rows:,} rows of {columns:,} columns are {rows * columns:,} cells"
    return TooManyCells(f"{found[:1].upper()}{found[1:]}: too many for a table of all of them")
