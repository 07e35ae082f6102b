"""The rows of the datasets pane: one line each, drawn only where they are seen."""

from __future__ import annotations

import textwrap
from collections.abc import Container, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final, Literal, TypeAlias

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual.binding import Binding, BindingType
from textual.events import Click, Key, Resize
from textual.geometry import Region, Size
from textual.message import Message
from textual.strip import Strip

from amltui.text import human_size, visible
from amltui.tui.keymap import bound
from amltui.tui.line_view import LineView

if TYPE_CHECKING:
    from amltui.models import Dataset

Presence = Literal["cached", "partial", "remote"]
"""Whether a dataset's contents are on this disk."""

MARKS: Final[dict[Presence, str]] = {"cached": "●", "partial": "◐", "remote": "○"}
MARKED: Final = "▌"
"""What stands before a dataset that is marked."""
ALL: Final = "/"
"""The name of all datasets together, where they are one table."""
_SIZE_WIDTH: Final = 5


@dataclass(frozen=True, slots=True)
class FolderRow:
    """Datasets whose names begin alike, up to a slash; or all of them, as one table."""

    name: str
    """How they begin, with the slash; of the folder above the one that is shown, that one's."""
    count: int = 0
    """How many they are, at any depth. 0: it is the way back up."""

    @property
    def key(self) -> str:
        """What tells it from others, and from datasets."""
        return self.name


Row: TypeAlias = "Dataset | FolderRow"


def short_size(size: int | None) -> str:
    """`size` bytes in at most five cells: `3.8M`, `99K`, `12`."""
    return human_size(size).replace(" ", "").removesuffix("B").removesuffix("i")


def fit(text: str, width: int) -> str:
    """`text` in exactly `width` cells, with an ellipsis where it had to be cut."""
    if cell_len(text) <= width:
        return set_cell_size(text, width)
    return set_cell_size(text, max(width - 1, 0)) + "…"[:width]


