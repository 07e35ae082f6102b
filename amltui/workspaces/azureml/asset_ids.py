"""How data assets, their versions and files in them are named here: `name:version/path`."""

from __future__ import annotations

from amltui.errors import DatasetGone, NotSupportedByServer
from amltui.text import visible


def parsed(dataset_id: str) -> tuple[str, str | None, str]:
    """Name, version (None: the latest) and the path of a file in a folder ("": none)."""
    whole, _, inner = dataset_id.partition("/")
    name, colon, version = whole.partition(":")
    if not name or (colon and not version):
        raise DatasetGone(f"There is no data asset {visible(dataset_id)}", 404)
    return name, version or None, inner


def asset_name(key: str) -> str:
    """The asset that a key or an id names.

    Raises:
        NotSupportedByServer: it is a file in one.
    """
    name, _, inner = parsed(key)
    if inner:
        raise NotSupportedByServer(
            f"{visible(key)} is a file in a data asset, which only changes as a whole",
            405,
            hint=f"Name the asset: {visible(name)}",
        )
    return name
