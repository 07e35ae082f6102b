"""What a command prints: data on standard output, everything else on standard error.

On a terminal lists are tables that respect its width. Anywhere else they are plain: one line for
each thing, cells separated by tabs, nothing truncated, no header. `--json` prints one document.
Text that came from outside passes `visible` here, so that no command can forget it.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, Literal, TextIO

from amltui.text import human_size, iso_utc, visible, visible_lines
from amltui.times import local_time

if TYPE_CHECKING:
    from rich.console import Console

Kind = Literal["text", "size", "count", "time"]
"""How a column's values are shown: a size in bytes, a number, a moment, or a text."""


_NARROWEST: Final = 20
"""Cells that a wide column gets at least, if its texts are so long."""


@dataclass(frozen=True, slots=True)
class Col:
    """A column of a list."""

    title: str
    kind: Kind = "text"
    wide: bool = False
    """Whether it may take what width is left, and be folded."""


@dataclass(frozen=True, slots=True)
class Out:
    """Where a command's output goes and in which form."""

    json: bool = False
    quiet: bool = False

    @property
    def on_terminal(self) -> bool:
        """Whether a person reads standard output as it comes."""
        return not self.json and sys.stdout.isatty()

    def line(self, text: str = "") -> None:
        """Print one line of data; `text` is made safe."""
        _write(sys.stdout, visible(text) + "\n")

    def text(self, text: str) -> None:
        """Print a text of several lines; `text` is made safe."""
        _write(sys.stdout, visible_lines(text).rstrip("\n") + "\n")

    def markdown(self, text: str) -> None:
        """Print a text of our own documentation: rendered on a terminal, else as it is written."""
        if not self.on_terminal:
            self.text(text)
            return
        from rich.markdown import Markdown

        terminal = console()
        terminal.width = min(terminal.width, 100)  # longer lines are hard to read
        terminal.print(Markdown(text, code_theme="ansi_dark"))

    def note(self, text: str) -> None:
        """Tell the person something that is not data; not with `--quiet`."""
        if not self.quiet:
            warn(text)

    def document(self, value: Any) -> None:
        """Print `value` as the one JSON document of this command.

        Everything that is not ASCII is escaped, so that the document is safe on a terminal and
        reads the same in every locale.
        """
        text = json.dumps(value, indent=2, default=_plain).replace("\x7f", "\\u007f")
        _write(sys.stdout, text + "\n")

    def json_line(self, value: Any) -> None:
        """Print `value` as one line of several, each a JSON document; safe as `document` is."""
        _write(sys.stdout, json.dumps(value, default=_plain).replace("\x7f", "\\u007f") + "\n")

    def table(
        self,
        columns: Sequence[Col],
        rows: Iterable[Sequence[Any]],
        *,
        as_table: bool | None = None,
    ) -> None:
        """Print a list: a table on a terminal, else tab-separated lines.

        `as_table`: one of both, whatever standard output is.
        """
        if self.on_terminal if as_table is None else as_table:
            _rich_table(columns, rows)
            return
        for row in rows:
            cells = (_piped(value) for value, _ in zip(row, columns, strict=True))
            _write(sys.stdout, "\t".join(cells) + "\n")

    def growing(
        self, columns: Sequence[Col], *, as_table: bool | None = None
    ) -> Callable[[Iterable[Sequence[Any]]], None]:
        """What prints a list in pieces as they come, which fit together; otherwise as `table`."""
        drawn = self.on_terminal if as_table is None else as_table
        layout: _Layout | None = None

        def more(rows: Iterable[Sequence[Any]]) -> None:
            nonlocal layout
            if drawn:
                layout = _rich_piece(columns, list(rows), layout)
            else:
                self.table(columns, rows, as_table=False)
            sys.stdout.flush()

        return more

    def fields(self, pairs: Iterable[tuple[str, Any, Kind]]) -> None:
        """Print what is known of one thing: a label and a value on each line."""
        shown = [(label, value, kind) for label, value, kind in pairs if value not in {None, ""}]
        width = max((len(label) for label, _, _ in shown), default=0)
        for label, value, kind in shown:
            if not self.on_terminal:
                _write(sys.stdout, f"{label}\t{_piped(value)}\n")
            else:
                _write(sys.stdout, f"{label:<{width}}  {_shown(value, kind)}\n")


def warn(text: str) -> None:
    """Tell the person something on standard error, also with `--quiet`; `text` is made safe."""
    _write(sys.stderr, f"amltui: {visible_lines(text)}\n")


