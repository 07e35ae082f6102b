"""What bash and zsh share: from the words typed to what is wanted at the cursor."""

from __future__ import annotations

import shlex
from collections.abc import Mapping

from amltui.cli.reference import CommandEntry
from amltui.cli.registry import COMMANDS, Command

PROFILE = "Which workspace: a profile"
"""Of the option that stands before or behind every command."""


def groups() -> list[Command]:
    """The commands that have commands of their own."""
    return [command for command in COMMANDS if command.commands]


def top() -> dict[str, str]:
    """Each first word and what it does."""
    return {command.name: command.summary for command in COMMANDS}


def options_of(entry: CommandEntry) -> dict[str, str]:
    """Each spelling of each option of a command, and what it does."""
    return {name: one.short for one in entry.options for name in one.names}


def takes_of(entry: CommandEntry) -> list[str]:
    """The options of a command that a value follows."""
    return [name for one in entry.options if one.takes for name in one.names]


def _lines(words: Mapping[str, str]) -> str:
    """Words and what is said of them, as one word of the shell language."""
    return shlex.quote("\n".join(f"{word}\t{about}" for word, about in words.items()))


def _cases(found: list[CommandEntry]) -> str:
    """A case of the shell language for each command: its options and what its arguments are."""
    return "\n".join(
        f"    {shlex.quote(entry.name)}) opts={_lines(options_of(entry))} "
        f"takes={shlex.quote(' '.join(takes_of(entry)))} "
        f"places={shlex.quote(' '.join(entry.places))} ;;"
        for entry in found
    )


def _choices(found: list[CommandEntry]) -> str:
    return "\n".join(
        f"    {shlex.quote(f'{entry.name} {name}')}) choices={_lines(option.values)} ;;"
        for entry in found
        for option in entry.options
        if option.values
        for name in option.names
    )


def function(found: list[CommandEntry]) -> str:
    """The function of the shell language that says what is wanted."""
    members = "\n".join(
        f"    {group.name}) members={_lines({one.name: one.summary for one in group.commands})} ;;"
        for group in groups()
    )
    always = _lines({"--profile": PROFILE, "--": "Only arguments behind it"})
    return f"""
# Sets `kind` (words, dataset, column, profile or file), for words `candidates`, for columns
# `named`: the dataset, for datasets what is typed. No name of it is special in zsh, and no array
# is counted into: zsh counts from 1 and bash from 0.
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
{members}
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
    case "$last" in -*) candidates="$opts
"{always}; return ;; esac
  fi
  if [ -z "$command" ]; then
    if [ -n "$group" ]; then candidates="$members"; else candidates={_lines(top())}; fi
    return
  fi
  for word in $(printf '%s' "$places"); do
    case "$word" in *\\*) place="${{word%\\*}}"; break ;; esac
    if [ "$count" = 0 ]; then place="$word"; break; fi
    count=$((count - 1))
  done
  case "$place" in
    dataset) kind=dataset named="$last" ;;
    column|profile|file) kind="$place" ;;
    any) ;;
    ?*) candidates=$(printf '%s' "$place" | tr ',' '\\n') ;;
  esac
}}
"""
