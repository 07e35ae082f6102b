"""The completion script for zsh."""

from __future__ import annotations

from amltui.cli.completion.wanted import function
from amltui.cli.reference import CommandEntry


def script(found: list[CommandEntry]) -> str:
    """The script, to be evaluated or to lie in a directory of `$fpath` as `_amltui`."""
    return f"""#compdef amltui
# zsh completion for amltui: put `eval "$(amltui completion zsh)"` into ~/.zshrc after compinit
{function(found)}
_amltui() {{
  local kind candidates profile named line name
  local -a typed shown
  typed=("${{(@Q)words[2,CURRENT]}}")
  _amltui_wanted "${{typed[@]}}"
  case "$kind" in
    file) _files; return ;;
    words) ;;
    *) candidates="$(amltui __complete ${{kind}}s "$profile" "$named" 2>/dev/null)" ;;
  esac
  for line in "${{(@f)candidates}}"; do
    [[ -n "$line" ]] || continue
    name="${{line%%$'\\t'*}}"
    name="${{${{name//\\\\/\\\\\\\\}}//:/\\\\:}}"
    if [[ "$line" == *$'\\t'?* ]]; then name+=":${{line#*$'\\t'}}"; fi
    shown+=("$name")
  done
  _describe -t amltui amltui shown
}}
if [ "$funcstack[1]" = _amltui ]; then _amltui "$@"; else compdef _amltui amltui; fi
"""
