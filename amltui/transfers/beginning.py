"""Beginning an upload so that a kill at any moment leaves nothing that nobody finds.

Before the workspace is asked it is noted that it will be: it may begin an upload and its answer,
with the upload's id, may come to nobody.
"""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import msgspec

from amltui.transfers.entries import Beginning
from amltui.transfers.records import UploadRecord, UploadRequest
from amltui.workspaces.terms import Upload

if TYPE_CHECKING:
    from amltui.transfers.entries import MemoryEntry, UploadEntry
    from amltui.transfers.journal import Journal
    from amltui.workspaces.base import Workspace


async def begin_noted(workspace: Workspace, entry: MemoryEntry | UploadEntry) -> Upload:
    """Begin an upload at the workspace; what an earlier try may have begun there is removed."""
    if entry.record.request.beginning is not None:
        with contextlib.suppress(Beginning):
            await remove_begun(workspace, entry)
    _save(entry, beginning=datetime.now(UTC))
    plan = entry.record.request
    upload = await workspace.begin_upload(
        plan.data_type_id, name=entry.record.name, replaces=plan.replaces
    )
    _save(entry, beginning=None, upload_id=upload.id)
    return upload


async def remove_begun(workspace: Workspace, entry: MemoryEntry | UploadEntry) -> None:
    """Remove what the workspace holds of an upload, also where its id did not come.

    Raises:
        Beginning: the id did not come, and which upload it is cannot be told now.
    """
    plan = entry.record.request
    if plan.upload_id is not None:
        await workspace.abort(Upload(plan.upload_id, plan.data_type_id))
    elif plan.beginning is not None:
        await workspace.abort_unnamed(entry.record.name, since=plan.beginning, known=entry.known)


@contextlib.contextmanager
def noted_inside(journal: Journal, workspace: str, name: str) -> Iterator[Callable[[str], None]]:
    """Note for the block an upload that the workspace makes by itself: a copy inside a store.

    What is given takes the upload's id. No process goes on with it: what a killed one, or one
    that could not remove it, leaves at the workspace is removed with the next end or start of its
    transfers, or the next rename there.

    Args:
        journal: where it is noted.
        workspace: the workspace's cache key.
        name: what is made.
    """
    now = datetime.now(UTC)
    request = UploadRequest("", "", beginning=now)
    record = UploadRecord(
        uuid.uuid4().hex[:12], workspace, name, now, request=request, given_up=True
    )
    entry = journal.add(record)
    try:
        yield lambda upload: _save(entry, beginning=None, upload_id=upload)
    except BaseException:
        entry.close()
        raise
    entry.delete()


def _save(entry: MemoryEntry | UploadEntry, **changes: object) -> None:
    request = msgspec.structs.replace(entry.record.request, **changes)
    entry.save(msgspec.structs.replace(entry.record, request=request))
