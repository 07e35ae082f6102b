"""The SHA-256 of contents and files: what tells whether bytes are the same."""

from __future__ import annotations

import asyncio
import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from amltui.disk import disk_errors

if TYPE_CHECKING:
    from amltui.models import Dataset
    from amltui.services.session import Session


async def file_sha256(path: Path) -> str:
    """The hash of a file.

    Raises:
        LocalError: it cannot be read.
    """

    def read() -> str:
        with disk_errors(path, "read"), path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()

    return await asyncio.to_thread(read)


async def known_sha256(session: Session, dataset: Dataset) -> str | None:
    """The hash of a content, as far as it can be told without fetching it.

    Lists often do not say it: the workspace is asked, or a file of this disk is read.

    Raises:
        AmltuiError: the workspace cannot be asked.
    """
    if dataset.sha256 is not None or session.offline:
        return dataset.sha256
    workspace = await session.connect()
    local = await workspace.local_content(dataset)
    if local is not None:
        return local.sha256 or await file_sha256(local.path)
    return (await workspace.dataset(dataset.id)).sha256


async def content_sha256(session: Session, dataset: Dataset) -> str:
    """The hash of a content; where nothing tells it, of its bytes, read for it.

    Raises:
        AmltuiError: it cannot be read.
    """
    known = await known_sha256(session, dataset)
    if known is not None:
        return known
    digest = hashlib.sha256()
    async for chunk in session.stream(dataset):
        await asyncio.to_thread(digest.update, chunk)
    return digest.hexdigest()


async def is_content(session: Session, path: Path, dataset: Dataset) -> bool:
    """Whether a file's bytes are those of a dataset.

    Only what has the same size is read for it.

    Raises:
        AmltuiError: one of both cannot be read.
    """
    return await asyncio.to_thread(_size, path) == dataset.size and (
        await file_sha256(path) == await content_sha256(session, dataset)
    )


def _size(path: Path) -> int:
    with disk_errors(path, "read"):
        return path.stat().st_size
