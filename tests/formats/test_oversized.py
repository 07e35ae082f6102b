"""Rows that are too long for a block: fields that are only counted are passed together."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from amltui.formats.oversized import OversizedRow


def read(data, columns, size, skip_space):
    row = OversizedRow(
        0, delimiter=b",", quotes=True, skip_space=skip_space, columns=columns, literal=3
    )
    for at in range(0, len(data), size):
        used = row.push(data[at : at + size])
        if used is not None:
            return row.finish(), at + used, row.opened
    return row.finish(), None, row.opened


@settings(max_examples=500, deadline=None)
@given(
    st.lists(st.sampled_from([b"a", b",", b",", b'"', b" ", b"\n", b"\r"]), max_size=40),
    st.integers(1, 3),
    st.sampled_from([1, 2, 5, 99]),
    st.booleans(),
)
@example([b"a", b",", b'"', b'"', b",", b" ", b'"', b",", b'"'], 1, 2, True)
def test_surplus_fields_are_passed_as_they_are_one_by_one(parts, columns, size, skip_space):
    data = b"".join(parts)
    found = read(data, columns, size, skip_space)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(OversizedRow, "_surplus", lambda _self, _data, position: position)
        assert found == read(data, columns, size, skip_space)


def test_a_row_of_very_many_fields_is_not_read_field_by_field(monkeypatch):
    steps = []
    plain = OversizedRow._plain
    monkeypatch.setattr(
        OversizedRow, "_plain", lambda self, *given: steps.append(1) or plain(self, *given)
    )
    found, used, _ = read(b"1,2,3," * 50_000 + b"4\n", 2, 4_096, skip_space=True)
    assert (found.found, used) == (150_001, 300_002)
    assert len(steps) < 10
