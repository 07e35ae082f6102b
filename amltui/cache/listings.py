"""Copies of workspaces' lists. Reading one imports next to nothing: a Tab key waits for it."""

from __future__ import annotations

import hashlib
from datetime import datetime
from pathlib import Path
from typing import Final

import msgspec

from amltui.models import Listing

LAYOUT: Final = 1
"""Version of what lies on the disk; older ones are cleared, since all can be fetched again."""


class Snapshot(msgspec.Struct, frozen=True):
    """A workspace's list as it was."""

    workspace: str
    listing: Listing
    fetched: datetime


def layout_root(directory: Path) -> Path:
    """Where everything of this layout lies in the cache's directory."""
    return directory / f"v{LAYOUT}"


def listing_path(root: Path, workspace: str) -> Path:
    """Where the list of the workspace with this cache key lies."""
    name = hashlib.sha256(workspace.encode()).hexdigest()[:32]
    return root / "workspaces" / f"{name}.json"


def read_listing(root: Path, workspace: str) -> Snapshot | None:
    """The list as it was last kept; None when there is none that can be read."""
    try:
        data = listing_path(root, workspace).read_bytes()
        return msgspec.json.decode(data, type=Snapshot)
    except (OSError, msgspec.DecodeError):
        return None
