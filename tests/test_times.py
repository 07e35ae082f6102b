import time
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amltui.times import local_time, parse_time

NOW = datetime(2026, 11, 26, 13, 45, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _in_berlin(monkeypatch):
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("2026-11-01", datetime(2026, 10, 31, 23, tzinfo=UTC)),
        ("20261101", datetime(2026, 10, 31, 23, tzinfo=UTC)),
        ("2026-07-01 12:30", datetime(2026, 7, 1, 10, 30, tzinfo=UTC)),
        ("2026-11-01T12:30:15Z", datetime(2026, 11, 1, 12, 30, 15, tzinfo=UTC)),
        ("2026-11-01T12:30:15-05:00", datetime(2026, 11, 1, 17, 30, 15, tzinfo=UTC)),
        ("1 Nov 2026", datetime(2026, 10, 31, 23, tzinfo=UTC)),
        ("Nov 1, 14:30", datetime(2026, 11, 1, 13, 30, tzinfo=UTC)),
        ("23/4/2026", datetime(2026, 4, 22, 22, tzinfo=UTC)),
        ("4/4/2026", datetime(2026, 4, 3, 22, tzinfo=UTC)),
        ("now", NOW),
        ("today", datetime(2026, 11, 25, 23, tzinfo=UTC)),
        ("Yesterday", datetime(2026, 11, 24, 23, tzinfo=UTC)),
        ("2 weeks ago", datetime(2026, 11, 12, 13, 45, tzinfo=UTC)),
        ("a month ago", datetime(2026, 10, 26, 13, 45, tzinfo=UTC)),
        ("30d", datetime(2026, 10, 27, 13, 45, tzinfo=UTC)),
    ],
)
def test_what_people_type_is_the_moment_that_they_mean(typed, meant):
    assert parse_time(typed, now=NOW) == meant


@pytest.mark.parametrize(
    "typed", ["", "soon", "3/4/2026", "03.04.26", "30", "2026-13-40", "9" * 40]
)
def test_what_may_mean_several_moments_or_none_is_refused_with_examples(typed):
    with pytest.raises(ValueError, match="write it like 2026-11-01"):
        parse_time(typed, now=NOW)


@given(st.text(max_size=30))
def test_any_text_is_read_or_refused(text):
    try:
        read = parse_time(text, now=NOW)
    except ValueError as error:
        message = str(error)
    else:
        message = f"write it like {read:%Y}" if read.tzinfo is UTC else "no zone"
    assert "write it like" in message


def test_times_are_shown_in_the_zone_of_the_machine():
    assert local_time(datetime(2026, 7, 1, 10, 30, tzinfo=UTC)) == "2026-07-01 12:30"
