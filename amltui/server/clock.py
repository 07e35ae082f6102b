"""Times as the database keeps them: microseconds since 1970, UTC."""

from __future__ import annotations

import time
from datetime import datetime, timedelta

from amltui.models import EPOCH
from amltui.wire.dates import MICROSECOND


def now() -> int:
    """The present moment."""
    return time.time_ns() // 1_000


def moment(microseconds: int) -> datetime:
    """As an aware datetime."""
    return EPOCH + timedelta(microseconds=microseconds)


def microseconds(moment: datetime) -> int:
    """As the database keeps it."""
    return (moment - EPOCH) // MICROSECOND
