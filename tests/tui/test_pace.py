"""When it is said how far something is."""

from __future__ import annotations

from amltui.tui.pace import Pace


def test_who_looks_on_sees_at_once_how_far_something_is():
    assert Pace().allows(last=0)


def test_who_types_does_not_wait_for_what_says_how_far_something_is():
    seconds = [10.0]
    pace = Pace(lambda: seconds[-1])
    pace.key_taken()
    assert not pace.allows(last=10)
    seconds.append(11)
    assert pace.allows(last=10)


def test_who_types_on_and_on_is_told_in_the_end_how_far_something_is():
    seconds = [10.0]
    pace = Pace(lambda: seconds[-1])
    while not pace.allows(last=10):
        seconds.append(seconds[-1] + 0.1)
        pace.key_taken()
    assert seconds[-1] < 14
