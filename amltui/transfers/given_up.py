"""Removing what a workspace holds of uploads that nobody goes on with."""

from __future__ import annotations

import asyncio

from amltui.errors import AmltuiError, NotFound, NotSupportedByServer
from amltui.transfers.journal import Journal
from amltui.workspaces.base import Workspace
from amltui.workspaces.terms import Upload


async def abort_given_up(journal: Journal, workspace: Workspace) -> None:
    """Remove the parts of given up uploads at the workspace, as far as it answers now."""
    for entry in journal.claim_given_up(workspace.key):
        begun = entry.record.request
        over = True
        try:
            if begun.upload_id is not None:
                await workspace.abort(Upload(begun.upload_id, begun.data_type_id))
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
