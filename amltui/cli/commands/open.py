"""`amltui open`: places in the terminal program. `__main__` starts it itself without options."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated

from cyclopts import Parameter

from amltui.cli.dialect_options import WRITTEN, DialectOptions, Sheet
from amltui.cli.options import COMMON, Common
from amltui.errors import UsageError
from amltui.formats.lens import Lens


def open_folder(
    *places: str,
    look: Annotated[
        Callable[[Sequence[str], Callable[[Lens], Lens]], int] | None, Parameter(parse=False)
    ] = None,
    sheet: Sheet = None,
    written: DialectOptions = WRITTEN,
    common: Common = COMMON,
) -> int:
    """Look at files, at the files of folders, or at an object store, in the terminal program.

    Several are one list, in which names that two of them share are told apart by their folders.
    What is piped in is kept on this disk while the program runs. Any other command reads files too:
    amltui --at PLACE ls. Nothing is written there, unless a profile allows it: amltui profile add
    NAME --url PLACE --write.

    Args:
        places: Directories, files, addresses that begin with file://, s3://, az:// or gs://,
            and - for what is piped in.
        look: Shows it to the user of a terminal.
        sheet: The sheet of an Excel workbook or the table of an SQLite file; else the first.
        written: How the texts there are written.
        common: Common options.
    """
    if common.json or common.quiet or common.place is not None or common.offline:
        raise UsageError("amltui open takes a place", hint="For scripts: amltui --at PLACE ls")
    if look is None:
        raise UsageError("There is no terminal to look on", hint="Try: amltui --at PLACE ls")

    def reading(lens: Lens) -> Lens:
        return lens.of(sheet) if lens.has_sheets else written.through(lens)

    return look(places, reading)
