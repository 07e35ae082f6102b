"""How an upload is cut into parts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amltui.errors import Rejected
from amltui.transfers.uploader import part_size_for
from amltui.workspaces.terms import PartSizes

MIB = 1 << 20
KINDS = [
    PartSizes(),
    PartSizes(smallest=5 * MIB, largest=5120 * MIB, most=10_000),  # S3
    PartSizes(largest=4000 * MIB, most=50_000),  # Azure Blob
    PartSizes(smallest=1, largest=MIB, most=100),
]


@pytest.mark.parametrize("limits", KINDS)
@given(size=st.integers(0, 1 << 46), wanted=st.integers(1, 64 * MIB))
def test_parts_keep_within_what_the_workspace_takes(limits, size, wanted):
    if size > limits.largest * limits.most:
        with pytest.raises(Rejected, match="takes no contents of more than"):
            part_size_for(size, wanted, limits)
        return
    part = part_size_for(size, wanted, limits)
    assert limits.smallest <= part <= limits.largest
    assert -(-size // part) <= limits.most


def test_small_files_go_in_small_parts_and_large_ones_in_liked_ones():
    limits = PartSizes()
    assert part_size_for(100, 4 * MIB, limits) == MIB
    assert part_size_for(1 << 30, 4 * MIB, limits) == 4 * MIB
