"""Completion for bash, zsh and fish: their scripts, and the names that these ask for.

The scripts are made from the reference of all commands. For names they run `amltui __complete`,
which reads them from this disk, at once and never with an error.
"""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING, Literal

from amltui.cli.reference import CommandEntry, Option, entries
from amltui.cli.registry import COMMANDS, Command
from amltui.text import visible

if TYPE_CHECKING:
    from cyclopts import App

Shell = Literal["bash", "zsh", "fish"]


def script(shell: Shell, app: App) -> str:
    """The completion script for a shell."""
    found = entries(app)
    return {"bash": _bash, "zsh": _zsh, "fish": _fish}[shell](found)


def _cases(found: list[CommandEntry]) -> str:
    """A case of the shell language for each command: its options and what its arguments are."""
    lines = []
    for entry in found:
        names = " ".join(name for option in entry.options for name in option.names)
        takes = " ".join(name for option in entry.options if option.takes for name in option.names)
        places = " ".join(entry.places)
        lines.append(
            f"    {shlex.quote(' '.join(entry.path))}) opts={shlex.quote(names)} "
            f"takes={shlex.quote(takes)} places={shlex.quote(places)} ;;"
        )
    return "\n".join(lines)


def _choices(found: list[CommandEntry]) -> str:
    lines = []
    for entry in found:
        for option in entry.options:
            if option.values:
                for name in option.names:
                    key = shlex.quote(f"{' '.join(entry.path)} {name}")
                    lines.append(f"    {key}) choices={shlex.quote(' '.join(option.values))} ;;")
    return "\n".join(lines)


def _groups() -> list[Command]:
    return [command for command in COMMANDS if command.commands]


def _shell_body(found: list[CommandEntry]) -> str:
    """What bash and zsh share: from the words typed to the kind of word that is wanted."""
    words = " ".join(command.name for command in COMMANDS)
    groups = "\n".join(
        f"    {group.name}) members={shlex.quote(' '.join(one.name for one in group.commands))} ;;"
        for group in _groups()
    )
    return f"""
# Sets `kind` (words, dataset, column, profile or file), for words `candidates`, for columns
# `named`: the dataset. No name of it is special in zsh, and no array is counted into: zsh counts
# from 1 and bash from 0.
_amltui_wanted() {{
  local total=$(( $# - 1 )) at=0
  local last="" ended="" previous="" command="" group="" members="" word skip="" count=0
  local opts="" takes="" places="" choices="" place="" profile_next=""
  kind=words candidates="" profile="" named=""
  for word in "$@"; do
    at=$((at + 1))
    if [ "$at" -gt "$total" ]; then last="$word"; break; fi
    previous="$word"
    if [ -n "$profile_next" ]; then profile="$word" profile_next=""; continue; fi
    if [ -n "$skip" ]; then skip=""; continue; fi
    if [ -z "$ended" ]; then case "$word" in
      --) ended=1; continue ;;
      --profile) profile_next=1; continue ;;
      --profile=*) profile="${{word#--profile=}}"; continue ;;
      -*) case " $takes " in *" $word "*) skip=1 ;; esac; continue ;;
    esac; fi
    if [ -z "$command" ]; then
      if [ -n "$group" ]; then command="$group $word"
      else
        members=""
        case "$word" in
{groups}
        esac
        if [ -n "$members" ]; then group="$word"; else command="$word"; fi
      fi
      case "$command" in
{_cases(found)}
      esac
    else
      [ "$count" = 0 ] && named="$word"
      count=$((count + 1))
    fi
  done
  if [ "$previous" = --profile ]; then kind=profile; return; fi
  if [ -n "$skip" ]; then
    case "$command $previous" in
{_choices(found)}
    esac
    if [ -n "$choices" ]; then candidates="$choices"; else kind=file; fi
    return
  fi
  if [ -z "$ended" ]; then
    case "$last" in -*) candidates="$opts --profile --"; return ;; esac
  fi
  if [ -z "$command" ]; then
    if [ -n "$group" ]; then candidates="$members"; else candidates={shlex.quote(words)}; fi
    return
  fi
  for word in $(printf '%s' "$places"); do
    case "$word" in *\\*) place="${{word%\\*}}"; break ;; esac
    if [ "$count" = 0 ]; then place="$word"; break; fi
    count=$((count - 1))
  done
  case "$place" in
    dataset|column|profile|file) kind="$place" ;;
    ?*) candidates=$(printf '%s' "$place" | tr ',' ' ') ;;
    *) candidates="" ;;
  esac
}}
"""


def _bash(found: list[CommandEntry]) -> str:
    return f"""# bash completion for amltui: put `eval "$(amltui completion bash)"` into ~/.bashrc
{_shell_body(found)}
_amltui() {{
  local kind candidates profile named line current="${{COMP_WORDS[COMP_CWORD]}}"
  COMPREPLY=()
  _amltui_wanted "${{COMP_WORDS[@]:1:COMP_CWORD}}"
  case "$kind" in
    file) compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -f -- "$current") ;;
    words) mapfile -t COMPREPLY < <(compgen -W "$candidates" -- "$current") ;;
    *)
      local plain="${{current#[\\"\\']}}"
      plain="${{plain//\\\\ / }}"
      while IFS= read -r line; do
        [[ "$line" == "$plain"* ]] || continue
        case "$current" in
          [\\"\\']*) COMPREPLY+=("$line") ;;
          *) COMPREPLY+=("$(printf '%q' "$line")") ;;
        esac
      done < <(amltui __complete "${{kind}}s" "$profile" "$named" 2>/dev/null) ;;
  esac
}}
complete -F _amltui amltui
"""


