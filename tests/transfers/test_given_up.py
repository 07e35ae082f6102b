"""Uploads that nobody goes on with: what the workspace holds of them is removed."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from amltui.cache import Cache
from amltui.errors import Cancelled, Unreachable
from amltui.services.unfinished import drop_unfinished, unfinished
from amltui.transfers import Options, Transfers
from amltui.transfers.journal import Journal
from amltui.transfers.records import UploadRecord, UploadRequest
from tests.support.memory_workspace import MemoryWorkspace

OPTIONS = Options(part_size=1 << 20)


class Away(MemoryWorkspace):
    """A workspace that can be out of reach, and whose parts can be counted."""

    away = False

    @property
    def begun(self):
        """Uploads that it holds parts of."""
        return len(self._uploads)

    async def abort(self, upload):
        if self.away:
            raise Unreachable("Nobody answers")
        await super().abort(upload)


@pytest.fixture
def workspace():
    return Away()


@pytest.fixture
def cache(tmp_path):
    with Cache(tmp_path / "cache") as found:
        yield found


@pytest.fixture
async def killed(workspace, cache, tmp_path):
    """The journal and the workspace as a killed process leaves them; the file of the upload."""
    path = tmp_path / "big.csv"
    path.write_bytes(b"a\n1\n")
    await leave(workspace, cache, path)
    return path


async def leave(workspace, cache, path, *, begun=None, **more):
    upload = await workspace.begin_upload("GenericCSV", name="big")
    await workspace.send_part(upload, 0, b"a\n", total=2)
    status = path.stat()
    plan = UploadRequest(
        str(path), "GenericCSV", size=status.st_size, mtime_ns=status.st_mtime_ns,
        part_size=2, upload_id=upload.id,
    )  # fmt: skip
    record = UploadRecord(upload.id, workspace.key, "big", begun or datetime.now(UTC), request=plan)
    Journal(cache.journals).add(msgspec.structs.replace(record, **more)).close()


def noted(cache):
    return [path.name for path in cache.journals.iterdir()] if cache.journals.exists() else []


async def test_what_was_dropped_without_a_network_is_removed_at_the_next_start(
    workspace, cache, killed
):
    dropped = drop_unfinished(cache, workspace.key)
    assert (dropped.count, dropped.parts) == (1, True)
    assert unfinished(cache, workspace.key) == ()
    assert drop_unfinished(cache, workspace.key).count == 0
    assert workspace.begun == 1
    async with Transfers(workspace, cache, options=OPTIONS):
        pass
    assert workspace.begun == 0
    assert noted(cache) == []


async def test_where_nobody_answers_it_stays_noted_for_the_start_after(workspace, cache, killed):
    drop_unfinished(cache, workspace.key)
    workspace.away = True
    async with Transfers(workspace, cache, options=OPTIONS) as queue:
        assert queue.unfinished() == ()
        assert queue.resume_unfinished() == ()
    workspace.away = False
    assert workspace.begun == 1
    async with Transfers(workspace, cache, options=OPTIONS):
        pass
    assert workspace.begun == 0


async def test_the_parts_of_a_file_that_changed_are_removed(workspace, cache, killed):
    killed.write_bytes(b"a\n1\n2\n")
    async with Transfers(workspace, cache, options=OPTIONS) as queue:
        sent = queue.upload(killed, name="big", data_type_id="GenericCSV")
        await queue.finished(sent.id)
    assert workspace.begun == 0
    assert noted(cache) == []


async def test_what_was_left_a_moment_ago_waits_and_what_was_left_a_week_ago_does_not(
    workspace, cache, killed
):
    week = datetime.now(UTC) - timedelta(days=7, minutes=1)
    await leave(workspace, cache, killed, begun=week)
    await leave(workspace, cache, killed, begun=week, paused=True)
    async with Transfers(workspace, cache, options=OPTIONS):
        pass
    assert workspace.begun == 2
    assert len(unfinished(cache, workspace.key)) == 2


async def test_a_cancelled_upload_leaves_no_parts(workspace, cache, killed):
    async with Transfers(workspace, cache, options=OPTIONS) as queue:
        (taken,) = queue.resume_unfinished(paused=False)
        await queue.cancel(taken.id)
        with pytest.raises((Cancelled, asyncio.CancelledError)):
            await queue.finished(taken.id)
    assert workspace.begun == 0
    assert noted(cache) == []
