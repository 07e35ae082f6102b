"""The line below the grid in which queries are typed: a text to find, a filter, SQL."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar, Final, Literal

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.widgets import Label, Static

from amltui.text import visible, visible_lines
from amltui.tui.history import History
from amltui.tui.keymap import key_of
from amltui.tui.widgets.fields import Field
from amltui.tui.widgets.palette import Palette, PaletteCommand

if TYPE_CHECKING:
    from amltui.tui.widgets.sql_editor import Complete, SqlEditor

Kind = Literal["find", "filter", "sql"]

PROMPTS: Final[dict[Kind, tuple[str, str]]] = {
    "find": ("/", "find in all columns; {} and {} go on"),
    "filter": ("&", "a text, or conditions: age>50 & city=Paris & note~^regex; name= is missing"),
    "sql": ("sql", "select … from data"),
}


class QueryInput(Field):
    """One line, for what needs no more."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "ask", "ask"),
        Binding("up", "recall(-1)", "what was asked before"),
        Binding("escape", "leave", "leave"),
        Binding("down", "recall(1)", "what was asked after that", show=False),
    ]

    @property
    def _bar(self) -> QueryLine:
        return self.screen.query_one(QueryLine)

    def action_leave(self) -> None:
        """Go back to the grid without asking; what is being asked is stopped."""
        self._bar.leave()

    def action_ask(self) -> None:
        """Ask at once: the next key is the grid's."""
        self._bar.ask()

    def action_recall(self, step: int) -> None:
        """Write what was asked before (-1), or after that (1), in place of what stands here."""
        self._bar.recall(step)


