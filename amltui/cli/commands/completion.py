"""`amltui completion`: scripts that complete commands, options and names in a shell."""

from __future__ import annotations

import sys

from amltui.cli.completion import Shell, script
from amltui.cli.options import PLAIN, Plain


def completion(shell: Shell, /, *, common: Plain = PLAIN) -> None:
    """Print a completion script. Names of datasets come from the list that this disk remembers.

    Args:
        shell: bash, zsh, fish or powershell.
        common: Common options.
    """
    del common
    from amltui.cli.app import app

    sys.stdout.write(script(shell, app()))
