"""The index of a content's rows, made by a thread while the bytes arrive."""

from __future__ import annotations

import asyncio
import gc
import threading

import pytest

from amltui.errors import Unreadable
from amltui.formats import format_of
from amltui.services.previews.indexing import Indexing
from amltui.tables.source import OpenFile


async def test_a_problem_that_comes_when_nobody_waits_any_more_is_not_logged(tmp_path):
    logged = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: logged.append(context))
    begun, go = threading.Event(), threading.Event()
    (tmp_path / "x").write_bytes(b"a\n1\n")
    file = OpenFile.at(tmp_path / "x")

    def unpack(_):
        begun.set()
        assert go.wait(10)
        raise Unreadable("The content is damaged")

    async def follow() -> None:
        async for _ in Indexing(file, format_of("GenericCSV"), unpack=unpack).run(None):
            pass

    following = asyncio.ensure_future(follow())
    await asyncio.to_thread(begun.wait, 10)
    (thread,) = (one for one in threading.enumerate() if one.name == "row index")
    for _ in range(2):  # the second time while it waits for the thread
        following.cancel()
        await asyncio.sleep(0)  # one step of the loop, in which the wait hears of it
        await asyncio.sleep(0)
    with pytest.raises(asyncio.CancelledError):
        await following
    go.set()
    await asyncio.to_thread(thread.join)
    await asyncio.sleep(0)  # one step, in which the loop hears of the problem
    gc.collect()
    file.close()
    assert not logged
