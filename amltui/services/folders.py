"""A folder of this disk as one dataset, where a workspace keeps such."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from amltui.errors import UsageError
from amltui.models import Dataset, LocalFile
from amltui.text import visible

if TYPE_CHECKING:
    from amltui.services.session import Session


def files_below(folder: Path) -> Iterator[LocalFile]:
    """The files in a folder and its folders, in the order of their names.

    What begins with a dot is left out, and links to folders are not followed.
    """
    for directory, folders, files in os.walk(folder):
        folders[:] = sorted(one for one in folders if not one.startswith("."))
        for name in sorted(files):
            path = Path(directory, name)
            if not name.startswith(".") and path.is_file():
                yield LocalFile(path.relative_to(folder).as_posix(), path)


async def put_folder(
    session: Session,
    folder: Path,
    *,
    name: str,
    description: str = "",
    replaces: Dataset | None = None,
    sent: Callable[[int, int], None] = lambda _done, _all: None,
) -> Dataset:
    """Upload a folder as one dataset, or as the latest version of `replaces`.

    `sent` is told how many bytes of how many went. Doing it again goes on with what was sent.

    Raises:
        NotSupportedByServer: a dataset of this workspace is one file.
        UsageError: there are no files in the folder.
        Conflict: another dataset has this name.
    """
    workspace = await session.connect()
    (await workspace.capabilities()).folders.require()
    files = tuple(files_below(folder))
    if not files:
        raise UsageError(f"There are no files in {visible(str(folder))}")
    total = sum(one.path.stat().st_size for one in files)
    done = 0

    def more(count: int) -> None:
        nonlocal done
        done += count
        sent(done, total)

    made = await workspace.put_folder(
        files,
        name=name,
        description=description,
        replaces=replaces.key if replaces else None,
        sent=more,
    )
    return await workspace.dataset(made)
