"""The completion script for bash."""

from __future__ import annotations

from amltui.cli.completion.wanted import function
from amltui.cli.reference import CommandEntry


def script(found: list[CommandEntry]) -> str:
    """The script. What is said of candidates stands where they are listed, never in the line."""
    return f"""# bash completion for amltui: put `eval "$(amltui completion bash)"` into ~/.bashrc
{function(found)}
_amltui() {{
  local kind candidates profile named current word rest="${{COMP_LINE:-}}" glue="" before=""
  local -a typed=()
  COMPREPLY=()
  # A word is taken apart at each @, and what is completed begins at the last one.
  for word in "${{COMP_WORDS[@]:0:COMP_CWORD+1}}"; do
    if [[ -n "$rest" && "$rest" == "$word"* && ( -n "$glue" || "$word" == @* ) ]]
    then before="${{typed[-1]}}" typed[-1]+="$word"
    else before="" typed+=("$word"); fi
    rest="${{rest#*"$word"}}" glue=""
    [[ "$word" == *@ ]] && glue=1
  done
  current="${{typed[-1]}}"
  [[ -n "$before" ]] && before="${{current%@*}}"
  _amltui_wanted "${{typed[@]:1}}"
  case "$kind" in
    file) compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -f -- "$current") ;;
    words) _amltui_offer <<< "$candidates" ;;
    *) named="${{named//\\ / }}"
      _amltui_offer < <(amltui __complete "${{kind}}s" "$profile" "$named" 2>/dev/null) ;;
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
    name="${{name#"$before"}}"
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
