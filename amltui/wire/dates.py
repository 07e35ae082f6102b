"""The two ways in which the protocol writes a time."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Final

from amltui.models import EPOCH

_DATE: Final = re.compile(r"/Date\((-?\d+)(?:[+-]\d{4})?\)/")
_TICKS_AT_EPOCH: Final = 621_355_968_000_000_000
MICROSECOND: Final = timedelta(microseconds=1)


def to_wire(moment: datetime) -> str:
    """`/Date(ms)/`: whole milliseconds since 1970, UTC; times before 1970 become 0."""
    return microseconds_to_wire((moment - EPOCH) // MICROSECOND)


def microseconds_to_wire(microseconds: int) -> str:
    """As `to_wire`, from microseconds since 1970."""
    return f"/Date({max(0, microseconds // 1_000)})/"


def microseconds_to_ticks(microseconds: int) -> int:
    """As `to_ticks`, from microseconds since 1970."""
    return _TICKS_AT_EPOCH + microseconds * 10


def from_wire(text: str | None) -> datetime | None:
    """The aware UTC datetime in `/Date(ms)/`, or in ISO 8601; None when it is neither."""
    if not text:
        return None
    match = _DATE.search(text)
    try:
        if match:
            return EPOCH + timedelta(milliseconds=int(match.group(1)))
        moment = datetime.fromisoformat(text)
        # .NET's smallest and largest times, written with an offset, lie outside the calendar.
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None


def to_ticks(moment: datetime) -> int:
    """.NET ticks: 100 ns steps since 0001-01-01."""
    return microseconds_to_ticks((moment - EPOCH) // MICROSECOND)
