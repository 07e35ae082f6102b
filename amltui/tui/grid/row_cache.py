"""The cells that the grid has read: a few blocks of rows, in each only the columns looked at."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from typing import Final

from amltui.tables.rows import Column, PlacedRows, Rows, SlowRows

BLOCK: Final = 64
"""Rows of a block."""
_KEPT: Final = 8
"""Blocks kept: several pages either way, at most a few MiB even where every cell is long."""
_COMING: Final = "…"
"""What stands in cells that are not here yet."""


class NoRows:
    """Nothing to show: no rows, no columns."""

    columns: tuple[Column, ...] = ()
    row_count = 0
    complete = True

    def window(self, start: int, stop: int, columns: Sequence[int]) -> list[Sequence[str | None]]:
        """Nothing for each column asked for."""
        del start, stop
        return [[] for _ in columns]

    def row_numbers(self, start: int, stop: int) -> range:
        """No numbers."""
        del start, stop
        return range(0)

    def cell(self, row: int, column: int) -> str | None:
        """Never there."""
        raise IndexError(f"no cell at row {row}, column {column}")


class RowBlock:
    """Rows `start` to before `stop`, read column by column as they come into view."""

    __slots__ = ("cells", "fresh", "measured", "numbers", "start", "states", "stop", "waits")

    def __init__(self, rows: Rows, start: int, stop: int) -> None:
        self.start = start
        self.stop = stop
        self.numbers = rows.row_numbers(start, stop)
        self.states = states(rows, start, stop)
        """For each row whether its number is only expected: see `PlacedRows.state`."""
        self.cells: dict[int, Sequence[str | None]] = {}
        self.waits = False
        """Whether some cells are not here yet."""
        self.fresh = True
        """Whether its row numbers were not looked at yet."""
        self.measured: set[int] = set()
        """Columns whose texts were looked at for width and alignment."""


def states(rows: Rows, start: int, stop: int) -> list[int]:
    """What is known of rows of which only places are here; nothing for all others."""
    if not isinstance(rows, PlacedRows):
        return []
    return [rows.state(row) for row in range(start, stop)]


class RowCache:
    """Blocks of one `Rows`, the least recently used forgotten first."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows
        self._blocks: OrderedDict[int, RowBlock] = OrderedDict()

    def grew(self) -> bool:
        """Forget the blocks that were read before all was known; whether any had rows by then."""
        changed = False
        for index, block in list(self._blocks.items()):
            other = block.waits or block.states != states(self._rows, block.start, block.stop)
            if other or block.stop - block.start < BLOCK:
                del self._blocks[index]
            changed = changed or other
        return changed

    def measure_again(self, columns: Iterable[int]) -> None:
        """Let the texts of columns be looked at once more for width and alignment."""
        gone = set(columns)
        for block in self._blocks.values():
            block.measured -= gone

    def read(self, start: int, stop: int, columns: Sequence[int]) -> list[RowBlock]:
        """The blocks that hold rows `start` to before `stop`, with `columns` read."""
        stop = min(stop, self._rows.row_count)
        indexes = range(start // BLOCK, (stop + BLOCK - 1) // BLOCK)
        blocks = [self._block(index) for index in indexes]
        for block in blocks:
            self._fill(block, columns)
        while len(self._blocks) > max(_KEPT, len(blocks)):
            self._blocks.popitem(last=False)
        return blocks

    def _block(self, index: int) -> RowBlock:
        block = self._blocks.get(index)
        if block is None:
            start = index * BLOCK
            stop = min(start + BLOCK, self._rows.row_count)
            block = self._blocks[index] = RowBlock(self._rows, start, stop)
        self._blocks.move_to_end(index)
        return block

    def _fill(self, block: RowBlock, columns: Iterable[int]) -> None:
        missing = [column for column in columns if column not in block.cells]
        if not missing:
            return
        rows = self._rows
        if isinstance(rows, SlowRows) and not rows.is_here(block.start, block.stop, missing):
            block.waits = True
            coming = [_COMING] * (block.stop - block.start)
            block.cells.update(dict.fromkeys(missing, coming))
        else:
            texts = rows.window(block.start, block.stop, missing)
            block.cells.update(zip(missing, texts, strict=True))

    def block_of(self, row: int, columns: Sequence[int]) -> RowBlock:
        """The block that holds `row`, with `columns` read."""
        return self.read(row, row + 1, columns)[0]
