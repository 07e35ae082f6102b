"""The completion script for bash."""

from __future__ import annotations

from amltui.cli.completion.wanted import function
from amltui.cli.reference import CommandEntry


def script(found: list[CommandEntry]) -> str:
    """The script. What is said of candidates stands where they are listed, never in the line."""
    return f"""# bash completion for amltui: put `eval "$(amltui completion bash)"` into ~/.bashrc
{function(found)}
_amltui() {{
  local kind candidates profile named current="${{COMP_WORDS[COMP_CWORD]}}"
  COMPREPLY=()
  _amltui_wanted "${{COMP_WORDS[@]:1:COMP_CWORD}}"
  case "$kind" in
    file) compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -f -- "$current") ;;
    words) _amltui_offer <<< "$candidates" ;;
    *) _amltui_offer < <(amltui __complete "${{kind}}s" "$profile" "$named" 2>/dev/null) ;;
  esac
}}

# Offers the lines of standard input that begin with what is typed.
_amltui_offer() {{
  local line name longest=0 width=$(( ${{COLUMNS:-80}} - 1 )) plain="${{current#[\\"\\']}}"
  local -a abouts=()
  plain="${{plain//\\\\ / }}"
  while IFS= read -r line; do
    name="${{line%%$'\\t'*}}"
    [[ -n "$name" && "$name" == "$plain"* ]] || continue
    case "$current" in
      [\\"\\']*) ;;
      *) name="$(printf '%q' "$name")" ;;
    esac
    COMPREPLY+=("$name")
    [[ "$line" == *$'\\t'?* ]] && abouts+=("${{line#*$'\\t'}}") || abouts+=("")
    (( ${{#name}} > longest )) && longest=${{#name}}
  done
  # 63: readline only shows the list. Otherwise it puts what they have in common into the line.
  [[ "${{COMP_TYPE:-}}" == 63 && ${{#COMPREPLY[@]}} -gt 1 ]] || return 0
  local at
  for at in "${{!COMPREPLY[@]}}"; do
    [[ -n "${{abouts[at]}}" ]] || continue
    printf -v line '%-*s  (%s)' "$longest" "${{COMPREPLY[at]}}" "${{abouts[at]}}"
    COMPREPLY[at]="${{line:0:width}}"
  done
}}
complete -F _amltui amltui
"""
