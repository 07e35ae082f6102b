"""What is known of a transfer at one moment, as plain frozen values."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final, Literal

from amltui.errors import AmltuiError

MIB: Final = 1024 * 1024


class State(StrEnum):
    """Where a transfer stands."""

    QUEUED = "queued"
    RUNNING = "running"
    PAUSED = "paused"
    WAITING_SIGN_IN = "waiting for sign-in"
    WAITING_NETWORK = "waiting for network"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def over(self) -> bool:
        """Whether nothing more happens by itself."""
        return self in {State.DONE, State.FAILED, State.CANCELLED}


@dataclass(frozen=True, slots=True)
class Transfer:
    """One download or upload, as it stood when this value was made."""

    id: str
    kind: Literal["download", "upload"]
    name: str
    """The dataset's name; not made safe to show."""
    state: State
    done: int = 0
    """Bytes there: received and written, or acknowledged by the server."""
    total: int | None = None
    rate: float | None = None
    """Bytes per second over the last seconds. None: not running, or too early to say."""
    eta: float | None = None
    """Seconds left at that rate."""
    error: AmltuiError | None = None
    """Why it failed, or what it waits for."""
    path: Path | None = None
    """The target of a download (None: only into the cache), the source of an upload (None: a pipe,
    or what was converted)."""
    dataset_id: str | None = None
    """What is downloaded; of an upload, the new dataset once it is done."""
    checked: str = ""
    """How a download that is done was verified: `sha256`, `md5` or `length`."""
    part_of: str = ""
    """The id of the copies that it is a part of. "": of none."""


@dataclass(frozen=True, slots=True)
class Options:
    """How transfers behave; the defaults suit a laptop on any line."""

    concurrency: int = 3
    """Transfers that run at once; others are queued."""
    connections: int = 6
    """Ranges of one download under way at once."""
    parts: int = 5
    """Parts of one upload under way, and in memory, at once; a kill costs some of them."""
    part_size: int = 4 * MIB
    """Bytes of one uploaded part."""
    rate_limit: float | None = None
    """Bytes per second, for downloads and for uploads each. None: no limit."""
    offline_timeout: float | None = None
    """Seconds to wait for a network that is away before giving up. None: for ever."""
    attended: bool = True
    """Whether a transfer whose token ended waits for somebody to sign in; else it fails."""
    attempts: int = 8
    """Failures one after the other, without a byte in between, that end a transfer."""
    stall: float = 30.0
    """Seconds without a byte after which a connection counts as dead."""
