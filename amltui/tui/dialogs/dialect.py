"""How a text is written: its delimiter and the rest, with the first rows as they would be read."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Final

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Input, Label, Static

from amltui.errors import AmltuiError, UsageError
from amltui.text import visible
from amltui.tui.grid.cell_text import fit, width_of
from amltui.tui.widgets.dialog import Dialog, beside
from amltui.tui.widgets.fields import Field

if TYPE_CHECKING:
    from amltui.formats.dialect import Dialect
    from amltui.tables import Rows

FirstRows = Callable[["Dialect"], Awaitable["Rows"]]
"""Reads the first rows in a dialect."""

_ROWS: Final = 5
_COLUMNS: Final = 12
_WIDTH: Final = 14
"""Rows and columns that are drawn, and the cells of a column at most."""
_FIELDS: Final = {
    "delimiter": "one character, tab or blank",
    "quote": "one character, or none",
    "escape": "one character, or none",
    "header": "yes, no, or how many rows",
    "skip": "lines before the header",
    "comment": "what lines begin with that are no rows",
    "encoding": "as found, or cp1252, gb18030, utf-16, …",
    "decimal": ". or ,",
    "thousands": "one of , . blank ' _ or none",
    "missing": "spellings of a missing value, with blanks between",
}


@dataclass(frozen=True, slots=True)
class DialectAnswer:
    """What was chosen."""

    dialect: Dialect | None
    """None: as the type says."""


class DialectScreen(Dialog[DialectAnswer]):
    """Change the dialect; the first rows are drawn anew with each change."""

    FIRST = "#delimiter"
    WIDTH: ClassVar[int] = 76
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss", "leave"),
        Binding("ctrl+s,enter", "apply", "apply", priority=True),
        Binding("ctrl+o", "take_offer", "as it looks", priority=True),
        Binding("ctrl+r", "reset", "as the type says", priority=True),
        Binding("down", "step(1)", "next field", show=False),
        Binding("up", "step(-1)", "previous field", show=False),
    ]

    def __init__(
        self,
        dialect: Dialect,
        first_rows: FirstRows,
        *,
        own: Dialect,
        offer: Dialect | None = None,
        title: str = "",
    ) -> None:
        """Ask.

        Args:
            dialect: how the text is read now.
            first_rows: reads its first rows in another dialect.
            own: what its type means.
            offer: what it seems to be written in.
            title: the dataset's name.
        """
        super().__init__()
        self._dialect = dialect
        self._first_rows = first_rows
        self._own = own
        self._offer = offer
        self._title = title

    def compose(self) -> ComposeResult:
        """Fields, then the rows."""
        offer = " · ^o as it looks" if self._offer is not None else ""
        with Vertical(classes="dialog") as box:
            box.border_title = Content(f"How {visible(self._title)} is written")
            box.border_subtitle = f"^s apply{offer} · ^r as the type says · esc leave"
            written = _written(self._dialect)
            for name, about in _FIELDS.items():
                with Horizontal(classes="field"):
                    yield Label(name)
                    yield Field(written[name], id=name, compact=True, placeholder=about)
            yield Static("", classes="problem", markup=False)
            yield Static("", id="first-rows", markup=False)

    def on_mount(self) -> None:
        """Show the rows as they are read now."""
        self._redraw()

    @on(Input.Changed)
    def _changed(self) -> None:
        self._redraw()

    def action_apply(self) -> None:
        """Dismiss with what is in the fields."""
        try:
            dialect = self._typed()
        except UsageError as error:
            self._say(str(error))
            return
        self.dismiss(DialectAnswer(dialect if dialect != self._own else None))

    def action_take_offer(self) -> None:
        """Fill in what the text seems to be written in."""
        if self._offer is not None:
            self._fill(self._offer)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Name no key that would do nothing."""
        del parameters
        return action != "take_offer" or self._offer is not None

    def action_reset(self) -> None:
        """Fill in what the type says."""
        self._fill(self._own)

    def _fill(self, dialect: Dialect) -> None:
        for name, text in _written(dialect).items():
            self.query_one(f"#{name}", Input).value = text

    def _typed(self) -> Dialect:
        """What is in the fields.

        Raises:
            UsageError: no row can be read so.
        """
        return _read({name: self.query_one(f"#{name}", Input).value for name in _FIELDS}, self._own)

    @beside("first rows")
    async def _redraw(self) -> None:
        try:
            rows = await self._first_rows(self._typed())
        except AmltuiError as error:
            self._say(str(error))
            return
        self._say("")
        text = await asyncio.to_thread(drawn, rows)
        self.query_one("#first-rows", Static).update(text)

    def _say(self, problem: str) -> None:
        self.query_one(".problem", Static).update(visible(problem))


def drawn(rows: Rows) -> str:
    """The first rows as lines: names, types, cells."""
    columns = rows.columns[:_COLUMNS]
    cells = rows.window(0, _ROWS, range(len(columns)))
    lines = [[visible(column.name), column.type or ""] for column in columns]
    for found, line in zip(cells, lines, strict=True):
        line += [visible(cell or "") for cell in found]
    if not lines:
        return "No rows."
    widths = [min(_WIDTH, max(width_of(cell) for cell in line)) for line in lines]
    height = 2 + min(_ROWS, rows.row_count)
    drawn_rows = [
        "  ".join(
            fit(line[at] if at < len(line) else "", width)
            for line, width in zip(lines, widths, strict=True)
        ).rstrip()
        for at in range(height)
    ]
    return "\n".join(drawn_rows)


def _written(dialect: Dialect) -> dict[str, str]:
    """A dialect as its fields show it."""
    from amltui.formats.dialect import word_of

    found = {name: getattr(dialect, name) for name in _FIELDS}
    found["header"] = "yes" if dialect.header else "no"
    if dialect.header and dialect.header_rows > 1:
        found["header"] = str(dialect.header_rows)
    found["skip"] = str(dialect.skip)
    found["missing"] = " ".join(dialect.missing)
    for name in ("delimiter", "quote", "escape", "thousands"):
        found[name] = word_of(found[name])
    return found


def _read(written: dict[str, str], own: Dialect) -> Dialect:
    from amltui.formats.dialect import Dialect, character

    said: dict[str, Any] = {
        name: written[name].strip() for name in ("comment", "encoding", "decimal")
    }
    for name in ("delimiter", "quote", "escape", "thousands"):
        said[name] = character(written[name].strip() or "none")
    skip = written["skip"].strip() or "0"
    if not skip.isdecimal():
        raise UsageError(f'"{skip}" is no number of lines')
    header = written["header"].strip().lower()
    if header not in {"yes", "y", "no", "n"} and not header.isdecimal():
        raise UsageError("The header is yes, no, or a number of rows")
    same = said["delimiter"] == own.delimiter
    return Dialect(
        **said,
        skip=int(skip),
        header=not header.startswith("n") and header != "0",
        header_rows=max(1, int(header)) if header.isdecimal() else 1,
        missing=tuple(written["missing"].split()),
        skip_space=said["delimiter"] == "," or (same and own.skip_space),
    )
