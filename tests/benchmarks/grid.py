"""The grid on a real pseudo terminal, 120x40: time from key to last byte drawn, bytes, memory.

Run with `python -m tests.benchmarks.grid [ROWS]` (10,000,000 rows x 12 columns by default). The
peer is Textual's own DataTable with 10,000 rows of the same cells; for memory, a program that
shows nothing.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Callable
from statistics import median

from textual.app import App
from textual.widgets import DataTable, Static

from amltui.tui.grid import Grid
from tests.benchmarks.terminal import KEYS, Terminal, p95
from tests.support.made_rows import MadeRows

COLUMNS = 12
PEER_ROWS = 10_000
BOUNDS = {"down": 1_000, "page down": 12_000}


def cell(row: int, column: int) -> str | None:
    seed = (row * 1_000_003 + column * 7_919) % 99_991
    if seed % 29 == 0:
        return None
    if column % 3 == 0:
        return str(seed)
    return f"{seed / 7:.4f}" if column % 3 == 1 else f"value {seed} of {column}"


class Shown(App[None]):
    """One widget, as big as the terminal."""

    BINDINGS = [("ctrl+g", "jump")]  # noqa: RUF012 - as Textual writes it

    def __init__(self, kind: str, rows: int) -> None:
        super().__init__()
        self.kind, self.count = kind, rows

    def compose(self):
        made = MadeRows(self.count, COLUMNS, cell)
        if self.kind == "empty":
            yield Static("nothing")
        elif self.kind == "grid":
            yield Grid()
        else:
            table = DataTable()
            table.add_columns(*(column.name for column in made.columns))
            for row in range(self.count):
                table.add_row(*(cell(row, column) or "" for column in range(COLUMNS)))
            yield table

    def on_mount(self) -> None:
        if self.kind == "grid":
            self.query_one(Grid).show(MadeRows(self.count, COLUMNS, cell))
            self.query_one(Grid).focus()

    def action_jump(self) -> None:
        row = random.Random().randrange(self.count)
        if self.kind == "grid":
            self.query_one(Grid).go_to(row)
        else:
            self.query_one(DataTable).move_cursor(row=row)


def measure(kind: str, rows: int, times: int, say: Callable[[str], None]) -> float:
    module = "tests.benchmarks.grid"
    terminal = Terminal([sys.executable, "-m", module, "--child", kind, str(rows)])
    try:
        terminal.drain(5.0 if kind == "peer" else 2.5)
        if kind != "empty":
            for name, key in KEYS.items():
                answers = [terminal.press(key) for _ in range(times)]
                sizes = [size for size, _ in answers if size]
                waits = [wait * 1000 for size, wait in answers if size]
                if not sizes:
                    continue
                bound = f" (bound {BOUNDS[name]:,})" if name in BOUNDS and kind == "grid" else ""
                say(
                    f"{kind:5} {name:10} p50 {median(waits):6.1f} ms  p95 {p95(waits):6.1f} ms"
                    f"  bytes p50 {median(sizes):8,.0f}  max {max(sizes):8,}{bound}"
                )
        return terminal.anonymous
    finally:
        terminal.close()


def main() -> None:
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000_000
    memory = {
        "grid": measure("grid", rows, 20, print),
        "peer": measure("peer", PEER_ROWS, 8, print),
        "empty": measure("empty", 0, 0, print),
    }
    print(
        f"anonymous memory: empty {memory['empty']:.0f} MiB; grid, {rows:,} rows,"
        f" {memory['grid'] - memory['empty']:+.0f} MiB (bound +60); DataTable,"
        f" {PEER_ROWS:,} rows, {memory['peer'] - memory['empty']:+.0f} MiB"
    )


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        Shown(sys.argv[2], int(sys.argv[3])).run()
    else:
        main()
