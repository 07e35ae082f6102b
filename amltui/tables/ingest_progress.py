"""How far an ingest is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class IngestProgress:
    """A moment of an ingest."""

    stage: Literal["rows", "types", "done"]
    """`rows`: they are being written. `types`: all are in, and columns are being typed."""
    rows: int = 0
    consumed: int = 0
    """Bytes of the source that are in the table."""
    malformed: int = 0
