"""How numbers and dates are shown in a preview: never how they are copied or written.

number_format = "1,234.56"      # beside `default` in config.toml, above the profiles
date_format = "31.12.2026"
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal, localcontext
from typing import Any, Final

from amltui.config.profiles import profiles_file, written_at
from amltui.config.toml import read_toml
from amltui.errors import ConfigError

DATES: Final = {
    "2026-12-31": "%Y-%m-%d",
    "31.12.2026": "%d.%m.%Y",
    "31/12/2026": "%d/%m/%Y",
    "12/31/2026": "%m/%d/%Y",
    "31 Dec 2026": "%d %b %Y",
}
"""What can be chosen, as the last day of 2026 looks, and what makes it."""
# As texts, which `re` remembers: the program starts without them.
_EXAMPLE: Final = r"1(?P<group>[,. _']?)234(?P<point>[.,])?(?P<digits>[5-9]\d{0,9})?"
_NUMBER: Final = r"(?a)(?P<sign>[+-]?)(?P<whole>0|[1-9]\d*)(?:\.(?P<rest>\d+))?"
_WRITTEN: Final = {
    "day/month/year": r"(?P<d>\d\d?)[/.-](?P<m>\d\d?)[/.-](?P<y>\d{4})(?P<rest>.*)",
    "month/day/year": r"(?P<m>\d\d?)[/.-](?P<d>\d\d?)[/.-](?P<y>\d{4})(?P<rest>.*)",
    "year/month/day": r"(?P<y>\d{4})[/.](?P<m>\d\d?)[/.](?P<d>\d\d?)(?P<rest>.*)",
}
"""Dates by the notation of their column."""
_ISO: Final = r"(?s)(?P<y>\d{4})-(?P<m>\d\d)-(?P<d>\d\d)(?P<rest>.*)"
_MONTHS: Final = [
    "Jan",
    "Feb",
    "Mar",
    "Apr",
    "May",
    "Jun",
    "Jul",
    "Aug",
    "Sep",
    "Oct",
    "Nov",
    "Dec",
]
_UNGROUPED: Final = 4
"""Digits that stand together without a sign: years and short ids read so."""


@dataclass(frozen=True, slots=True)
class NumberFormat:
    """Signs and digits of a number."""

    group: str = ""
    """Between thousands; "": nothing."""
    point: str = "."
    digits: int | None = None
    """Behind the point, of numbers that have any; None: as many as are written."""

    def show(self, text: str) -> str:
        """A number as a file has it, in this format; any other text as it is.

        `007` and `1e5` stay, too: they are written so for a reason.
        """
        match = re.fullmatch(_NUMBER, text)
        if match is None:
            return text
        sign, whole, rest = match["sign"], match["whole"], match["rest"] or ""
        if rest and self.digits is not None:
            whole, _, rest = _rounded(f"{whole}.{rest}", self.digits).partition(".")
        if self.group and len(whole) > _UNGROUPED:
            whole = f"{int(whole):,}".replace(",", self.group)
        return f"{sign}{whole}{self.point}{rest}" if rest else f"{sign}{whole}"


def _rounded(text: str, digits: int) -> str:
    """A number of any length with so many digits behind the point."""
    with localcontext() as context:
        context.prec = len(text) + digits + 2
        step = Decimal(1).scaleb(-digits)
        return f"{Decimal(text).quantize(step, rounding=ROUND_HALF_EVEN):f}"


@dataclass(frozen=True, slots=True)
class Display:
    """How values are shown that a column's type says are numbers or dates."""

    numbers: NumberFormat | None = None
    dates: str | None = None
    """One of `DATES`; None: as they are written."""

    def shows(self, kind: str | None) -> bool:
        """Whether values of a type may look otherwise than they are written."""
        if kind in {"int", "float"}:
            return self.numbers is not None
        return kind in {"date", "datetime"} and self.dates is not None

    def show(self, text: str, kind: str | None, notation: str = "") -> str:
        """A value as it is shown; one that is not of its column's type as it is.

        Args:
            text: as the file has it.
            kind: the column's type.
            notation: how its values are written, as `tables.types` says.
        """
        if kind in {"int", "float"} and self.numbers is not None:
            return self.numbers.show(text)
        if kind in {"date", "datetime"} and self.dates is not None:
            return self._date(text, notation)
        return text

    def moment(self, text: str) -> str:
        """A moment that begins with a date as ISO 8601 has it."""
        return self._date(text, "") if self.dates is not None else text

    def _date(self, text: str, notation: str) -> str:
        match = re.fullmatch(_WRITTEN.get(notation, _ISO), text)
        if match is None or not 1 <= int(match["m"]) <= len(_MONTHS):
            return text
        month, day = int(match["m"]), int(match["d"])
        date = DATES[self.dates or "2026-12-31"]
        for sign, part in (
            ("%Y", match["y"]),
            ("%m", f"{month:02}"),
            ("%d", f"{day:02}"),
            ("%b", _MONTHS[month - 1]),
        ):
            date = date.replace(sign, part)
        rest = match["rest"]
        return f"{date} {rest[1:]}" if rest.startswith("T") else date + rest


def display() -> Display:
    """How numbers and dates are shown. Blocks on the disk.

    Raises:
        ConfigError: what is set is no format.
    """
    document = read_toml(profiles_file())
    number, date = document.get("number_format"), document.get("date_format")
    return Display(
        None if number is None else number_format_of(number, written_at("number_format")),
        None if date is None else date_format_of(date, written_at("date_format")),
    )


def number_format_of(value: Any, source: object) -> NumberFormat:
    """A format that somebody wrote, as the number 1234 looks in it.

    Raises:
        ConfigError: it is none; `source` says who wrote it.
    """
    match = re.fullmatch(_EXAMPLE, value) if isinstance(value, str) else None
    group, point, digits = match.groups(default="") if match else ("", "", "")
    if match is None or (digits and not point) or (point and group == point):
        raise ConfigError(
            f"{source} is no way to write the number 1234: {value!r}",
            hint="Write 1,234.56 or 1 234,5; 1,234 or 1.234, for digits as the file has them.",
        )
    if not point:
        point = "," if group == "." else "."
    return NumberFormat(group, point, len(digits) if digits else None)


def date_format_of(value: Any, source: object) -> str:
    """A format that somebody wrote, as the last day of 2026 looks in it.

    Raises:
        ConfigError: it is none of `DATES`; `source` says who wrote it.
    """
    if isinstance(value, str) and value in DATES:
        return value
    raise ConfigError(
        f"{source} is none of the formats that there are: {value!r}",
        hint=f"Write one of {', '.join(DATES)}.",
    )
