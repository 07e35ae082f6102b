"""The transfers pane: what is coming and going, one line each."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar, Final, Protocol

from rich.cells import cell_len, chop_cells
from rich.segment import Segment
from rich.style import Style
from textual.binding import BindingType
from textual.events import Click
from textual.geometry import Region, Size
from textual.message import Message
from textual.strip import Strip

from amltui.disk import short
from amltui.text import human_duration, human_size, visible
from amltui.tui.keymap import bound, key_of
from amltui.tui.line_view import LineView
from amltui.tui.widgets.dataset_list import fit
from amltui.tui.widgets.pane import BorderTitles

_LABEL: Final = 40
"""Cells that a name and where it goes have before a bar has any."""
_BAR: Final = 24
_LEAST_BAR: Final = 8


def _nothing() -> str:
    down, up = key_of("download"), key_of("upload")
    return f"No transfers. {down} downloads the dataset, {up} uploads a file."


class TransferRow(Protocol):
    """A transfer at one moment, as `amltui.transfers` reports it."""

    @property
    def id(self) -> str:
        """What names it in the queue."""

    @property
    def kind(self) -> str:
        """`download` or `upload`."""

    @property
    def name(self) -> str:
        """The dataset's name."""

    @property
    def path(self) -> Path | None:
        """Where a download goes, or where an upload comes from."""

    @property
    def state(self) -> str:
        """`queued`, `running`, `paused`, `done`, `failed`, `cancelled`, or what it waits for."""

    @property
    def done(self) -> int:
        """Bytes so far."""

    @property
    def total(self) -> int | None:
        """Bytes in all, where known."""

    @property
    def rate(self) -> float | None:
        """Bytes per second."""

    @property
    def eta(self) -> float | None:
        """Seconds left."""


def tail(transfer: TransferRow) -> str:
    """How far a transfer is, in words: `61%  1.2 GiB of 1.9 GiB  8.4 MiB/s  1m24s left`."""
    if transfer.state != "running":
        state = "waiting its turn" if transfer.state == "queued" else str(transfer.state)
        if transfer.state == "paused" and transfer.total:
            return f"{state}  {human_size(transfer.done)} of {human_size(transfer.total)}"
        size = transfer.total if transfer.state == "done" else transfer.done
        return f"{state}  {human_size(size)}"
    parts = [human_size(transfer.done)]
    if transfer.total:
        percent = min(transfer.done / transfer.total, 1.0)
        parts = [f"{percent:4.0%}", f"{human_size(transfer.done)} of {human_size(transfer.total)}"]
    if transfer.rate:
        parts.append(f"{human_size(int(transfer.rate))}/s")
    if transfer.eta is not None:
        parts.append(f"{human_duration(transfer.eta)} left")
    return "  ".join(parts)


