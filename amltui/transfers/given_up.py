"""Removing what a workspace holds of uploads that nobody goes on with."""

from __future__ import annotations

import asyncio

from amltui.errors import AmltuiError, NotFound, NotSupportedByServer
from amltui.transfers.beginning import remove_begun
from amltui.transfers.journal import Journal
from amltui.workspaces.base import Workspace


async def abort_given_up(journal: Journal, workspace: Workspace) -> None:
    """Remove the parts of given up uploads at the workspace, as far as it answers now."""
    for entry in journal.claim_given_up(workspace.key):
        over = True
        try:
            await remove_begun(workspace, entry)
        except (asyncio.CancelledError, AmltuiError) as error:
            # Whoever answers that he does not know it, or cannot do it, has nothing to remove.
            over = isinstance(error, NotFound | NotSupportedByServer)
            if isinstance(error, asyncio.CancelledError):
                raise
        finally:
            if over:
                entry.delete()
            else:
                entry.close()
