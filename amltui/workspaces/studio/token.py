"""The token of a Studio (classic) workspace, as the protocol sends it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from amltui.wire import headers as names

_SESSION: Final = "DefaultSession"


class WorkspaceToken:
    """One token for as long as the workspace is open; see `http.client.Credential`."""

    def __init__(self, token: str) -> None:
        self._token = token

    @property
    def secrets(self) -> tuple[str, ...]:
        """The token."""
        return (self._token,)

    async def headers(self) -> Mapping[str, str]:
        """The two headers of the protocol."""
        return {names.TOKEN: self._token, names.SESSION: _SESSION}

    async def renew(self) -> bool:
        """Nobody but a person has another one."""
        return False
