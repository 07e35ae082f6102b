"""The Python prompt of the key `P`: a program of its own, with the dataset as `df`."""

from __future__ import annotations

import code
import contextlib
import sys
from pathlib import Path

from amltui.errors import AmltuiError
from amltui.text import visible


def main(arguments: list[str]) -> int:
    """Read the file `arguments[0]` as data type `arguments[1]`; `arguments[2]` is its name."""
    from amltui.formats.frames import deserialize_dataframe

    path, data_type_id, name = arguments
    sys.stdout.write(f"Reading {visible(name)}…\n")
    sys.stdout.flush()
    try:
        with Path(path).open("rb") as file:
            df = deserialize_dataframe(file, data_type_id)
    except (AmltuiError, OSError) as error:
        sys.stdout.write(f"{visible(str(error))}\nEnter goes back to amltui.")
        sys.stdout.flush()
        sys.stdin.readline()
        return 1
    with contextlib.suppress(ImportError):
        import readline  # noqa: F401  its import gives the prompt line editing
    banner = (
        f"df: {len(df):,} rows, {len(df.columns):,} columns, a pandas DataFrame.\n"
        "Ctrl-D goes back to amltui."
    )
    code.interact(banner=banner, local={"df": df}, exitmsg="")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
