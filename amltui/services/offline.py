"""What this disk remembers of a workspace's list, without opening a session."""

from __future__ import annotations

from amltui.cache.listings import KeptListing, layout_root, read_listing
from amltui.config import paths, resolve
from amltui.errors import Unreachable


def remembered_list(profile: str | None) -> KeptListing:
    """The list and when it was last fetched, its datasets in the order of their names.

    Raises:
        ConfigError: the profile or a settings file is wrong.
        Unreachable: nothing is remembered.
    """
    connection = resolve(profile)
    key = connection.key if connection is not None else paths.local_key(paths.data_dir())
    snapshot = read_listing(layout_root(paths.cache_dir()), key)
    if snapshot is None:
        raise Unreachable(
            "Nothing is cached of this workspace.", hint="Ask once while it can be reached."
        )
    return snapshot
