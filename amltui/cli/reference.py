"""All commands with their arguments and options: one source for `help --json` and completion.

It is made from the registry and from what the parser knows of each command's function.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from types import NoneType
from typing import TYPE_CHECKING, Any, Final, get_args, get_origin

from amltui.cli.registry import COMMANDS

if TYPE_CHECKING:
    from cyclopts import App

_TYPES: Final = {bool: "flag", int: "integer", float: "number"}
_MEANINGS: Final = {
    "amltui": "Python with this library",
    "azureml": "Python with the old client",
    "pandas": "Python with pandas",
    "cli": "A shell with this command",
    "az": "A shell with the Azure CLI",
    "GenericCSV": "Commas, a header line",
    "GenericCSVNoHeader": "Commas, no header line",
    "GenericTSV": "Tabs, a header line",
    "GenericTSVNoHeader": "Tabs, no header line",
    "PlainText": "Lines of text",
    "ARFF": "Weka's format",
    "Zip": "Any bytes",
    "names0": "Names with a NUL behind each",
    "error": "Stop with an error",
    "skip": "Leave what is there",
    "update": "Make a new version of what is there",
    "reader": "May read",
    "owner": "May change everything",
    "flat": "All in one folder",
    "tree": "Folders as in the names",
}


@dataclass(frozen=True, slots=True)
class Option:
    """An option of a command."""

    names: tuple[str, ...]
    help: str
    """All that is said of it, in one line."""
    type: str = "flag"
    """`flag`, `text`, `integer`, `number` or `choice`."""
    values: Mapping[str, str] | None = None
    """What it takes, where that is a choice, and what each means, or ""."""
    default: Any = None
    required: bool = False
    repeats: bool = False

    @property
    def takes(self) -> bool:
        """Whether a value follows."""
        return self.type != "flag"

    @property
    def short(self) -> str:
        """The first sentence of what is said of it, without its full stop."""
        return self.help.partition(". ")[0].rstrip(".")


@dataclass(frozen=True, slots=True)
class Argument:
    """What stands behind a command by its place."""

    name: str
    help: str
    required: bool
    repeats: bool


@dataclass(frozen=True, slots=True)
class CommandEntry:
    """A command that can be typed: its words and what may follow them."""

    path: tuple[str, ...]
    summary: str
    places: tuple[str, ...]
    """What each argument is: `dataset`, `column`, `profile`, `file`, or words to choose from."""
    options: tuple[Option, ...] = ()
    arguments: tuple[Argument, ...] = ()
    description: str = ""
    """What `--help` says of it, below the first line: paragraphs."""
    examples: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """What is typed."""
        return " ".join(self.path)


def entries(app: App) -> list[CommandEntry]:
    """All commands, with the options that the parser knows."""
    found = []
    for command in COMMANDS:
        for one in command.commands or (command,):
            path = (command.name,) if one is command else (command.name, one.name)
            options, arguments, description = _signature(app, path)
            found.append(
                CommandEntry(
                    path, one.summary, one.places, options, arguments, description, one.examples
                )
            )
    return found


def _signature(
    app: App, path: tuple[str, ...]
) -> tuple[tuple[Option, ...], tuple[Argument, ...], str]:
    from cyclopts import Parameter

    for word in path:
        app = app[word]
    options, arguments = [], []
    plain = Parameter(negative=())
    for one in app.assemble_argument_collection(default_parameter=plain, parse_docstring=True):
        if not one.show:
            continue
        text = " ".join(str(one.parameter.help or "").split())
        names = tuple(name for name in one.names if name.startswith("-"))
        if names:
            options.append(_option(one, names, text))
        else:
            name = one.names[0] if one.names else str(one.field_info.name)
            repeats = one.field_info.kind is one.field_info.VAR_POSITIONAL
            arguments.append(Argument(name.lower(), text, one.required, repeats))
    options.append(Option(("--help",), "Explain this command."))
    return tuple(options), tuple(arguments), _paragraphs(app)


def _option(one: Any, names: tuple[str, ...], text: str) -> Option:
    from amltui.formats import KNOWN

    choices: Iterable[str] = KNOWN if "--type" in names else one.get_choices() or ()
    values = {value: _MEANINGS.get(value, "") for value in choices}
    default = one.field_info.default
    plain = default if isinstance(default, str | int | float) and default is not False else None
    hint = one.hint
    if NoneType in (parts := get_args(hint)) and len(parts) == 2:
        hint = next(part for part in parts if part is not NoneType)
    kind = "choice" if values else _TYPES.get(hint, "text")
    repeats = get_origin(hint) in {list, tuple}
    return Option(names, text, kind, values or None, plain or None, one.required, repeats)


def _paragraphs(app: App) -> str:
    """A docstring's text between its first line and its sections, each paragraph one line."""
    function: Any = app.default_command
    # Python 3.13 takes the indentation away itself, those before do not.
    text = inspect.cleandoc(getattr(function, "__doc__", None) or "")
    text = re.split(r"\n(?:Args|Raises|Returns):", text)[0]
    paragraphs = [" ".join(part.split()) for part in text.split("\n\n")[1:]]
    return "\n\n".join(part for part in paragraphs if part)


def document(app: App, path: tuple[str, ...] = ()) -> dict[str, Any]:
    """For programs: `amltui help --json`; only commands whose words begin with `path`."""
    from amltui import __version__
    from amltui.cli.exit_codes import MEANINGS
    from amltui.cli.schemas import ERROR

    wanted = [entry for entry in entries(app) if entry.path[: len(path)] == path]
    return {
        "version": __version__,
        "commands": [_described(entry) for entry in wanted],
        "exit_codes": [{"code": code, "meaning": meaning} for code, meaning in MEANINGS],
        "error": ERROR,
    }


def _described(entry: CommandEntry) -> dict[str, Any]:
    from amltui.cli.schemas import output_of

    return {
        "command": entry.name,
        "summary": entry.summary,
        "description": entry.description,
        "arguments": list(_arguments(entry)),
        "options": [
            {
                "names": list(one.names),
                "type": one.type,
                "values": None if one.values is None else list(one.values),
                "default": one.default,
                "required": one.required,
                "repeats": one.repeats,
                "help": one.help,
            }
            for one in entry.options
        ],
        "examples": list(entry.examples),
        "output": asdict(output_of(entry.name)),
    }


def _arguments(entry: CommandEntry) -> Iterator[dict[str, Any]]:
    for number, one in enumerate(entry.arguments):
        place = _place(entry.places, number)
        yield {
            "name": one.name,
            "kind": "choice" if "," in place else place,
            "values": place.split(",") if "," in place else None,
            "required": one.required,
            "repeats": one.repeats,
            "help": one.help,
        }


def _place(places: tuple[str, ...], number: int) -> str:
    """What argument `number` is, from 0; `any` where nothing is said of it."""
    if number < len(places):
        return places[number].removesuffix("*")
    return places[-1].removesuffix("*") if places and places[-1].endswith("*") else "any"
