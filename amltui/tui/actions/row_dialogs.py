"""One cell, or one row, of the preview in a dialog that has room for all of it."""

from __future__ import annotations

from amltui.text import visible
from amltui.tui.actions.host import PreviewHost
from amltui.tui.dialogs.record import RecordScreen
from amltui.tui.dialogs.show import ShowText
from amltui.tui.json_text import indented


async def show_cell(host: PreviewHost, row: int, column: int) -> bool:
    """`enter`: the whole cell; whether it is to be copied."""
    rows = host.preview.rows
    if rows is None:
        return False
    value = rows.cell(row, column)
    name = visible(rows.columns[column].name) or f"column {column + 1}"
    number = rows.row_numbers(row, row + 1)[0] + 1
    title = f"{name} · row {number:,}"
    if value is None:
        title += " · missing"
    elif not value:
        title += " · empty"
    lines = indented(value) if value else None
    if lines is not None:
        title += " · JSON, indented"
    copy = await host.ask(ShowText(title, lines or value or ""))
    return copy is True


async def show_record(host: PreviewHost, row: int) -> bool:
    """`o`: a row with a line for each of its columns; whether it is to be copied."""
    pane = host.preview
    if pane.rows is None or not pane.rows.row_count:
        return False
    record = RecordScreen(lambda: pane.rows, row, hidden=pane.grid.hidden_columns)
    return await host.ask(record) is True
