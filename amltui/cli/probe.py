"""Asking a workspace whether it answers, how fast, and what it can do."""

from __future__ import annotations

import time
from dataclasses import dataclass

from amltui.config import Connection
from amltui.models import WorkspaceInfo
from amltui.workspaces.base import Workspace
from amltui.workspaces.capabilities import Capabilities


@dataclass(frozen=True, slots=True)
class Probed:
    """What a workspace that answered said."""

    info: WorkspaceInfo
    capabilities: Capabilities
    latency: float
    """Seconds of one small request on an open connection."""

    @property
    def lacks(self) -> tuple[str, ...]:
        """What this workspace cannot do, by the names of its capabilities."""
        return self.capabilities.lacks


async def probe(connection: Connection) -> Probed:
    """Ask twice: the first request pays for the connection, the second is timed.

    Raises:
        Unreachable: no answer.
        Unauthorized: the workspace id or the token is wrong.
        AmltuiError: it answered with something else.
    """
    from amltui.workspaces.opening import workspace_of

    async with workspace_of(connection) as workspace:
        return await measured(workspace)


async def measured(workspace: Workspace) -> Probed:
    """As `probe`, of an open workspace."""
    capabilities = await workspace.capabilities()
    started = time.perf_counter()
    info = await workspace.info()
    return Probed(info, capabilities, time.perf_counter() - started)
