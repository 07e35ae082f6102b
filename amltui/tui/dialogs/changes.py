"""What new contents change of a dataset, before they are sent."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from typing import TYPE_CHECKING, ClassVar, Final

from rich.cells import cell_len
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static, TextArea

from amltui.errors import AmltuiError, UnsupportedDataType
from amltui.text import visible
from amltui.tui.widgets.dialog import Dialog, beside
from amltui.tui.widgets.text_field import TextField

if TYPE_CHECKING:
    from amltui.tables.queries import Checked
    from amltui.tables.queries.checks import ColumnCheck

_NAME: Final = 24
"""Cells that the name of a column has at most."""


class ChangesScreen(Dialog[bool]):
    """Show what changes; dismisses with True: send it.

    While rules may be broken, and until it was said that they are, nothing is sent.
    """

    DEFAULT_CSS = """
    ChangesScreen TextArea { height: auto; max-height: 60vh; background: $surface; }
    """
    WIDTH = 72
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "dismiss(None)", "leave", priority=True),
        Binding("ctrl+s", "send", "send", priority=True),
        Binding("c", "compare", "compare", priority=True),
        Binding("j", "scroll(1)", "down", show=False, priority=True),
        Binding("k", "scroll(-1)", "up", show=False, priority=True),
    ]

    def __init__(
        self,
        dataset: str,
        check: Callable[[], Awaitable[Checked]],
        *,
        must: bool,
        at_once: bool,
    ) -> None:
        """Compare and show.

        Args:
            dataset: its name.
            check: compares the contents and holds the new ones against the rules.
            must: whether there are rules, so that it is not sent before they were looked at.
            at_once: whether to begin now; else when it is asked for.
        """
        super().__init__()
        self._dataset = dataset
        self._check = check
        self._must = must
        self._at_once = at_once or must
        self._compared = False

    def compose(self) -> ComposeResult:
        """What is said of it, the columns that change, and the rules that are broken."""
        with Vertical(classes="dialog") as box:
            box.border_title = Content(f"What changes in {visible(self._dataset)}")
            box.border_subtitle = "^s send · esc leave"
            yield Static("", id="summary", markup=False)
            yield TextField("", read_only=True, compact=True, soft_wrap=False, show_cursor=False)
            yield Static("", classes="problem", markup=False)

    def on_mount(self) -> None:
        """Begin to compare, or say how."""
        self.query_one(TextArea).display = False
        self.query_one(".problem").display = False
        if self._at_once:
            self.action_compare()
        else:
            self._say("To compare all rows of both takes a while: c does it.")

    def action_scroll(self, by: int) -> None:
        """Scroll by lines."""
        self.query_one(TextArea).scroll_relative(y=by, animate=False)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Compare once: nothing else would come of it."""
        del parameters
        return not (action == "compare" and self._compared)

    def action_send(self) -> None:
        """Send it, unless rules were not looked at yet, or were seen to be broken just now."""
        if self._must:
            self._say_problem("There are rules for it: they are being looked at.")
        else:
            self.dismiss(True)

    @beside("compare")
    async def action_compare(self) -> None:
        """Compare all rows of both."""
        self._compared = True
        self.refresh_bindings()
        self._say("Comparing all rows of both …")
        try:
            found = await self._check()
        except UnsupportedDataType:
            self._say("One of both has no rows that could be compared.")
        except AmltuiError as error:
            self._say("They cannot be compared.")
            self._say_problem(f"{error}\n{error.hint or ''}".strip())
        else:
            self._show(found)
        self._must = False

    def _show(self, found: Checked) -> None:
        self._say("\n".join(_summary(found)))
        changed = [one for one in found.columns if _differs(one)]
        table = self.query_one(TextArea)
        table.display = bool(changed)
        table.text = "\n".join(_table(changed))
        if not found.passed:
            broken = [f"{one.rule}: {one.message}" for one in found.failures]
            self._say_problem(
                "\n".join([*broken, "", "Rules are broken. ^s sends it all the same."])
            )

    def _say(self, text: str) -> None:
        self.query_one("#summary", Static).update(text)

    def _say_problem(self, text: str) -> None:
        line = self.query_one(".problem", Static)
        line.display = bool(text)
        line.update("\n".join(map(visible, text.split("\n"))))


def _differs(one: ColumnCheck) -> bool:
    return one.status != "same" or one.missing[0] != one.missing[1]


def _summary(found: Checked) -> Iterator[str]:
    before, after = found.rows
    assert before is not None  # there is a dataset
    yield f"rows {before:,} → {after:,}" if before != after else f"rows {after:,} as before"
    same = sum(not _differs(one) for one in found.columns)
    if same:
        yield (
            f"{same:,} of {len(found.columns):,} columns have the type and the missing values "
            "that they had"
        )


def _table(columns: list[ColumnCheck]) -> Iterator[str]:
    """A line for each column: what became of it, its type, its missing values."""
    cells = [
        ("column", "", "type", "missing"),
        *(
            (
                one.name,
                one.status if one.status != "same" else "",
                _both(one.types),
                _both(one.missing),
            )
            for one in columns
        ),
    ]
    cut = [(_cut(visible(name)), *more) for name, *more in cells]
    widths = [max(map(cell_len, column)) for column in zip(*cut, strict=True)]
    for line in cut:
        padded = (
            text + " " * (wide - cell_len(text)) for text, wide in zip(line, widths, strict=True)
        )
        yield "  ".join(padded).rstrip()


def _cut(name: str) -> str:
    while cell_len(name) > _NAME:
        name = name.removesuffix("…")[:-1] + "…"
    return name


def _both(pair: tuple[str | int | None, str | int | None]) -> str:
    before, after = (f"{one:,}" if isinstance(one, int) else one or "" for one in pair)
    return after if before == after else f"{before or '-'} → {after or '-'}"
