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
    return f"/Date({max(0, (moment - EPOCH) // timedelta(milliseconds=1))})/"


def from_wire(text: str | None) -> datetime | None:
    """The aware UTC datetime in `/Date(ms)/`, or in ISO 8601; None when it is neither."""
    if not text:
        return None
    match = _DATE.search(text)
    try:
        if match:
            return EPOCH + timedelta(milliseconds=int(match.group(1)))
        moment = datetime.fromisoformat(text)
    except (ValueError, OverflowError):
        return None
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def to_ticks(moment: datetime) -> int:
    """.NET ticks: 100 ns steps since 0001-01-01."""
    return _TICKS_AT_EPOCH + (moment - EPOCH) // MICROSECOND * 10
