"""Sets of ranges against a set of bytes."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from amltui.cache import Ranges

RANGE = st.tuples(st.integers(0, 60), st.integers(0, 60))


@given(st.lists(RANGE, max_size=30), st.integers(0, 70))
def test_ranges_are_what_a_set_of_bytes_would_be(added, size):
    ranges, model = Ranges(), set()
    for start, stop in added:
        ranges.add(start, stop)
        model |= set(range(start, stop))
    assert {byte for start, stop in ranges for byte in range(start, stop)} == model
    assert ranges.total == len(model)
    assert ranges.end == max(model, default=-1) + 1
    assert ranges.prefix == next(n for n in range(100) if n not in model)
    missing = {byte for start, stop in ranges.missing(size) for byte in range(start, stop)}
    assert missing == set(range(size)) - model
    pairs = list(ranges)
    assert all(one[1] < other[0] for one, other in itertools.pairwise(pairs))
