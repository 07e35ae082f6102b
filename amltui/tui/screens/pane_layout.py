"""Which panes are seen at which size: one rule, free of widgets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

LIST: Final = 1
PREVIEW: Final = 2
DETAILS: Final = 3
TRANSFERS: Final = 4

MINIMUM: Final = (40, 12)
"""Columns and rows below which nothing useful fits."""
WIDE: Final = 110
"""Columns from which details stand beside the preview."""
BROAD: Final = 160
"""Columns from which names and facts get more room than they need at least."""
TWO: Final = 70
"""Columns from which list and preview stand side by side."""
TALL: Final = 30
"""Rows from which transfers get a pane with a border."""


@dataclass(frozen=True, slots=True)
class LayoutState:
    """What the person asked for so far."""

    pane: int = LIST
    """The pane in focus."""
    zoomed: bool = False
    details: bool | None = None
    """Details shown or hidden by hand; None: as the width allows."""
    transfers: bool = False
    """The transfers pane is wanted although it is empty."""


@dataclass(frozen=True, slots=True)
class PaneLayout:
    """What is seen."""

    panes: frozenset[int]
    overlay: bool = False
    """Details lie over the preview."""
    compact: bool = False
    """Transfers are one line without a border."""
    single: bool = False
    """One pane has all the room."""


def too_small(width: int, height: int) -> bool:
    """Whether only a message fits."""
    return width < MINIMUM[0] or height < MINIMUM[1]


def arrange(width: int, height: int, state: LayoutState, *, transfers: int) -> PaneLayout:
    """The arrangement for a terminal of `width` by `height` with so many `transfers`."""
    if state.zoomed or width < TWO:
        return PaneLayout(frozenset({state.pane}), single=True)
    panes = {LIST, PREVIEW}
    wide = width >= WIDE
    wanted = wide if state.details is None else state.details
    if wanted or state.pane == DETAILS:
        panes.add(DETAILS)
    if transfers or state.transfers or state.pane == TRANSFERS:
        panes.add(TRANSFERS)
    return PaneLayout(
        frozenset(panes),
        overlay=DETAILS in panes and not wide,
        compact=height < TALL and state.pane != TRANSFERS,
    )
