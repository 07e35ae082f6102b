"""A connection as people have it at hand: Studio's code, or a settings file's text."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

_ARGUMENT: Final = re.compile(
    r"""["']?\b(?P<key>workspace_id|workspaceid|id|authorization_token|authorizationtoken|"""
    r"""api_endpoint|endpoint)["']?\s*[=:]\s*(?P<quote>["'])(?P<value>[^"'\n]*)(?P=quote)""",
    re.IGNORECASE,
)
_INI: Final = re.compile(
    r"^\s*(?P<key>id|workspace_id|authorization_token|api_endpoint|endpoint)\s*[=:]\s*"
    r"(?P<value>[^\s\"']+)\s*$",
    re.MULTILINE | re.IGNORECASE,
)
_BEGINNING: Final = re.compile(r"^\s*(?:from\s+\w+\s+)?import\s|^\s*\[\w+\]\s*$", re.MULTILINE)
"""Lines that stand before the first value."""
_WORKSPACE: Final = frozenset({"id", "workspace_id", "workspaceid"})
_TOKEN: Final = frozenset({"authorization_token", "authorizationtoken"})


@dataclass(frozen=True, slots=True)
class ConnectionText:
    """What a text says; None: not said."""

    endpoint: str | None = None
    workspace_id: str | None = None
    token: str | None = field(default=None, repr=False)

    @property
    def empty(self) -> bool:
        """Whether nothing was recognised."""
        return self.endpoint is None and self.workspace_id is None and self.token is None


def read_connection(text: str) -> ConnectionText:
    """What is recognised in `text`.

    That is `Workspace(workspace_id='...', authorization_token='...', endpoint='...')` as Studio
    showed it under "Generate Data Access Code", with positional arguments too, and the text of
    settings.json or settings.ini. Nothing of it is executed.
    """
    found: dict[str, str] = {}
    for match in (*_ARGUMENT.finditer(text), *_INI.finditer(text)):
        found.setdefault(match["key"].lower(), match["value"].strip())
    values = ConnectionText(
        endpoint=found.get("api_endpoint") or found.get("endpoint") or None,
        workspace_id=next((found[key] for key in found if key in _WORKSPACE), None) or None,
        token=next((found[key] for key in found if key in _TOKEN), None) or None,
    )
    return values if not values.empty else _positional(text)


def is_whole(text: str) -> bool:
    """Whether nothing pasted is still to come: no bracket is open, and it has more than begun."""
    opened = sum(map(text.count, "({")) - sum(map(text.count, ")}"))
    return opened <= 0 and not (read_connection(text).empty and _BEGINNING.search(text))


def _positional(text: str) -> ConnectionText:
    call = re.search(r"\bWorkspace\s*\((?P<arguments>[^)]*)\)", text)
    texts = re.findall(r"[\"']([^\"'\n]+)[\"']", call["arguments"]) if call else []
    return ConnectionText(
        workspace_id=texts[0] if texts else None,
        token=texts[1] if len(texts) > 1 else None,
        endpoint=texts[2] if len(texts) > 2 else None,
    )
