"""Where things lie in the cache's directory. Importing this costs nothing."""

from __future__ import annotations

LAYOUT = 1
"""Version of what lies on the disk; older ones are cleared, since all can be fetched again."""
NAMES = ".names"
"""What the file ends in that has only the names of a workspace's list, beside that list."""


def lists_of(cache: str) -> str:
    """The directory of all workspaces' lists."""
    return f"{cache}/v{LAYOUT}/workspaces"
