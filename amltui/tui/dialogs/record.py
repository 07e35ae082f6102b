"""One row as a record: a line for each column."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Container
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
from amltui.tui.widgets.text_field import TextField

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

    def __init__(
        self, rows: Callable[[], Rows | None], row: int, *, hidden: Container[int] = ()
    ) -> None:
        """Show a row.

        Args:
            rows: as they are shown by then. Others take their place as more of them is known, and
                those before are closed.
            row: which of them, from 0.
            hidden: indexes of columns that are left out.
        """
        super().__init__()
        self._rows = rows
        self.row = row
        """The row that is shown, from 0."""
        self._hidden = hidden
        self._names: list[str] | None = None
        """Of the columns of the first row that was shown."""

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
        rows = self._rows()
        row = max(0, min(self.row + by, (rows.row_count if rows is not None else 0) - 1))
        if row != self.row:
            self.row = row
            self._show()

    def action_scroll(self, by: int) -> None:
        """Scroll by lines."""
        self.query_one(TextArea).scroll_relative(y=by, animate=False)

    def _show(self) -> None:
        rows = self._rows()
        names = None if rows is None else [column.name for column in rows.columns]
        self._names = self._names or names
        if rows is None or names != self._names or self.row >= rows.row_count:
            self.dismiss()  # other rows are shown behind it now
            return
        number = rows.row_numbers(self.row, self.row + 1)
        at = number[0] + 1 if len(number) else self.row + 1
        self.query_one(Vertical).border_title = Content(f"Row {at:,}")
        area = self.query_one(TextArea)
        top = area.scroll_offset.y
        area.text = self._text(rows, max(area.size.width, 40))
        area.scroll_to(y=top, animate=False)

    def _text(self, rows: Rows, width: int) -> str:
        columns = rows.columns
        seen = [at for at in range(len(columns)) if at not in self._hidden]
        names = [visible(columns[at].name) or f"column {at + 1}" for at in seen]
        wide = min(_NAME, max(map(cell_len, names), default=0))
        lines = []
        for at, name in zip(seen, names, strict=True):
            cell = rows.cell(self.row, at)
            shown = "(missing)" if cell is None else visible(cell[:_LIMIT]) or '""'
            if cell is not None and len(cell) > _LIMIT:
                shown += f"… {len(cell):,} characters"
            parts = textwrap.wrap(shown, max(width - wide - 12, 20)) or [""]
            kind = columns[at].type or ""
            cut = name if cell_len(name) <= wide else name[: wide - 1] + "…"
            lines.append(f"{cut:<{wide}}  {kind:<8}  {parts[0]}")
            lines += [f"{'':<{wide + 12}}{part}" for part in parts[1:]]
        return "\n".join(lines)
