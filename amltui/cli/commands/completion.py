"""`amltui completion`: scripts that complete commands, options and names in a shell."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Literal

from amltui.cli.completion import Shell, script
from amltui.cli.options import PLAIN, Plain
from amltui.errors import UsageError


def completion(
    shell: Literal["bash", "zsh", "fish", "powershell", "install"],
    for_: Shell | None = None,
    /,
    *,
    common: Plain = PLAIN,
) -> None:
    """Print a completion script. Names of datasets come from the list that this disk remembers.

    Args:
        shell: bash, zsh, fish or powershell; `install` writes the script to where a shell looks
            for it, and says what else is to be done.
        for_: With `install`: for which shell; else for the one in use.
        common: Common options.
    """
    from amltui.cli.app import app

    if shell != "install":
        if for_ is not None:
            raise UsageError(f"{shell} prints one script", hint=f"amltui completion {shell}")
        sys.stdout.write(script(shell, app()))
        return
    from amltui.disk import disk_errors

    wanted = for_ or _in_use()
    path = _place(wanted)
    with disk_errors(path, "write the completion script"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(script(wanted, app()), encoding="utf-8")
    common.out.note(_then(wanted, path))
    common.out.line(str(path))


def _in_use() -> Shell:
    name = Path(os.environ.get("SHELL", "")).name
    if name in {"bash", "zsh", "fish"}:
        return name  # type: ignore[return-value]
    raise UsageError(
        "There is no telling which shell is in use", hint="amltui completion install bash"
    )


def _place(shell: Shell) -> Path:
    """Where a shell looks for scripts of this user, or is told to."""
    data = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local/share")
    settings = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
    if shell == "bash":
        own = os.environ.get("BASH_COMPLETION_USER_DIR")
        return (Path(own) if own else data / "bash-completion") / "completions/amltui"
    if shell == "fish":
        return settings / "fish/completions/amltui.fish"
    if shell == "zsh":
        return data / "zsh/site-functions/_amltui"
    return settings / "powershell/amltui.ps1"


def _then(shell: Shell, path: Path) -> str:
    """What else is to be done."""
    if shell == "zsh":
        return (
            "Written. Unless that directory is among those of $fpath, put this into ~/.zshrc "
            f"before compinit:\n  fpath=({path.parent} $fpath)"
        )
    if shell == "powershell":
        return f"Written. Put this into the file that $PROFILE names:\n  . {path}"
    if shell == "bash":
        return (
            "Written. The next bash reads it, if the package bash-completion is there; else put "
            f"this into ~/.bashrc:\n  . {path}"
        )
    return "Written. The next fish reads it."
