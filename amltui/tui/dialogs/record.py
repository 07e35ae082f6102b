"""One row as a record: a line for each column."""

from __future__ import annotations

import textwrap
from collections.abc import Container
from typing import ClassVar, Final

from rich.cells import cell_len
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import TextArea

from amltui.tables.rows import Rows
from amltui.text import visible
from amltui.tui.widgets.dialog import Dialog
from amltui.tui.widgets.fields import TextField

_NAME: Final = 24
"""Cells that the name of a column has at most."""
_LIMIT: Final = 2_000
"""Characters of a cell that are shown; enter on it shows all."""


class RecordScreen(Dialog[bool]):
    """Show a row, and go to those before and after it; `y` dismisses with True: copy the row."""

    DEFAULT_CSS = """
    RecordScreen TextArea { height: auto; max-height: 70vh; background: $surface; }
    """
    WIDTH = 90
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,enter,o", "dismiss(None)", "leave", priority=True),
        Binding("y", "dismiss(True)", "copy the row", priority=True),
        Binding("right,l,n", "go(1)", "next row", priority=True),
        Binding("left,h,N", "go(-1)", "row before", priority=True),
        Binding("j", "scroll(1)", "down", show=False, priority=True),
        Binding("k", "scroll(-1)", "up", show=False, priority=True),
    ]

    def __init__(self, rows: Rows, row: int, *, hidden: Container[int] = ()) -> None:
        """Show a row.

        Args:
            rows: as they are shown.
            row: which of them, from 0.
            hidden: indexes of columns that are left out.
        """
        super().__init__()
        self._rows = rows
        self.row = row
        """The row that is shown, from 0."""
        self._columns = [at for at in range(len(rows.columns)) if at not in hidden]

    def compose(self) -> ComposeResult:
        """The record, which scrolls and can be selected."""
        with Vertical(classes="dialog") as box:
            box.border_subtitle = "←/→ other rows · y copy the row · esc leave"
            yield TextField("", read_only=True, compact=True, soft_wrap=True, show_cursor=False)

    def on_mount(self) -> None:
        """Show the row."""
        self._show()

    def action_go(self, by: int) -> None:
        """Show another row."""
        row = max(0, min(self.row + by, self._rows.row_count - 1))
        if row != self.row:
            self.row = row
            self._show()

    def action_scroll(self, by: int) -> None:
        """Scroll by lines."""
        self.query_one(TextArea).scroll_relative(y=by, animate=False)

    def _show(self) -> None:
        number = self._rows.row_numbers(self.row, self.row + 1)
        at = number[0] + 1 if len(number) else self.row + 1
        self.query_one(Vertical).border_title = Content(f"Row {at:,}")
        area = self.query_one(TextArea)
        top = area.scroll_offset.y
        area.text = self._text(max(area.size.width, 40))
        area.scroll_to(y=top, animate=False)

    def _text(self, width: int) -> str:
        columns = self._rows.columns
        names = [visible(columns[at].name) or f"column {at + 1}" for at in self._columns]
        wide = min(_NAME, max(map(cell_len, names), default=0))
        lines = []
        for at, name in zip(self._columns, names, strict=True):
            cell = self._rows.cell(self.row, at)
            shown = "(missing)" if cell is None else visible(cell[:_LIMIT]) or '""'
            if cell is not None and len(cell) > _LIMIT:
                shown += f"… {len(cell):,} characters"
            parts = textwrap.wrap(shown, max(width - wide - 12, 20)) or [""]
            kind = columns[at].type or ""
            cut = name if cell_len(name) <= wide else name[: wide - 1] + "…"
            lines.append(f"{cut:<{wide}}  {kind:<8}  {parts[0]}")
            lines += [f"{'':<{wide + 12}}{part}" for part in parts[1:]]
        return "\n".join(lines)
