"""How this program starts processes of its own package."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import amltui


def child_command(module: str, *arguments: str) -> list[str]:
    """The command that runs a module of ours, with `child_environment`.

    -P keeps the current directory, which may be anybody's, out of the import path: a `json.py`
    that lies there is never run.
    """
    return [sys.executable, "-P", "-m", module, *arguments]


def child_environment() -> dict[str, str]:
    """Our environment, with our own package first in the child's import path."""
    root = str(Path(amltui.__file__).absolute().parent.parent)
    path = os.pathsep.join(filter(None, (root, os.environ.get("PYTHONPATH"))))
    return {**os.environ, "PYTHONPATH": path}