def _cut(label: str, width: int) -> str:
    """A label that is too long, cut in its middle: its end says where the transfer goes."""
    if cell_len(label) <= width:
        return label
    head = chop_cells(label, max(width // 3, 1))[0]
    tail = chop_cells(label[::-1], max(width - cell_len(head) - 1, 1))[0][::-1]
    return f"{head}…{tail}"


class TransfersPane(BorderTitles, LineView, can_focus=True, inherit_bindings=False):
    """Transfers, the newest last, with a cursor when in focus."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "transfers--row",
        "transfers--cursor",
        "transfers--bar",
        "transfers--faint",
        "transfers--failed",
        "transfers--done",
    }
    HELP_TITLE = "transfers"
    BINDINGS: ClassVar[list[BindingType]] = [
        bound("cancel", "report('cancel')", "cancel", show=True),
        bound("pause", "report('pause')", "pause or resume", show=True),
        bound("clear", "report('clear')", "clear what is over", show=True),
        bound("up", "move(-1)", "up"),
        bound("down", "move(1)", "down"),
        bound("first", "move(-1000000)", "first"),
        bound("last", "move(1000000)", "last"),
    ]

    class ActionRequested(Message):
        """`cancel`: this one; `pause`: or resume it; `clear`: let all that are over leave."""

        def __init__(self, transfer: TransferRow, what: str) -> None:
            super().__init__()
            self.transfer = transfer
            self.what = what

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002  Textual's own name for it
        super().__init__(id=id, classes="pane")
        self.border_title = "4 Transfers"
        self._rows: Sequence[TransferRow] = ()
        self._cursor = 0

    @property
    def rows(self) -> Sequence[TransferRow]:
        """What is shown."""
        return self._rows

    def show(self, transfers: Sequence[TransferRow]) -> None:
        """Show these transfers; the cursor stays with its transfer."""
        if not self.has_focus:
            self._cursor = max(len(transfers) - 1, 0)
        self._cursor = min(self._cursor, max(len(transfers) - 1, 0))
        grew = len(transfers) != len(self._rows)
        self._rows = transfers
        self.hold(Size(1, max(len(transfers), 1)))
        running = sum(t.state == "running" for t in transfers)
        self.write_title(f"4 Transfers ({running} running)" if running else "4 Transfers")
        if grew:
            self._scroll_to_cursor()
        self.refresh(layout=grew)  # the pane is as high as there are rows

    def action_move(self, by: int) -> None:
        """Move the cursor by rows."""
        self._cursor = max(0, min(self._cursor + by, len(self._rows) - 1))
        self._scroll_to_cursor()
        self.refresh()

    def action_report(self, what: str) -> None:
        """Report what is wanted of the transfer under the cursor."""
        if self._rows:
            self.post_message(self.ActionRequested(self._rows[self._cursor], what))

    def on_click(self, event: Click) -> None:
        """A click moves the cursor."""
        self.action_move(int(event.y + self.scroll_offset.y) - self._cursor)

    def _scroll_to_cursor(self) -> None:
        self.scroll_to_region(Region(0, self._cursor, 1, 1), animate=False, force=True)

    def draw(self, y: int) -> Strip:
        """One transfer: arrow, name, bar, figures."""
        index = y + self.scroll_offset.y
        width = self.scrollable_content_region.width
        base = self.get_component_rich_style("transfers--row")
        faint = self.get_component_rich_style("transfers--faint")
        if index >= len(self._rows):
            text = f" {_nothing()}" if not self._rows and y == 0 else ""
            return Strip([Segment(text, faint)]).adjust_cell_length(self.size.width, base)
        transfer = self._rows[index]
        if index == self._cursor and self.has_focus:
            base = self.get_component_rich_style("transfers--cursor")
        segments = self._line(transfer, width, base)
        return Strip(segments).adjust_cell_length(self.size.width, base)

    @staticmethod
    def _named(transfer: TransferRow) -> str:
        name = visible(transfer.name)
        if transfer.path is None:
            return name
        path = visible(short(transfer.path))
        return f"{name} → {path}" if transfer.kind == "download" else f"{name} ← {path}"

    def _line(self, transfer: TransferRow, width: int, base: Style) -> list[Segment]:
        arrow = "↓" if transfer.kind == "download" else "↑"
        words = tail(transfer)
        label, room = self._named(transfer), max(width - cell_len(words) - 6, 4)
        bar = min(room - 1 - min(cell_len(label), _LABEL), _BAR)
        if transfer.state != "running" or bar < _LEAST_BAR:  # the percentage says it, too
            bar = 0
        name = room - bar - (1 if bar else 0)
        filled = 0
        if transfer.total:
            filled = min(round(bar * transfer.done / transfer.total), bar)
        style = base
        if transfer.state in {"failed", "done"}:
            style = base + self.get_component_rich_style(
                f"transfers--{transfer.state}", partial=True
            )
        bar_style = base + self.get_component_rich_style("transfers--bar", partial=True)
        return [
            Segment(f" {arrow} ", style),
            Segment(fit(_cut(label, name), name), base),
            Segment(" " if bar else "", base),
            Segment("█" * filled + "░" * (bar - filled), bar_style),
            Segment(f"  {words}", style),
        ]
