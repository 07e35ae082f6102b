"""Saying how a content is to be read: which sheet or table of it, or how its text is written."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from amltui.text import visible
from amltui.tui.dialogs.dialect import DialectScreen
from amltui.tui.dialogs.menu import Menu, MenuItem

if TYPE_CHECKING:
    from amltui.models import Dataset
    from amltui.services.previews import Preview
    from amltui.tui.actions.host import PreviewHost

_LETTERS = "123456789abcdefghilmnopqrstuvwxyz"
"""Without those that move the cursor."""


async def read_otherwise(host: PreviewHost, preview: Preview, dataset: Dataset) -> bool:
    """Let a person say how the dataset is read, which is remembered; whether that is new."""
    lens = preview.lens
    if lens.has_sheets:
        return await _choose_sheet(host, preview, dataset)
    if lens.fmt.kind not in {"delimited", "plain"} or not lens.has_rows:
        host.say(f"{lens.fmt.data_type_id} says itself how it is written.", warning=True)
        return False
    answer = await host.ask(
        DialectScreen(
            lens.dialect or lens.own,
            preview.first_rows,
            own=lens.own,
            offer=lens.offer,
            title=dataset.name,
        )
    )
    if answer is None:
        return False
    session = await host.session()
    await asyncio.to_thread(session.previews.remember, dataset, answer.dialect)
    return True


async def _choose_sheet(host: PreviewHost, preview: Preview, dataset: Dataset) -> bool:
    """Let another sheet be chosen, which is remembered; whether one was."""
    names = await preview.sheets()
    shown = preview.lens.sheet or names[0]
    letters = [*_LETTERS, *map(str, range(len(_LETTERS) + 1, len(names) + 1))]
    entries = [
        MenuItem(letter, visible(name), "shown now" if name == shown else "")
        for letter, name in zip(letters, names, strict=False)
    ]
    letter = await host.ask(Menu(f"Sheets of {visible(dataset.name)}", entries))
    if letter is None or (name := names[letters.index(letter)]) == shown:
        return False
    session = await host.session()
    chosen = None if name == names[0] else name
    await asyncio.to_thread(session.previews.remember_sheet, dataset, chosen)
    return True
