"""The files of a folder of this disk, and the parts in which they are sent."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from amltui.disk import disk_errors
from amltui.models import LocalFile


@dataclass(frozen=True, slots=True)
class FolderFile:
    """A file of a folder as it was when the folder was looked at."""

    name: str
    """Its path in the folder, with `/`."""
    path: Path
    size: int
    mtime_ns: int


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder as it was when it was looked at."""

    path: Path
    files: tuple[FolderFile, ...]

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(file.size for file in self.files)

    @property
    def mtime_ns(self) -> int:
        """When one of its files was last written."""
        return max((file.mtime_ns for file in self.files), default=0)

    def part_sizes(self, part_size: int) -> Iterator[tuple[FolderFile, int, int]]:
        """Each part: its file, its place in that, its bytes. An empty file has an empty one."""
        for file in self.files:
            for index in range(max(-(-file.size // part_size), 1)):
                yield file, index, min(part_size, file.size - index * part_size)


def files_below(folder: Path) -> Iterator[LocalFile]:
    """The files in a folder and its folders, in the order of their names.

    What begins with a dot is left out, and links to folders are not followed.

    Raises:
        LocalError: a folder in it cannot be read.
    """

    def refuse(error: OSError) -> None:
        with disk_errors(error.filename, "read the folder"):
            raise error

    for directory, folders, files in os.walk(folder, onerror=refuse):
        folders[:] = sorted(one for one in folders if not one.startswith("."))
        for name in sorted(files):
            path = Path(directory, name)
            if not name.startswith(".") and path.is_file():
                yield LocalFile(path.relative_to(folder).as_posix(), path)


def folder_at(path: Path) -> Folder:
    """Look at a folder. Blocks on the disk.

    Raises:
        LocalError: a file in it cannot be read.
    """
    found: list[FolderFile] = []
    for one in files_below(path):
        with disk_errors(one.path, "read"), one.path.open("rb"):
            status = one.path.stat()
        found.append(FolderFile(one.name, one.path, status.st_size, status.st_mtime_ns))
    return Folder(path, tuple(found))