def console() -> Console:
    """What draws on standard output; where nobody reads any more, it raises as a write does."""
    from rich.console import Console

    class Own(Console):
        def on_broken_pipe(self) -> None:
            """Its own way is to end the program with code 1."""
            raise BrokenPipeError

    return Own(highlight=False, markup=False, emoji=False)


def error_line(code: int, message: str, hint: str) -> None:
    """Tell a program on standard error what went wrong: one line that is a JSON document."""
    _write(sys.stderr, json.dumps({"code": code, "message": message, "hint": hint}) + "\n")


def _write(stream: TextIO | None, text: str) -> None:
    if stream is not None:  # None: whoever started us closed it
        stream.write(text)


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return iso_utc(value)
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    if isinstance(value, (set, frozenset)):
        return sorted(value)
    raise TypeError(f"{type(value).__name__} has no place in a document")


def _piped(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return iso_utc(value) or ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return visible(str(value))


def _shown(value: Any, kind: Kind) -> str:
    if value is None:
        return "?" if kind == "size" else ""
    if kind == "size":
        return human_size(value)
    if kind == "count" and isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, datetime):
        return local_time(value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return visible(str(value))


@dataclass(frozen=True, slots=True)
class _Layout:
    """How a table is laid out whose rows come in pieces."""

    kept: list[int]
    widths: dict[int, int]


def _rich_table(columns: Sequence[Col], rows: Iterable[Sequence[Any]]) -> None:
    terminal = console()
    shown = _shown_rows(columns, rows)
    kept = _fitting(columns, shown, terminal.width)
    _print(terminal, columns, shown, _Layout(kept, {}))
    _say_left_out(columns, kept)


def _rich_piece(
    columns: Sequence[Col], rows: Iterable[Sequence[Any]], layout: _Layout | None
) -> _Layout:
    """Print rows below those that were printed by `layout`; None: they are the first."""
    terminal = console()
    shown = _shown_rows(columns, rows)
    if layout is not None:
        _print(terminal, columns, shown, layout, head=False)
        return layout
    kept = _fitting(columns, shown, terminal.width)
    needed = _needed(columns, shown)
    widths = {at: needed[at] for at in kept if not columns[at].wide}
    wide = [at for at in kept if columns[at].wide]
    room = terminal.width - sum(widths.values()) - len(kept) + 1
    widths |= {at: max(room // len(wide), 1) for at in wide}  # what comes may be longer
    made = _Layout(kept, widths)
    _print(terminal, columns, shown, made)
    _say_left_out(columns, kept)
    return made


def _shown_rows(columns: Sequence[Col], rows: Iterable[Sequence[Any]]) -> list[list[str]]:
    return [
        [_shown(value, col.kind) for value, col in zip(row, columns, strict=True)] for row in rows
    ]


def _print(
    terminal: Console,
    columns: Sequence[Col],
    shown: list[list[str]],
    layout: _Layout,
    *,
    head: bool = True,
) -> None:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold", show_header=head)
    for at in layout.kept:
        col = columns[at]
        table.add_column(
            col.title,
            justify="right" if col.kind in {"size", "count"} else "left",
            overflow="fold" if col.wide else "ellipsis",
            no_wrap=not col.wide,
            width=layout.widths.get(at),
        )
    for row in shown:
        # Text, never str: rich would read markup in a str.
        table.add_row(*(Text(row[at]) for at in layout.kept))
    terminal.print(table)


def _say_left_out(columns: Sequence[Col], kept: list[int]) -> None:
    if len(kept) < len(columns):
        left_out = [col.title for at, col in enumerate(columns) if at not in kept]
        warn(f"Too narrow for: {', '.join(left_out)}.")


def _needed(columns: Sequence[Col], rows: Sequence[Sequence[str]]) -> list[int]:
    """Cells that each column takes at most."""
    from rich.cells import cell_len

    return [
        max([len(col.title), *(cell_len(row[at]) for row in rows)])
        for at, col in enumerate(columns)
    ]


def _fitting(columns: Sequence[Col], rows: Sequence[Sequence[str]], width: int) -> list[int]:
    """The columns that a terminal has room for; the last ones go first, wide ones never."""
    needed = _needed(columns, rows)
    for at, col in enumerate(columns):
        if col.wide:
            needed[at] = min(needed[at], _NARROWEST)
    kept = list(range(len(columns)))
    while sum(needed[at] + 1 for at in kept) - 1 > width:
        narrow = [at for at in kept if not columns[at].wide]
        if not narrow or len(kept) == 1:
            break
        kept.remove(narrow[-1])
    return kept
