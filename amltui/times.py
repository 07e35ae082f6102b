"""Dates and times as people type and read them.

What travels on the wire is read by `wire.dates`; what stands in cells by `tables.types`.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Final

# As texts, which `re` remembers: the program starts without them.
_AGO: Final = (
    r"(?i)(?:(\d{1,6}|an?|last)\s*)(h|hours?|d|days?|w|weeks?|mo|months?|y|years?)(?:\s+ago)?"
)
_SLASHED: Final = r"\b(\d{1,2})([/.-])(\d{1,2})\2(?:\d{4}|\d\d)\b"
_EXAMPLES: Final = 'write it like 2026-11-01, "1 Nov 2026 14:30", yesterday or "2 weeks ago"'


def parse_time(text: str, *, now: datetime | None = None) -> datetime:
    """The moment that a person means by `text`, in UTC.

    Reads ISO 8601 and what `dateutil` reads (`1 Nov 2026`, `Nov 1, 14:30`), `now`, `today`,
    `yesterday`, `tomorrow`, and spans before now: `2 weeks ago`, `30d`. A day without a time is
    its first moment; a time without a zone is local time. A day and a month in figures alone are
    refused where either order makes sense, as in 3/4/2026.

    Args:
        text: what was typed.
        now: what spans count from and what parts that were left out are taken from; the present.

    Raises:
        ValueError: it cannot be read as one moment; the message says how to write one.
    """
    from dateutil import parser, tz
    from dateutil.relativedelta import relativedelta

    units = {
        "h": relativedelta(hours=1),
        "d": relativedelta(days=1),
        "w": relativedelta(weeks=1),
        "m": relativedelta(months=1),
        "y": relativedelta(years=1),
    }
    now = (now or datetime.now(UTC)).astimezone(tz.tzlocal())
    text = text.strip()
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    words = {
        "now": now,
        "today": midnight,
        "yesterday": midnight - relativedelta(days=1),
        "tomorrow": midnight + relativedelta(days=1),
    }
    try:
        if text.casefold() in words:
            found = words[text.casefold()]
        elif span := re.fullmatch(_AGO, text):
            count = int(span[1]) if span[1].isdigit() else 1
            found = now - count * units[span[2][0].lower()]
        else:
            _must_be_clear(text)
            found = parser.parse(text, default=midnight)
            if found.tzinfo is None:
                found = found.replace(tzinfo=tz.tzlocal())
        return found.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        reason = str(error) if isinstance(error, _Unclear) else f"{text!r} is no date"
        raise ValueError(f"{reason}: {_EXAMPLES}") from None


class _Unclear(ValueError):
    """Could mean several moments."""


def _must_be_clear(text: str) -> None:
    if text.isdigit() and len(text) != 8:
        raise _Unclear(f"{text!r} alone is no date")
    figures = re.search(_SLASHED, text)
    if figures and int(figures[1]) <= 12 and int(figures[3]) <= 12 and figures[1] != figures[3]:
        raise _Unclear(f"{text!r} may be in either order of day and month")


def local_time(moment: datetime) -> str:
    """`moment` as `2026-11-01 14:30` in this machine's zone."""
    return moment.astimezone().strftime("%Y-%m-%d %H:%M")
