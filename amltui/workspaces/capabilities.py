"""What can be done in a workspace, as data: each lack has the sentence that is shown for it."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Final

from amltui.errors import NotSupportedByServer


@dataclass(frozen=True, slots=True)
class Capability:
    """Whether something can be done in a workspace; true where it can."""

    missing: str = ""
    """The sentence that is shown where it cannot; "" where it can."""

    def __bool__(self) -> bool:
        return not self.missing

    def require(self) -> None:
        """See that it can be done.

        Raises:
            NotSupportedByServer: it cannot.
        """
        if self.missing:
            raise NotSupportedByServer(self.missing, 405)


CAN: Final = Capability()
ONE_FILE: Final = Capability("One file was opened, not a folder.")
OPENED_READ_ONLY: Final = Capability(
    "This folder was opened for reading only. A profile made with --write may change it."
)


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What can be done in a workspace beyond listing and reading."""

    write: Capability = CAN
    """Upload, update and delete."""
    edit: Capability = Capability("This workspace cannot rename or describe a dataset in place.")
    """Describe, and rename where that can be, without sending the contents again."""
    rename: Capability = CAN
    """Give a dataset another name, in place or by sending it again."""
    archive: Capability = Capability("This workspace has no archive: what is deleted is gone.")
    """Hide datasets instead of deleting them, and bring them back; `delete` does the same then."""
    versions: Capability = Capability("This workspace keeps no list of a dataset's versions.")
    restore: Capability = Capability("This workspace cannot restore an old version.")
    prune: Capability = Capability("This workspace cannot delete single versions.")
    """Delete one version that is not the latest."""
    experiments: Capability = Capability("This workspace has no experiments.")
    publish: Capability = Capability("This workspace takes no outputs of experiments.")
    """Give an experiment an output."""
    tokens: Capability = Capability("This workspace has no access tokens to manage.")
    users: Capability = Capability("This workspace does not say who has access.")
    quota: Capability = Capability("This workspace does not say how much it may hold.")
    copy: Capability = Capability("Contents are copied by way of this machine.")
    """Copy a content without sending it here and back."""
    folders: Capability = Capability("A dataset of this workspace is one file.")
    """Make a folder of files one dataset."""
    tags: Capability = Capability("This workspace gives datasets no tags.")
    tables: Capability = Capability("A folder of this workspace is not shown as one table.")
    """Show files of one form below a folder as one table, and all of them as the dataset `/`."""
    exclusive: Capability = CAN
    """Of several who write one name at once exactly one wins, and the others are told."""

    @property
    def lacks(self) -> tuple[str, ...]:
        """The names of what cannot be done.

        Copying always can: it only takes longer. Where there is no archive, there is deleting, and
        where a folder is no dataset, its files are. Few kinds delete single
        versions.
        """
        names = (field.name for field in dataclasses.fields(self))
        otherwise = {"copy", "archive", "folders", "tables", "tags", "prune"}
        return tuple(name for name in names if name not in otherwise and not getattr(self, name))
