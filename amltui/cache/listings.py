"""Copies of workspaces' lists, and beside each the names in it for who presses Tab."""

from __future__ import annotations

import hashlib
from datetime import datetime
from pathlib import Path

import msgspec

from amltui.cache.cache_paths import LAYOUT, NAMES
from amltui.disk import write_whole
from amltui.models import Listing
from amltui.text import human_size, visible


class KeptListing(msgspec.Struct, frozen=True):
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


def read_listing(root: Path, workspace: str) -> KeptListing | None:
    """The list as it was last kept; None when there is none that can be read."""
    try:
        data = listing_path(root, workspace).read_bytes()
        return msgspec.json.decode(data, type=KeptListing)
    except (OSError, msgspec.DecodeError):
        return None


def write_listing(root: Path, snapshot: KeptListing) -> None:
    """Keep a list, and its names for `amltui __complete`.

    Raises:
        OSError: the disk refuses.
    """
    path = listing_path(root, snapshot.workspace)
    write_whole(path, msgspec.json.encode(snapshot))
    write_whole(path.with_suffix(NAMES), names_of(snapshot.listing).encode())


def names_of(listing: Listing) -> str:
    """For each dataset a line: its name, a tab, its type and size.

    A name with characters that a line or a terminal cannot carry is left out, and one that a
    command would take for an option.
    """
    return "".join(
        f"{one.name}\t{visible(one.data_type_id)}, {human_size(one.size)}\n"
        for one in listing.datasets
        if visible(one.name) == one.name and not one.name.startswith("-")
    )