class QueryLine(Vertical):
    """A line or an editor, above it what is wrong with the query or names that complete it.

    What its keys do it does at once, and not by messages: the next key is for what comes of it.
    """

    DEFAULT_CSS = "QueryLine { height: auto; display: none; }"

    class Entered(Message):
        """A query about the rows was typed."""

        def __init__(self, kind: Kind, text: str) -> None:
            super().__init__()
            self.kind = kind
            self.text = text

    class Left(Message):
        """The query that is being asked is not wanted any more."""

    class SaveRequested(Message):
        """A statement is to have a name."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    class NamedRequested(Message):
        """A statement that has a name is to be chosen."""

    class SqlOpened(Message):
        """A statement is going to be written: its words are to be completed."""

    def __init__(self, closed: Callable[[], None], *, id: str | None = None) -> None:  # noqa: A002  Textual's own name for it
        """Begin closed.

        Args:
            closed: called when the line closes; it gives the focus to something else.
            id: of the widget.
        """
        super().__init__(id=id)
        self._when_closed = closed
        self._kind: Kind = "find"
        self._history: dict[Kind, History] = {kind: History() for kind in PROMPTS}
        self.check: Callable[[Kind, str], str] = lambda _kind, _text: ""
        """Says what is wrong with a query before it is asked, or ""."""

    def compose(self) -> ComposeResult:
        """What is wrong, names, the line."""
        yield Static("", id="query-problem", markup=False)
        yield Static("", id="query-names", markup=False)
        with Horizontal(id="query"):
            yield Label("", id="query-mark", markup=False)
            yield QueryInput(id="query-text", compact=True)

    def on_mount(self) -> None:
        """Nothing is wrong yet."""
        self._say("")
        self.offer((), 0)

    def remember(self, texts: Mapping[str, Sequence[str]]) -> None:
        """Know what earlier programs asked."""
        for kind, history in self._history.items():
            history.before(texts.get(kind, ()))

    def complete_by(self, complete: Complete) -> None:
        """Complete words of SQL so."""
        self._editor.complete = complete

    def open(self, kind: Kind, text: str | None = None) -> None:
        """Let a query be typed; `text` None: begin with what was asked last."""
        if text is None:
            text = self._history[kind].last or ("select * from data" if kind == "sql" else "")
        self._kind = kind
        mark, placeholder = PROMPTS[kind]
        if kind == "find":
            placeholder = placeholder.format(key_of("find_next"), key_of("find_previous"))
        self.query_one("#query-mark", Label).update(mark)
        line = self.query_one(QueryInput)
        line.placeholder = placeholder
        line.display = kind != "sql"
        field = line if kind != "sql" else self._editor
        for editor in self.query("#query-sql"):
            editor.display = editor is field
        self._write(text)
        self._say("")
        self.display = True
        # Now, not by a message: what is typed next is for the line.
        self.screen.set_focus(field)
        if kind == "sql":
            self.post_message(self.SqlOpened())

    def close(self) -> None:
        """Go away."""
        self._when_closed()
        self.display = False
        self._say("")
        self.offer((), 0)

    @property
    def _editor(self) -> SqlEditor:
        """Where SQL is written; made for the first statement."""
        from amltui.tui.widgets.sql_editor import SqlEditor

        for editor in self.query(SqlEditor):
            return editor
        editor = SqlEditor(self, id="query-sql")
        self.query_one("#query").mount(editor)
        return editor

    @property
    def _written(self) -> str:
        """What stands in the line."""
        if self._kind == "sql":
            return self._editor.text
        return self.query_one(QueryInput).value

    def _write(self, text: str) -> None:
        if self._kind == "sql":
            self._editor.write(text)
        else:
            self.query_one(QueryInput).value = text

    # What its keys do

    def ask(self) -> None:
        """Ask what stands in the line."""
        text = self._written
        self.offer((), 0)
        self._history[self._kind].add(text)
        problem = self.check(self._kind, text)
        self._say(problem)
        if problem:
            return
        if self._kind != "sql":  # where a mistake is likely, and only the answer tells
            self.close()
        self.post_message(self.Entered(self._kind, text))

    def leave(self) -> None:
        """Close without an answer; what is being asked is stopped."""
        self.close()
        self.post_message(self.Left())

    def recall(self, step: int) -> None:
        """Write what was asked before (-1), or after that (1), in place of what stands here."""
        self._write(self._history[self._kind].step(self._written, step))

    def search(self) -> None:
        """Choose from what was asked before, by any part of it."""
        asked = self._history[self._kind].asked[::-1]
        self.screen.query_one(Palette).open(
            [
                PaletteCommand(f"asked:{at}", visible(" ".join(text.split())))
                for at, text in enumerate(asked)
            ],
            lambda chosen: self._write(asked[int(chosen.partition(":")[2])]),
            title=f"Asked before ({len(asked):,})",
            asks="a part of it",
            number="",
        )

    def save(self) -> None:
        """Give what is written a name."""
        if self._written.strip():
            self.post_message(self.SaveRequested(self._written))

    def open_named(self) -> None:
        """Choose from the statements that have a name."""
        self.post_message(self.NamedRequested())

    def offer(self, names: Sequence[str], at: int) -> None:
        """Show names that fit, from the one that stands in the text on."""
        line = self.query_one("#query-names", Static)
        line.display = len(names) > 1
        if len(names) > 1:
            left = "  ".join(visible(name) for name in [*names[at:], *names[:at]])
            line.update(f"{at + 1}/{len(names)}  {left}")

    # What came of a query

    def answered(self, kind: Kind) -> None:
        """A query has its answer: its line can go."""
        if self.display and kind == self._kind:
            self.close()

    def refused(self, kind: Kind, text: str, problem: str, *, position: int | None = None) -> None:
        """A query was wrong: give its line back, with what is wrong about it, and where."""
        if not self.display:
            self.open(kind, text)
        self._say(problem)
        if kind == "sql" and position is not None and self._editor.text == text:
            self._editor.point_at(position)

    def _say(self, problem: str) -> None:
        words = self.query_one("#query-problem", Static)
        words.update(visible_lines(problem))
        words.display = bool(problem)
