"""`amltui open`: a place in the terminal program. `__main__` starts it itself without options."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from cyclopts import Parameter

from amltui.cli.options import COMMON, Common
from amltui.cli.reading import WRITTEN, Written
from amltui.errors import UsageError
from amltui.formats.lens import Lens


def open_folder(
    place: str,
    /,
    *,
    look: Annotated[
        Callable[[str, Callable[[Lens], Lens]], int] | None, Parameter(parse=False)
    ] = None,
    written: Written = WRITTEN,
    common: Common = COMMON,
) -> int:
    """Look at the files of a folder, at one file, or at an object store, in the terminal program.

    Any other command reads there too: amltui --at PLACE ls. Nothing is written there, unless a
    profile allows it: amltui profile add NAME --url PLACE --write.

    Args:
        place: A directory, a file, or an address that begins with file://, s3://, az:// or gs://.
        look: Shows it to the user of a terminal.
        written: How the texts there are written.
        common: Common options.
    """
    if common.json or common.quiet or common.place is not None or common.offline:
        raise UsageError("amltui open takes a place", hint="For scripts: amltui --at PLACE ls")
    if look is None:
        raise UsageError("There is no terminal to look on", hint="Try: amltui --at PLACE ls")
    return look(place, written.through)
