"""Whether the terminal program spares its line: the setting `low_traffic`, for the process."""

from __future__ import annotations

from typing import Final

SECOND: Final = 1.0
"""Seconds between two looks at transfers where traffic is to be low."""


class Pace:
    """What is drawn unasked, and how often."""

    low = False
    """Draw no preview that nobody asked for and no distributions, and transfers once a second."""


PACE: Final = Pace()
