"""A folder of this disk as one dataset, where a workspace keeps such."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

from amltui.errors import UsageError
from amltui.models import Dataset
from amltui.services.edits import must_be_own
from amltui.text import visible
from amltui.transfers.folder_files import files_below, folder_at

if TYPE_CHECKING:
    from amltui.services.session import Session
    from amltui.transfers import Transfer

__all__ = ["begin_folder", "files_below", "put_folder"]


async def begin_folder(
    session: Session,
    path: Path,
    *,
    name: str,
    description: str = "",
    replaces: Dataset | None = None,
) -> Transfer:
    """Queue an upload of a folder as one dataset, or as the latest version of `replaces`.

    Raises:
        NotSupportedByServer: a dataset of this workspace is one file.
        UsageError: there are no files in the folder, or `replaces` is an example.
        LocalError: a file in it cannot be read.
    """
    (await (await session.connect()).capabilities()).folders.require()
    if replaces is not None:
        must_be_own(replaces)
    folder = await asyncio.to_thread(folder_at, path)
    if not folder.files:
        raise UsageError(f"There are no files in {visible(str(path))}")
    return (await session.transfers()).upload_folder(
        folder,
        name=name,
        description=description,
        replaces=replaces.key if replaces else None,
    )


async def put_folder(
    session: Session,
    path: Path,
    *,
    name: str,
    description: str = "",
    replaces: Dataset | None = None,
    keep: bool = False,
) -> Dataset:
    """As `begin_folder`, and wait for it; `keep`: see `Session.finished`.

    Raises:
        Conflict: another dataset has this name.
        ContentChanged: a file was changed meanwhile.
    """
    begun = await begin_folder(session, path, name=name, description=description, replaces=replaces)
    done = await session.finished(begun, keep=keep)
    assert done.dataset_id is not None
    made = await (await session.connect()).dataset(done.dataset_id)
    if replaces is not None:
        session.edits.updated(replaces, made)
    return made