class DatasetList(LineView, can_focus=True, inherit_bindings=False):
    """Datasets with a cursor."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "list--row",
        "list--faint",
        "list--cursor",
        "list--cursor-blurred",
        "list--mark",
    }
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "choose", "preview"),
        bound("up", "move(-1)", "up"),
        bound("down", "move(1)", "down"),
        bound("page_up", "page(-1.0)", "page up"),
        bound("page_down", "page(1.0)", "page down"),
        bound("half_page_up", "page(-0.5)", "half a page up"),
        bound("half_page_down", "page(0.5)", "half a page down"),
        bound("first", "go(0)", "first (gg)"),
        bound("last", "go(-1)", "last"),
        bound("mark", "mark", "mark, or take the mark away"),
        bound("mark_all", "mark_all", "mark all that are listed, or none"),
        bound("invert_marks", "invert_marks", "mark what is not marked, and no others"),
    ]

    class Highlighted(Message):
        """The cursor came to another dataset; None when the list is empty."""

        def __init__(self, dataset: Dataset | None) -> None:
            super().__init__()
            self.dataset = dataset

    class MarksChanged(Message):
        """Other datasets are marked."""

    class Opened(Message):
        """Enter or a second click on a folder."""

        def __init__(self, folder: FolderRow) -> None:
            super().__init__()
            self.folder = folder

    class Chosen(Message):
        """Enter or a second click on a dataset."""

        def __init__(self, dataset: Dataset) -> None:
            super().__init__()
            self.dataset = dataset

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002  Textual's own name for it
        super().__init__(id=id)
        self._rows: Sequence[Row] = ()
        self._inside = ""
        """The folder that is shown: the beginning of all names, which is left out."""
        self._presence: dict[str, Presence] = {}
        self._marked: dict[str, None] = {}
        """Keys of the datasets that are marked, in the order in which they were."""
        self._cursor = 0
        self._g = False
        self.empty = ""
        """What stands in place of rows when there are none."""

    @property
    def current(self) -> Dataset | None:
        """The dataset under the cursor. None: there is none, or it is on a folder."""
        row = self.row
        return None if isinstance(row, FolderRow) else row

    @property
    def row(self) -> Row | None:
        """What is under the cursor."""
        return self._rows[self._cursor] if self._rows else None

    @property
    def rows(self) -> Sequence[Row]:
        """What is listed."""
        return self._rows

    @property
    def in_view(self) -> list[Dataset]:
        """The datasets that are seen."""
        top = int(self.scroll_offset.y)
        rows = self._rows[top : top + max(self.size.height, 1)]
        return [row for row in rows if not isinstance(row, FolderRow)]

    def show(self, rows: Sequence[Row], *, select: str | None = None, inside: str = "") -> None:
        """Show `rows`; the cursor stays with its dataset, or goes to key or folder `select`.

        `inside`: the folder that they are in.
        """
        before = self.row
        self._inside = inside
        wanted = select or (before.key if before else None)
        self._rows = rows
        found = next((i for i, row in enumerate(rows) if row.key == wanted), None)
        if found is None:
            found = min(self._cursor, max(len(rows) - 1, 0))
        self._cursor = found
        self.hold(Size(1, len(rows)))
        self._scroll_to_cursor()
        self.refresh()
        if self.row != before:
            # Not at once: a message made while the pane's own handler runs counts as the pane's,
            # and so would never rise above it.
            self.call_later(self._report)

    def mark(self, presence: dict[str, Presence]) -> None:
        """Say which datasets (by id) are on this disk; the others are remote."""
        if presence != self._presence:
            self._presence = presence
            self.refresh()

    def is_cached(self, dataset: Dataset) -> bool:
        """Whether all of a dataset is known to be on this disk."""
        return self._presence.get(dataset.id) == "cached"

    @property
    def marked(self) -> Sequence[str]:
        """Keys of the datasets that are marked, in the order in which they were."""
        return tuple(self._marked)

    def keep_marks(self, there: Container[str]) -> None:
        """Take the marks away of all keys but these; () takes all."""
        self._set_marks({key: None for key in self._marked if key in there})

    def action_mark(self) -> None:
        """Mark the dataset under the cursor, or no longer, and go on to the next."""
        if self.current is not None:
            self._toggle([self.current])
        self._to(self._cursor + 1)

    def action_mark_all(self) -> None:
        """Mark all datasets that are listed; where all are, none."""
        keys = [row.key for row in self._rows if not isinstance(row, FolderRow)]
        if all(key in self._marked for key in keys):
            self._set_marks({key: None for key in self._marked if key not in set(keys)})
        else:
            self._set_marks(self._marked | dict.fromkeys(keys))

    def action_invert_marks(self) -> None:
        """Mark those listed that are not marked, and take the marks of the others away."""
        self._toggle([row for row in self._rows if not isinstance(row, FolderRow)])

    def _toggle(self, datasets: Sequence[Dataset]) -> None:
        keys = [one.key for one in datasets]
        kept = {key: None for key in self._marked if key not in set(keys)}
        self._set_marks(kept | {key: None for key in keys if key not in self._marked})

    def _set_marks(self, marked: dict[str, None]) -> None:
        if list(marked) != list(self._marked):
            self._marked = marked
            self.refresh()
            self.post_message(self.MarksChanged())

    def action_move(self, by: int) -> None:
        """Move the cursor by rows, stopping at both ends."""
        self._to(self._cursor + by)

    def action_page(self, pages: float) -> None:
        """Move the cursor by a part of what is seen."""
        self._to(self._cursor + int(pages * max(self.size.height - 1, 1)))

    def action_go(self, row: int) -> None:
        """Go to a row; -1 is the last."""
        self._to(row if row >= 0 else len(self._rows) - 1)

    def action_choose(self) -> None:
        """Report the dataset or folder under the cursor as chosen."""
        row = self.row
        if isinstance(row, FolderRow):
            self.post_message(self.Opened(row))
        elif row is not None:
            self.post_message(self.Chosen(row))

    def on_key(self, event: Key) -> None:
        """`gg` goes to the top."""
        if event.key == "g":
            if self._g:
                self._to(0)
            self._g = not self._g
            event.stop()
        else:
            self._g = False

    def on_click(self, event: Click) -> None:
        """A click moves the cursor; a second one on the same row chooses."""
        row = int(event.y + self.scroll_offset.y)
        if row < len(self._rows):
            if event.chain == 2:
                self.action_choose()
            self._to(row)

    def on_resize(self, _event: Resize) -> None:
        """Keep the cursor in sight."""
        self._scroll_to_cursor()

    def _to(self, row: int) -> None:
        row = max(0, min(row, len(self._rows) - 1))
        if self._rows and row != self._cursor:
            self._cursor = row
            self._scroll_to_cursor()
            self.refresh()
            self.post_message(self.Highlighted(self.current))

    def _report(self) -> None:
        self.post_message(self.Highlighted(self.current))

    def _scroll_to_cursor(self) -> None:
        self.scroll_to_region(Region(0, self._cursor, 1, 1), animate=False, force=True)

    def draw(self, y: int) -> Strip:
        """One dataset: mark, name, size."""
        index = y + self.scroll_offset.y
        width = self.scrollable_content_region.width
        base = self.get_component_rich_style("list--row")
        if index >= len(self._rows) or width < 8:
            return self._empty_line(y, width, base)
        row = self._rows[index]
        presence = "remote" if isinstance(row, FolderRow) else self._presence.get(row.id, "remote")
        mark = self.get_component_rich_style("list--mark")
        faint = self.get_component_rich_style("list--faint")
        if index == self._cursor:
            name = "list--cursor" if self.has_focus else "list--cursor-blurred"
            base = self.get_component_rich_style(name)
            mark = faint = base
        room = width - _SIZE_WIDTH - 4
        sign, label, size = self._parts(row, presence)
        marked = row.key in self._marked and not isinstance(row, FolderRow)
        return Strip(
            [
                Segment(MARKED if marked else " ", mark),
                Segment(f"{sign} ", mark if presence != "remote" else faint),
                Segment(fit(label, room), base),
                Segment(f" {size:>{_SIZE_WIDTH}}", faint),
            ]
        ).adjust_cell_length(self.size.width, base)

    def _parts(self, row: Row, presence: Presence) -> tuple[str, str, str]:
        """Sign, name and size of a row; of a folder how many datasets are in it."""
        if not isinstance(row, FolderRow):
            name = visible(row.name.removeprefix(self._inside) or row.name)
            return MARKS[presence], name, short_size(row.size)
        if not row.count:
            return " ", "../", ""
        if row.name == ALL:
            return "≡", "all as one table", f"{row.count}"
        return "/", visible(row.name.removeprefix(self._inside)), f"{row.count}"

    def _empty_line(self, y: int, width: int, style: Style) -> Strip:
        text = ""
        if not self._rows:
            lines = [
                part
                for line in self.empty.split("\n")
                for part in textwrap.wrap(line, max(width - 2, 1)) or [""]
            ]
            text = f" {lines[y - 1]}" if 0 < y <= len(lines) else ""
            style = self.get_component_rich_style("list--faint")
        return Strip([Segment(text, style)]).adjust_cell_length(self.size.width, style)
