"""`amltui doctor`: what is in force, and what is wrong."""

from __future__ import annotations

import asyncio
from typing import Any

from amltui.cli.diagnosis import examine
from amltui.cli.options import COMMON, Common
from amltui.text import human_size


def doctor(*, common: Common = COMMON) -> int:
    """Print versions, paths, the connection and its sources, the server and the terminal.

    Nothing secret is printed: it can be pasted into a bug report. The exit code is that of the
    first problem.

    Args:
        common: Common options.
    """
    found = asyncio.run(examine(common.place, offline=common.offline))
    if common.json:
        common.out.document({**found.sections, "problems": found.problems})
        return found.code
    for title, section in found.sections.items():
        common.out.line(title)
        for key, value in section.items():
            common.out.line(f"  {key.replace('_', ' ')}: {_words(value)}")
    common.out.line("problems" if found.problems else "problems: none")
    for problem in found.problems:
        common.out.line(f"  {problem}")
    return found.code


def _words(value: Any) -> str:
    match value:
        case None:
            return "none"
        case bool():
            return "yes" if value else "no"
        case {"path": path, "exists": exists, "size": size}:
            return f"{path} ({human_size(size)})" if exists else f"{path} (not there)"
        case dict():
            return "; ".join(f"{key}: {_words(one)}" for key, one in value.items()) or "none"
        case list() | tuple():
            return ", ".join(map(str, value)) or "none"
    return str(value)
