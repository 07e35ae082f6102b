"""Commands that take several names: reading the names, one line for each, the worst exit code."""

# No postponed annotations here: the parser looks for them in the module of whoever uses them.

import re
import sys
from collections.abc import Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Final, TypeVar

from cyclopts import Parameter

from amltui.cli.exit_codes import FileNotThere, code_of
from amltui.cli.local_files import STDIN
from amltui.cli.output import Out, warn
from amltui.disk import expanded
from amltui.errors import AmltuiError, UsageError
from amltui.text import visible

if TYPE_CHECKING:
    from amltui.models import Dataset
    from amltui.services.selection import Selected
    from amltui.services.session import Session

T = TypeVar("T")

_GROUP = "Several at once"
Jobs = Annotated[int, Parameter(name=("--jobs", "-j"))]
JOBS: Final = 8
"""Datasets that are worked on at once, of several, unless told otherwise."""
_MOST_NAMES: Final = 16 << 20
"""Bytes of a file of names."""


@Parameter(name="*")
@dataclass(frozen=True, slots=True)
class NamesInFile:
    """Names that stand in a file."""

    from_file: Annotated[
        str | None,
        Parameter(
            help="A file with one name on each line, or with NULs between; - for standard input.",
            group=_GROUP,
        ),
    ] = None

    def words(self, names: Sequence[str]) -> list[str]:
        """The names of the command and those of the file.

        Raises:
            FileNotThere, UsageError: the file cannot be read.
        """
        return [*names, *(_names_in(self.from_file) if self.from_file is not None else ())]


@Parameter(name="*")
@dataclass(frozen=True, slots=True)
class Named(NamesInFile):
    """Names of datasets, which may be patterns."""

    regex: Annotated[
        bool,
        Parameter(help="Names are regular expressions, which fit whole names.", group=_GROUP),
    ] = False

    def one(self, names: Sequence[str]) -> bool:
        """Whether a single name is meant, which is no pattern."""
        from amltui.services.selection import is_pattern

        plain = len(names) == 1 and self.from_file is None
        return plain and not self.regex and not is_pattern(names[0])


@Parameter(name="*")
@dataclass(frozen=True, slots=True)
class Several(Named):
    """Names in a file, or all of the workspace's own."""

    mine: Annotated[bool, Parameter(help="All of the workspace's own.", group=_GROUP)] = False

    def one(self, names: Sequence[str]) -> bool:
        """See `Named`."""
        return not self.mine and Named.one(self, names)

    async def select(self, session: "Session", names: Sequence[str]) -> "list[Selected]":
        """The datasets that are meant.

        Raises:
            UsageError: nothing was named.
        """
        from amltui.cli.output import warn
        from amltui.services.selection import is_pattern, select

        words = self.words(names)
        if not words and not self.mine and self.from_file is None:
            raise UsageError(
                "A dataset's name is needed",
                hint="Or a quoted pattern like 'sales-*', --mine, or --from-file FILE.",
            )
        found = await select(session, words, mine=self.mine, regex=self.regex)
        if self.mine or self.regex or any(map(is_pattern, words)):
            gap = (await session.current_list()).gap
            if gap:
                warn(gap)
        return found


LISTED = NamesInFile()
NAMED = Named()
SEVERAL = Several()


LimitRate = Annotated[str | None, Parameter(name="--limit-rate")]
_RATE: Final = re.compile(r"(\d+(?:\.\d+)?)([KMG]?)B?", re.IGNORECASE)


def rate_of(limit: str | None) -> float | None:
    """Bytes per second that `--limit-rate` says, as curl has it: powers of 1024. None: no limit.

    Raises:
        UsageError: it is no rate.
    """
    if limit is None:
        return None
    match = _RATE.fullmatch(limit.strip())
    rate = float(match[1]) * 1024 ** " KMG".index(match[2].upper() or " ") if match else 0.0
    if rate < 1:
        raise UsageError(
            f"--limit-rate {visible(limit)} is no rate", hint="It looks like 500K, 2M or 1.5G."
        )
    return rate


def check_jobs(jobs: int) -> None:
    """See that it is a number of things to do at once.

    Raises:
        UsageError: it is not.
    """
    if not 1 <= jobs <= 64:
        raise UsageError(f"--jobs {jobs} is not 1 to 64")


def _names_in(file: str) -> list[str]:
    try:
        if file == STDIN:
            data = sys.stdin.buffer.read(_MOST_NAMES)
        else:
            with expanded(file).open("rb") as opened:
                data = opened.read(_MOST_NAMES)
    except FileNotFoundError:
        raise FileNotThere(f"There is no file {visible(file)}") from None
    separator = b"\0" if b"\0" in data else b"\n"
    try:
        lines = [line.removesuffix(b"\r").decode("utf-8") for line in data.split(separator)]
    except UnicodeDecodeError:
        raise UsageError(f"{visible(file)} is no list of names: it is not UTF-8") from None
    return [line for line in lines if line]


class Report:
    """Says of each what came of it, and of all how many there were."""

    def __init__(self, out: Out) -> None:
        self._out = out
        self._done = 0
        self._kept = 0
        self._failed = 0
        self.code = 0
        """The largest of the exit codes that each would have had alone."""

    def done(
        self, name: str, line: str | None, document: dict[str, Any], *, kept: bool = False
    ) -> None:
        """One is done. `line` is data; None: nothing to print. `kept`: nothing was to do."""
        self._done += not kept
        self._kept += kept
        if self._out.json:
            self._out.json_line({"name": name, **document})
        elif line is not None:
            self._out.line(line)

    def failed(self, name: str, error: AmltuiError) -> None:
        """One failed."""
        self._failed += 1
        code = code_of(error)
        self.code = max(self.code, code)
        if self._out.json:
            said = {"code": code, "message": str(error), "hint": error.hint or ""}
            self._out.json_line({"name": name, "error": said})
        else:
            warn(f'"{visible(name)}": {error}')

    def close(self, what: str, total: int) -> int:
        """Say how many there were; the exit code. `what`: what was done with them."""
        parts = [f"{self._done:,} {what}"]
        parts += [f"{self._kept:,} were there already"] if self._kept else []
        parts += [f"{self._failed:,} failed"] if self._failed else []
        left = total - self._done - self._kept - self._failed
        parts += [f"{left:,} not tried: the same command goes on"] if left else []
        self._out.note(f"{', '.join(parts)}.")
        return self.code


async def work_on(
    selected: "Sequence[Selected]",
    report: Report,
    work: "Callable[[Dataset], Awaitable[T]]",
    done: "Callable[[Dataset, T], None]",
    *,
    at_once: int = 1,
) -> None:
    """Do `work` for each dataset, some at once, and `done` with what came of it."""
    from amltui.services.selection import work_through

    datasets = []
    for one in selected:
        if isinstance(one.found, AmltuiError):
            report.failed(one.name, one.found)
        else:
            datasets.append(one.found)
    async with aclosing(work_through(datasets, work, at_once=at_once)) as results:
        async for dataset, result in results:
            if isinstance(result, AmltuiError):
                report.failed(dataset.name, result)
            else:
                done(dataset, result)
