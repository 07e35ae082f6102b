"""`amltui open`: its help. `__main__` starts the terminal program on `open PLACE` itself."""

from __future__ import annotations

from amltui.cli.options import COMMON, Common
from amltui.errors import UsageError


def open_folder(place: str, /, *, common: Common = COMMON) -> None:
    """Look at the files of a folder, at one file, or at an object store, in the terminal program.

    Any other command reads there too: amltui --at PLACE ls. Nothing is written there, unless a
    profile allows it: amltui profile add NAME --url PLACE --write.

    Args:
        place: A directory, a file, or an address that begins with file://, s3://, az:// or gs://.
        common: Common options.
    """
    del place, common
    raise UsageError(
        "amltui open takes one place and no option", hint="For scripts: amltui --at PLACE ls"
    )
