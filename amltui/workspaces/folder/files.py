"""What workspaces of files have in common, wherever the files lie.

A dataset's name is its path, which is its key too; `path@version` is its id. Only the present
version of a file is there, so an id names it or nothing.
"""

from __future__ import annotations

from abc import abstractmethod

from amltui.errors import DatasetGone, NotFound
from amltui.models import Dataset
from amltui.text import visible
from amltui.workspaces.base import Workspace
from amltui.workspaces.folder.directory import file_key


class FileWorkspace(Workspace):
    """A workspace whose datasets are files."""

    named_by_key = True

    @abstractmethod
    async def _present(self, key: str) -> Dataset:
        """A file as it is now.

        Raises:
            NotFound: there is none.
        """

    def _shows(self, key: str) -> bool:
        """Whether a file of this path would be listed, if there is one."""
        return bool(key)

    async def find(self, name: str) -> Dataset:
        """One by its path; a wrong one is compared with all."""
        return await self.named(name) or await super().find(name)

    async def named(self, name: str) -> Dataset | None:
        """One by its path."""
        if not self._shows(name):
            return None
        try:
            return await self._present(name)
        except NotFound:
            return None

    async def dataset(self, dataset_id: str) -> Dataset:
        """A file in the version that an id names, which is the present one or gone."""
        key = dataset_id.rpartition("@")[0]
        found = await self._present(key)
        if found.id != dataset_id:
            raise changed(key)
        return found

    def name_for(self, dataset: Dataset, name: str) -> str:
        """A name of a file."""
        return file_key(dataset, name)


def changed(key: str) -> DatasetGone:
    """The file is not any more what was listed."""
    return DatasetGone(
        f"{visible(key)} was changed since", 404, hint="Refresh the list to see it anew."
    )
