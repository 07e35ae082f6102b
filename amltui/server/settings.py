"""`settings.json`: the first owner's connection, in the old client's own format, mode 0600."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import Any

import anyio.to_thread

from amltui.disk import sync_dir, write_whole


def path(data: Path) -> Path:
    """Where it lies in a data directory."""
    return data / "settings.json"


def pending(data: Path) -> Path:
    """Where it lies before the workspace that it opens is in the database for certain."""
    return data / ".settings.pending"


def confirm(data: Path) -> None:
    """Put it in its place: now the workspace is there."""
    with contextlib.suppress(FileNotFoundError):
        pending(data).replace(path(data))
        sync_dir(data)


def read(data: Path) -> dict[str, str]:
    """Its `workspace` part; empty when it is missing or unreadable."""
    try:
        document: Any = json.loads(path(data).read_text("utf-8"))
        workspace = document["workspace"]
        return {str(key): str(value) for key, value in workspace.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def write(
    data: Path, workspace_id: str, token: str, endpoint: str, place: Path | None = None
) -> None:
    """Replace it as a whole, durably. `place`: another such file."""
    document = {
        "workspace": {
            "id": workspace_id,
            "authorization_token": token,
            "api_endpoint": endpoint,
        }
    }
    text = json.dumps(document, indent=2)
    write_whole(place or path(data), f"{text}\n".encode(), sync=True)


async def replace_token(data: Path, workspace_id: str, token: str) -> None:
    """Keep it able to open the workspace when the primary token is regenerated."""

    def replace() -> None:
        present = read(data)
        if present.get("id") == workspace_id:
            write(data, workspace_id, token, present.get("api_endpoint", ""))

    await anyio.to_thread.run_sync(replace)
