"""`amltui pick`: choose in the terminal program, get a path."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from amltui.cli.options import COMMON, Common
from amltui.cli.session import run
from amltui.errors import Cancelled, UsageError
from amltui.models import Dataset

if TYPE_CHECKING:
    from amltui.services.session import Session


def pick(
    *,
    choose: Annotated[Callable[[str | None], Dataset | None] | None, Parameter(parse=False)] = None,
    common: Common = COMMON,
) -> None:
    """Choose a dataset in the terminal program, and print the path of its contents on this disk.

    The path is in the cache: read the file, do not change or keep it.

    Args:
        choose: Lets the user of a terminal choose a dataset of a profile's workspace.
        common: Common options.
    """
    if choose is None or not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise UsageError(
            "There is no terminal to choose on", hint="Name a dataset: amltui get NAME"
        )
    picked = choose(common.place)
    if picked is None:
        raise Cancelled("Nothing was chosen.")

    async def work(session: Session) -> Path:
        from amltui.cli.progress import watched

        queue = await session.transfers()
        transfer = queue.download(picked)
        await watched(queue, common.out, queue.finished(transfer.id))
        async with queue.feed(picked) as feed:
            return await feed.wait_whole()

    path = run(common, work)
    if common.json:
        common.out.document({"path": path, "dataset_id": picked.id, "name": picked.name})
    else:
        common.out.line(str(path))
