"""Manual pages, and the completion scripts where packagers look for them, in `amltui/share/`.

They are made from the reference of all commands. What is checked in is written by

    python -m amltui.cli.manual amltui/share
"""

from __future__ import annotations

import sys
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from amltui import __version__
from amltui.cli.completion import Shell, script
from amltui.cli.exit_codes import MEANINGS
from amltui.cli.reference import Argument, CommandEntry, Option, entries
from amltui.cli.registry import COMMANDS

if TYPE_CHECKING:
    from cyclopts import App

_SCRIPTS: dict[Shell, str] = {
    "bash": "bash-completion/completions/amltui",
    "zsh": "zsh/site-functions/_amltui",
    "fish": "fish/vendor_completions.d/amltui.fish",
}


def shared_files(app: App) -> dict[str, str]:
    """Each file below `amltui/share/` and its text."""
    files = {place: script(shell, app) for shell, place in _SCRIPTS.items()}
    files["man/man1/amltui.1"] = _overview()
    for name, found in groupby(entries(app), lambda entry: entry.path[0]):
        files[f"man/man1/amltui-{name}.1"] = _page(name, list(found))
    return files


def _overview() -> str:
    lines = _head("amltui", "datasets of a workspace, a folder or this disk")
    lines += [".SH SYNOPSIS", r".B amltui", r"[\-\-profile \fIPROFILE\fR]", ".br"]
    lines += [r".B amltui", r"\fICOMMAND\fR [\fIOPTION\fR...] [\fIARGUMENT\fR...]"]
    lines += [".SH DESCRIPTION", "Without a command it is a program for the terminal."]
    lines += [".SH COMMANDS"]
    for command in COMMANDS:
        lines += [".TP", f".BR amltui\\-{_roff(command.name)} (1)", _roff(command.summary)]
    lines += [".SH EXIT STATUS"]
    for code, meaning in MEANINGS:
        lines += [".TP", f".B {code}", _roff(meaning)]
    lines += [
        ".SH SEE ALSO",
        r"\fBamltui help\fR lists more topics, such as",
        r"\fBenvironment\fR.",
    ]
    return "\n".join(lines) + "\n"


def _page(name: str, found: list[CommandEntry]) -> str:
    summary = next(command.summary for command in COMMANDS if command.name == name)
    lines = _head(f"amltui-{name}", summary.rstrip("."))
    lines.append(".SH SYNOPSIS")
    for number, entry in enumerate(found):
        places = " ".join(_synopsis(one) for one in entry.arguments)
        lines += [".br"] if number else []
        lines.append(rf"\fBamltui {_roff(entry.name)}\fR [\fIOPTION\fR...] {places}".rstrip())
    several = len(found) > 1
    for entry in found:
        if several:
            lines += [f".SH {_roff(entry.name).upper()}", _roff(entry.summary)]
        else:
            lines += [".SH DESCRIPTION", _roff(entry.summary)]
        for paragraph in filter(None, entry.description.split("\n\n")):
            lines += [".PP", _roff(paragraph)]
        for argument in entry.arguments:
            lines += [".TP", rf"\fI{_roff(argument.name.upper())}\fR", _roff(argument.help)]
        lines += [] if several else [".SH OPTIONS"]
        for option in entry.options:
            lines += [".TP", _spellings(option), _roff(option.help)]
            if option.values:
                lines.append(_roff(f"One of: {', '.join(option.values)}."))
    examples = [example for entry in found for example in entry.examples]
    if examples:
        lines += [".SH EXAMPLES", ".nf", *map(_roff, examples), ".fi"]
    lines += [".SH SEE ALSO", ".BR amltui (1)"]
    return "\n".join(line for line in lines if line) + "\n"


def _head(name: str, about: str) -> list[str]:
    return [
        f'.TH {_roff(name).upper()} 1 "" "amltui {__version__}" "amltui"',
        ".nh",
        ".SH NAME",
        rf"{_roff(name)} \- {_roff(about)}",
    ]


def _synopsis(argument: Argument) -> str:
    text = rf"\fI{_roff(argument.name.upper())}\fR" + ("..." if argument.repeats else "")
    return text if argument.required else f"[{text}]"


def _spellings(option: Option) -> str:
    names = ", ".join(rf"\fB{_roff(name)}\fR" for name in option.names)
    return rf"{names} \fIVALUE\fR" if option.takes else names


def _roff(text: str) -> str:
    """`text` as it stands on a page: no character of it is an instruction."""
    text = text.replace("\\", r"\e").replace("-", r"\-").replace("'", r"\(aq").replace("`", r"\(ga")
    text = text.replace("^", r"\(ha").replace("~", r"\(ti")
    return rf"\&{text}" if text.startswith(".") else text


def _write(directory: Path) -> None:
    from amltui.cli.app import app

    for place, text in shared_files(app()).items():
        path = directory / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    _write(Path(sys.argv[1]))
