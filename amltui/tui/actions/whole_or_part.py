"""What a person says of a content that is too large to be fetched unasked."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from amltui.disk import free_space
from amltui.errors import Cancelled
from amltui.text import human_size, visible

if TYPE_CHECKING:
    from amltui.services.previews import Preview
    from amltui.tui.actions.host import PreviewHost

_ALL: Final = "This query is about all rows. "


async def wants_all(host: PreviewHost, preview: Preview, why: str = "") -> bool:
    """Whether all of it is to be fetched; `why` is said first."""
    from amltui.tui.dialogs.prompts import Confirm

    title, question = await _missing(host, preview, why)
    return await host.ask(Confirm(title, question, yes="fetch")) is True


async def asks_part(host: PreviewHost, preview: Preview, *, all_rows: bool) -> bool:
    """Whether a query is to be asked of the rows that are here; False: of all, fetched.

    `all_rows`: the first rows are of no use for it.

    Raises:
        Cancelled: the person wants neither.
    """
    from amltui.tui.dialogs.menu import Menu, MenuItem

    part = preview.part_size
    if part and not all_rows:
        title, question = await _missing(host, preview, _ALL)
        entries = [
            MenuItem("o", "ask only the rows here", f"the first {human_size(part)}"),
            MenuItem("y", "fetch all, then ask", human_size(preview.size)),
            MenuItem("n", "do not ask"),
        ]
        answer = await host.ask(Menu(title, entries, question=question))
        if answer in {"o", "y"}:
            return answer == "o"
    elif await wants_all(host, preview, _ALL):
        return False
    raise Cancelled("Not asked: only some of the rows are here.")


async def _missing(host: PreviewHost, preview: Preview, why: str) -> tuple[str, str]:
    """A question, and what a person must know to answer it: how much is not here."""
    from amltui.models import Dataset  # the first frame does without

    name = visible(preview.source.name) if isinstance(preview.source, Dataset) else ""
    session = await host.session()
    free = await asyncio.to_thread(free_space, session.cache.directory)
    question = (
        f"{why}{human_size((preview.size or 0) - preview.received)} are not here yet, of "
        f"{human_size(preview.size)}. This disk has {human_size(free)} free."
    )
    return f"Fetch all of {name}?", question
