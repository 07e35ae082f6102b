"""The grid widget: any `Rows` on the screen, reading only what is in view."""

from amltui.tui.grid.cell_copies import CopiedCells, Selection, copy
from amltui.tui.grid.grid import Grid

__all__ = ["CopiedCells", "Grid", "Selection", "copy"]
