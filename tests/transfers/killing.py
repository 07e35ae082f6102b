"""A process that runs transfers in children of its own, so that starting one costs no imports.

Reads one JSON object a line: what to do; answers with the child's pid, then with how it ended.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

import httpx  # noqa: F401 - loaded once, here

from amltui.cache import Cache
from amltui.transfers import Transfers
from amltui.workspaces.http.client import ApiClient  # noqa: F401 - as httpx
from amltui.workspaces.studio import StudioWorkspace


async def work(job: dict, *, again: bool, mark: Callable[[], None]) -> None:
    workspace = StudioWorkspace(job["endpoint"], job["workspace"], job["token"], key="kill")
    with Cache(Path(job["cache"]), job["quota"]) as cache:
        async with workspace, Transfers(workspace, cache) as transfers:
            found = transfers.resume_unfinished()
            if not found and again:
                return  # it was done, and killed before it could say so
            if not found and job["kind"] == "download":
                dataset = await workspace.dataset(job["dataset"])
                found = (transfers.download(dataset, Path(job["target"])),)
            elif not found:
                path = Path(job["source"])
                name = job["name"]
                found = (transfers.upload(path, name=name, data_type_id="GenericCSV"),)
            mark()
            for one in found:
                await transfers.finished(one.id)


def main() -> None:
    for line in sys.stdin:
        job = json.loads(line)
        pid = os.fork()
        if pid == 0:
            try:
                begun = Path(job["begun"])
                asyncio.run(work(job, again=begun.exists(), mark=begun.touch))
            except BaseException:  # noqa: BLE001 - nothing of the parent's may run in the child
                import traceback

                traceback.print_exc()
                os._exit(1)
            os._exit(0)
        print(pid, flush=True)
        print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)


if __name__ == "__main__":
    main()