def _zsh(found: list[CommandEntry]) -> str:
    return f"""#compdef amltui
# zsh completion for amltui: put `eval "$(amltui completion zsh)"` into ~/.zshrc after compinit
{_shell_body(found)}
_amltui() {{
  local kind candidates profile named
  local -a typed names
  typed=("${{(@Q)words[2,CURRENT]}}")
  _amltui_wanted "${{typed[@]}}"
  case "$kind" in
    file) _files ;;
    words) names=(${{=candidates}}); compadd -a names ;;
    *)
      names=("${{(@f)$(amltui __complete ${{kind}}s "$profile" "$named" 2>/dev/null)}}")
      compadd -a names ;;
  esac
}}
if [ "$funcstack[1]" = _amltui ]; then _amltui "$@"; else compdef _amltui amltui; fi
"""


def _fish(found: list[CommandEntry]) -> str:
    lines = [
        "# fish: amltui completion fish > ~/.config/fish/completions/amltui.fish",
        "function __amltui_profile",
        "  set -l words (commandline -opc)",
        "  if set -l at (contains -i -- --profile $words); echo $words[(math $at + 1)]; end",
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
        "complete -c amltui -l profile -x -a '(amltui __complete profiles 2>/dev/null)'",
    ]
    top = " ".join(command.name for command in COMMANDS)
    lines += [
        f"complete -c amltui -n 'not __fish_seen_subcommand_from {top}' "
        f"-a {command.name} -d {_fish_text(command.summary)}"
        for command in COMMANDS
    ]
    for entry in found:
        seen = " ".join(f"; and __fish_seen_subcommand_from {word}" for word in entry.path)[6:]
        if len(entry.path) == 2:
            group = next(one for one in _groups() if one.name == entry.path[0])
            members = " ".join(one.name for one in group.commands)
            lines.append(
                f"complete -c amltui -n '__fish_seen_subcommand_from {entry.path[0]}; and not "
                f"__fish_seen_subcommand_from {members}' -a {entry.path[1]} "
                f"-d {_fish_text(entry.summary)}"
            )
        lines += _fish_places(entry, seen)
        lines += [_fish_option(seen, option) for option in entry.options]
    return "\n".join(lines) + "\n"


def _fish_places(entry: CommandEntry, seen: str) -> list[str]:
    """What each argument of a command can be, each at its own place only."""
    takes = " ".join(name for option in entry.options if option.takes for name in option.names)
    lines = []
    for number, wanted in enumerate(entry.places, len(entry.path)):
        place, again = wanted.removesuffix("*"), wanted.endswith("*")
        if place == "any":
            continue
        if place == "file":
            what = "-F"
        elif place == "column":
            named = f"(__amltui_arguments {takes})[{len(entry.path) + 1}]"
            what = (
                f"-a '(amltui __complete columns (__amltui_profile; or echo) {named} 2>/dev/null)'"
            )
        elif place in {"dataset", "profile"}:
            what = f"-a '(amltui __complete {place}s (__amltui_profile) 2>/dev/null)'"
        else:
            what = f"-a {_fish_text(' '.join(place.split(',')))}"
        at = "__amltui_from" if again else "__amltui_at"
        lines.append(f"complete -c amltui -n '{seen}; and {at} {number} {takes}' {what}")
    return lines


def _fish_option(seen: str, option: Option) -> str:
    parts = [f"complete -c amltui -n '{seen}'"]
    parts += [
        f"-l {name[2:]}" if name.startswith("--") else f"-s {name[1:]}" for name in option.names
    ]
    if option.values:
        # Each with its own words, or none: fish would show those of the option beside all of them.
        told = " ".join(f"{value}\\t{_fish_text(about)}" for value, about in option.values.items())
        parts.append(f"-x -a {_fish_text(told)}")
    elif option.takes:
        parts.append("-r")
    parts.append(f"-d {_fish_text(option.short)}")
    return " ".join(parts)


def _fish_text(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def complete(arguments: list[str]) -> int:
    """Print the names of a kind, one a line: `datasets`, `profiles` or a dataset's `columns`.

    `arguments`: kind, profile, dataset. Columns are those of a dataset whose rows were seen here.
    A name with characters that a line or a terminal cannot carry is left out.
    """
    kind, profile, dataset = [*arguments, "", "", ""][:3]
    try:
        names: Iterable[str] = ()
        if kind == "datasets":
            from amltui.services.offline import remembered_list

            names = [one.name for one in remembered_list(profile or None).listing.datasets]
        elif kind == "columns":
            names = _columns(profile or None, dataset)
        elif kind == "profiles":
            from amltui.config.profiles import profiles
            from amltui.config.values import LOCAL

            names = [*(one.name for one in profiles()), LOCAL]
        sys.stdout.writelines(f"{name}\n" for name in names if visible(name) == name)
    except Exception:  # noqa: BLE001 - somebody is typing: no words, only no suggestions
        return 1
    return 0


def _columns(profile: str | None, name: str) -> list[str]:
    """The columns of a dataset, as its table on this disk names them."""
    from amltui.cache.entries import Entry
    from amltui.cache.listings import layout_root
    from amltui.config.paths import cache_dir
    from amltui.services.offline import remembered_list
    from amltui.tables.table_state import read_state

    listed = remembered_list(profile)
    found = next(one for one in listed.listing.datasets if one.name == name)
    entry = Entry(layout_root(cache_dir()), listed.workspace, found.id)
    return [column.name for column in read_state(entry.table).columns]
