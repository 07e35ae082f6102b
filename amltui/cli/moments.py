"""A time that an option names; apart, as the other options need the parser and `ls` does not."""

from __future__ import annotations

from datetime import datetime

from amltui.errors import UsageError


def moment(option: str, text: str | None) -> datetime | None:
    """The time that was typed for an option; see `times.parse_time`."""
    if text is None:
        return None
    from amltui.times import parse_time

    try:
        return parse_time(text)
    except ValueError as error:
        raise UsageError(f"{option}: {error}") from None
