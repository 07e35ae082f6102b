"""The completion script for fish."""

from __future__ import annotations

from amltui.cli.completion.wanted import PROFILE, groups, takes_of
from amltui.cli.reference import CommandEntry, Option
from amltui.cli.registry import COMMANDS


def script(found: list[CommandEntry]) -> str:
    """The script."""
    lines = [
        "# fish: amltui completion fish > ~/.config/fish/completions/amltui.fish",
        "function __amltui_profile",
        "  set -l words (commandline -opc)",
        "  set -l at (contains -i -- --profile $words); and echo $words[(math $at + 1)]; or echo",
        "end",
        "# The arguments before the cursor, the command's own words among them. $argv: options",
        "# that take a value.",
        "function __amltui_arguments",
        "  set -l skip; set -l ended",
        "  for word in (commandline -opc)[2..]",
        '    if test -n "$skip"; set skip; continue; end',
        '    if test -z "$ended"',
        "      if test $word = --; set ended 1; continue; end",
        "      if contains -- $word --profile $argv; set skip 1; continue; end",
        "      if string match -q -- '-*' $word; continue; end",
        "    end",
        "    echo -- $word",
        "  end",
        "end",
        "function __amltui_at",
        "  test (count (__amltui_arguments $argv[2..])) -eq $argv[1]",
        "end",
        "function __amltui_from",
        "  test (count (__amltui_arguments $argv[2..])) -ge $argv[1]",
        "end",
        "complete -c amltui -f",
    ]
    profiles = "(amltui __complete profiles 2>/dev/null)"
    lines.append(f"complete -c amltui -l profile -x -a '{profiles}' -d {_text(PROFILE)}")
    top = " ".join(command.name for command in COMMANDS)
    lines += [
        f"complete -c amltui -n 'not __fish_seen_subcommand_from {top}' "
        f"-a {command.name} -d {_text(command.summary)}"
        for command in COMMANDS
    ]
    for entry in found:
        seen = " ".join(f"; and __fish_seen_subcommand_from {word}" for word in entry.path)[6:]
        if len(entry.path) == 2:
            group = next(one for one in groups() if one.name == entry.path[0])
            members = " ".join(one.name for one in group.commands)
            lines.append(
                f"complete -c amltui -n '__fish_seen_subcommand_from {entry.path[0]}; and not "
                f"__fish_seen_subcommand_from {members}' -a {entry.path[1]} "
                f"-d {_text(entry.summary)}"
            )
        lines += _places(entry, seen)
        lines += [_option(seen, option) for option in entry.options]
    return "\n".join(lines) + "\n"


def _places(entry: CommandEntry, seen: str) -> list[str]:
    """What each argument of a command can be, each at its own place only."""
    takes = " ".join(takes_of(entry))
    lines = []
    for number, wanted in enumerate(entry.places, len(entry.path)):
        place, again = wanted.removesuffix("*"), wanted.endswith("*")
        if place == "any":
            continue
        if place == "file":
            what = "-F"
        elif place == "column":
            named = f"(__amltui_arguments {takes})[{len(entry.path) + 1}]"
            what = f"-a '(amltui __complete columns (__amltui_profile) {named} 2>/dev/null)'"
        elif place in {"dataset", "profile"}:
            typed = " (commandline -ct | string unescape)" if place == "dataset" else ""
            what = f"-a '(amltui __complete {place}s (__amltui_profile){typed} 2>/dev/null)'"
        else:
            what = f"-a {_text(' '.join(place.split(',')))}"
        at = "__amltui_from" if again else "__amltui_at"
        lines.append(f"complete -c amltui -n '{seen}; and {at} {number} {takes}' {what}")
    return lines


def _option(seen: str, option: Option) -> str:
    parts = [f"complete -c amltui -n '{seen}'"]
    parts += [
        f"-l {name[2:]}" if name.startswith("--") else f"-s {name[1:]}" for name in option.names
    ]
    if option.values:
        # Each with its own words, or none: fish would show those of the option beside all of them.
        told = " ".join(f"{value}\\t{_text(about)}" for value, about in option.values.items())
        parts.append(f"-x -a {_text(told)}")
    elif option.takes:
        parts.append("-r")
    parts.append(f"-d {_text(option.short)}")
    return " ".join(parts)


def _text(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
