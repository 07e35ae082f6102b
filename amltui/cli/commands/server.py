"""`amltui server`: what is done to a whole workspace that this machine serves."""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from amltui.cli import exit_codes
from amltui.cli.administer import server_errors
from amltui.cli.commands.token import Place
from amltui.config.paths import data_dir
from amltui.errors import LocalError
from amltui.text import human_size

if TYPE_CHECKING:
    from amltui.server.run import ServeOptions


@Parameter(name="*")
@dataclass(frozen=True, slots=True)
class Whole(Place):
    """Which workspace."""

    contents: Annotated[
        str | None, Parameter(help="The server's contents, where they are not in the directory.")
    ] = None

    @property
    def options(self) -> ServeOptions:
        """As the server takes it."""
        from amltui.server.options import ServeOptions

        return ServeOptions(
            data=(self.data or data_dir()).absolute(),
            database=self.database,
            contents=self.contents,
        )


HERE = Whole()


def backup(directory: Path, /, *, common: Whole = HERE) -> int:
    """Copy a workspace while it is served, into a directory that `amltui serve` can be started on.

    The copy is consistent and verified; into the same directory only what is new is copied.

    Args:
        directory: Where to; made for you only.
        common: Common options.
    """
    from amltui.server import admin

    os.umask(0o077)
    with server_errors():
        try:
            saved = admin.backup(common.options, directory.absolute())
        except OSError as error:
            raise LocalError(f"The backup cannot be written: {error}") from error
    if common.json:
        common.out.document(asdict(saved))
    else:
        for sha256 in saved.damaged:
            common.out.line(f"Content {sha256} is damaged in the store, and not in the backup.")
        common.out.note(
            f"Saved {saved.contents} contents, {human_size(saved.bytes)}; "
            f"{saved.copied} of them are new."
        )
    return exit_codes.DAMAGED if saved.damaged else exit_codes.DONE
