"""The terminal program line by line: for screen readers, and for terminals that only print.

Nothing is drawn and nothing moves: datasets have numbers, a row is one line that names its columns,
and every other line is a command of the command line, in which `.` is the dataset that was chosen.
"""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Final, TypeVar

from amltui.cli import exit_codes
from amltui.cli.output import Out
from amltui.cli.registry import COMMANDS, EXPERIMENTS
from amltui.errors import AmltuiError
from amltui.redact import redacted
from amltui.text import human_size

if TYPE_CHECKING:
    from amltui.models import Dataset
    from amltui.services.session import Session

T = TypeVar("T")

NAMES: Final = 20
"""Datasets that are listed at once."""
ROWS: Final = 10
"""Rows that are shown at once."""
HELP: Final = """\
A number chooses the dataset with that number and shows its first rows.
Enter alone shows the next rows of it, or the next datasets of the list.
/TEXT lists the datasets whose names hold TEXT; / lists all, and asks the workspace again.
Any other line is a command as after amltui, and a dot in it is the chosen dataset:
stats . ; sql . "select count(*) from data" ; get . ; rename . NEW ; put FILE ; help
q ends."""
_OF_A_WORKSPACE: Final = frozenset(
    one.name for one in COMMANDS if one.title in {"Datasets", EXPERIMENTS}
)


class Talk:
    """What was listed, what was chosen, and how far each was shown."""

    def __init__(
        self,
        place: str | None,
        *,
        option: str = "--profile",
        command: Callable[[list[str]], int],
    ) -> None:
        """Begin with nothing listed.

        Args:
            place: the profile or folder; None: the one that the environment names.
            option: how a command names it.
            command: runs a command line.
        """
        self._place = place
        self._option = option
        self._command = command
        self._out = Out(json=False, quiet=False)
        self._all: Sequence[Dataset] = ()
        self._listed: Sequence[Dataset] = ()
        self._told = 0
        """Datasets of the list that were told."""
        self._chosen: Dataset | None = None
        self._row = 0
        """The first row of the chosen dataset that was not shown."""

    def begin(self) -> None:
        """Tell the first datasets."""
        self._list("")

    def answer(self, line: str) -> bool:
        """Do what a line says; false: it says that this is the end."""
        line = line.strip()
        if line in {"q", "quit", "exit"}:
            return False
        if line == "?":
            self._out.text(HELP)
        elif not line:
            self._go_on()
        elif line.startswith("/"):
            self._list(line[1:].strip())
        elif line.isdecimal():
            self._choose(int(line))
        elif line == ".":
            self._tell_chosen()
        else:
            self._run(line)
        return True

    def _say(self, text: str) -> None:
        self._out.line(text)

    def _list(self, wanted: str) -> None:
        if not wanted or not self._all:
            self._all = self._ask(_datasets) or ()
        self._listed = [one for one in self._all if wanted.casefold() in one.name.casefold()]
        self._told, self._chosen = 0, None
        count = len(self._listed)
        if wanted:
            self._say(f"{count:,} of {len(self._all):,} datasets.")
        else:
            self._say(f"{count:,} dataset{'s' * (count != 1)}.")
        self._tell_names()

    def _tell_names(self) -> None:
        some = self._listed[self._told : self._told + NAMES]
        for number, one in enumerate(some, self._told + 1):
            self._say(f"{number}. {one.name}, {one.data_type_id}, {human_size(one.size)}")
        self._told += len(some)
        left = len(self._listed) - self._told
        if left:
            self._say(f"{left:,} more: Enter goes on.")

    def _tell_chosen(self) -> None:
        if self._chosen is None:
            self._say("No dataset is chosen: its number chooses one.")
        else:
            self._say(f"A dot in a command is {self._chosen.name}: stats . ; get . ; ? tells more.")

    def _choose(self, number: int) -> None:
        if not 1 <= number <= len(self._listed):
            self._say(f"No dataset has the number {number}: there are {len(self._listed):,}.")
            return
        self._chosen, self._row = self._listed[number - 1], 0
        self._say(f"{self._chosen.name}:")
        self._show_rows()

    def _go_on(self) -> None:
        if self._chosen is not None:
            self._show_rows()
        elif self._told < len(self._listed):
            self._tell_names()
        else:
            self._say("That was all. A number chooses one; ? tells what else there is.")

    def _show_rows(self) -> None:
        chosen, start = self._chosen, self._row
        assert chosen is not None

        async def work(session: Session) -> list[str]:
            preview = await session.previews.open(chosen)
            try:
                rows, found = await preview.window_of(start, ROWS)
                names = [column.name or f"column {at}" for at, column in enumerate(rows.columns, 1)]
                return [
                    f"Row {row + 1:,}: "
                    + "; ".join(
                        f"{name} {_cell(rows.cell(row, at))}" for at, name in enumerate(names)
                    )
                    for row in found
                ]
            finally:
                preview.close()

        lines = self._ask(work)
        if lines is None:
            return
        for line in lines:
            self._say(line)
        self._row += len(lines)
        self._say("Enter shows more." if len(lines) == ROWS else "These are all rows.")

    def _run(self, line: str) -> None:
        try:
            words = shlex.split(line)
        except ValueError as error:
            self._say(f"That line cannot be read: {error}.")
            return
        if "." in words and self._chosen is None and words[0] in _OF_A_WORKSPACE:
            self._say("No dataset is chosen: its number chooses one.")
            return
        if self._chosen is not None:
            words = [self._chosen.name if word == "." else word for word in words]
        if self._place is not None and words[0] in _OF_A_WORKSPACE:
            words += [self._option, self._place]
        code = self._command(words)
        if code:
            self._say(f"That failed with code {code}.")

    def _ask(self, work: Callable[[Session], Awaitable[T]]) -> T | None:
        """What the workspace answers; None: it did not, and that was told."""
        from amltui.cli.session import in_session

        try:
            return in_session(self._place, self._out, work)
        except AmltuiError as error:
            self._say(redacted(str(error)))
            if error.hint:
                self._say(redacted(error.hint))
            return None


async def _datasets(session: Session) -> Sequence[Dataset]:
    return (await session.current_list()).datasets


def _cell(text: str | None) -> str:
    if text is None:
        return "missing"
    return text or "empty"


def talk(
    place: str | None, *, option: str = "--profile", command: Callable[[list[str]], int]
) -> int:
    """Answer lines of standard input until it ends; the exit code. Arguments as `Talk`'s."""
    one = Talk(place, option=option, command=command)
    try:
        one.begin()
        one.answer("?")
        while True:
            sys.stdout.write("> ")
            sys.stdout.flush()
            line = sys.stdin.readline()
            if not line or not one.answer(line):
                return exit_codes.DONE
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # nobody reads on
        return exit_codes.BROKEN_PIPE
