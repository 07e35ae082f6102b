"""Opening previews in a session: how a dataset is read, and what a full disk of the cache costs."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
from collections.abc import Callable
from types import ModuleType
from typing import TYPE_CHECKING

from amltui.config.quota import fetch_limit
from amltui.errors import DiskFull, NotFound, UsageError
from amltui.models import Dataset, OutputPort
from amltui.services import first_page

if TYPE_CHECKING:
    from amltui.formats.dialect import Dialect
    from amltui.formats.lens import Lens
    from amltui.services.previews import Preview
    from amltui.services.session import Session
    from amltui.tables.rows import Rows


class PreviewOpener:
    """Opens the previews of one session."""

    def __init__(self, session: Session, reading: Callable[[Lens], Lens] | None) -> None:
        self._session = session
        self._reading = reading
        self._chosen: set[str] = set()
        """Keys of datasets of which a person said in this session how they are read."""
        self._module: ModuleType | None = None
        """What opens previews, once it is imported."""

    def remembered(self, source: Dataset | OutputPort) -> Dialect | None:
        """How a person said on this machine that a dataset is written."""
        from amltui.services import dialects

        if not isinstance(source, Dataset):
            return None
        return dialects.remembered(self._session.key, source.key)

    def remember(self, dataset: Dataset, dialect: Dialect | None) -> None:
        """Read a dataset so from now on, on this machine; None: as its type says.

        Raises:
            ConfigError: it cannot be written down.
        """
        from amltui.services import dialects

        dialects.remember(self._session.key, dataset.key, dialect)
        self._chosen.add(dataset.key)

    def remember_sheet(self, dataset: Dataset, sheet: str | None) -> None:
        """Show this sheet of a dataset from now on, on this machine; None: its first.

        Raises:
            ConfigError: it cannot be written down.
        """
        from amltui.services import dialects

        dialects.remember_sheet(self._session.key, dataset.key, sheet)
        self._chosen.add(dataset.key)

    def _remembered_sheet(self, source: Dataset | OutputPort) -> str | None:
        from amltui.services import dialects

        if not isinstance(source, Dataset):
            return None
        return dialects.remembered_sheet(self._session.key, source.key)

    async def open(
        self,
        source: Dataset | OutputPort,
        dialect: Dialect | None = None,
        *,
        sheet: str | None = None,
        brief: bool = False,
    ) -> Preview:
        """The first rows of a dataset; see `open_preview`. Close it when it is no longer shown.

        `brief`: of a content elsewhere no more is fetched than its first block, until it is asked.

        `dialect`: how it is read; None: as this session was told to read, as was remembered, or as
        its type says, whichever comes first. `sheet`: which of its tables; None: in the same order,
        the first at last.
        """
        reading = self._reading
        if (
            dialect is None
            and reading is not None
            and isinstance(source, Dataset)
            and source.key not in self._chosen
        ):
            plain = await self._open(source, None, sheet, brief=brief)
            lens = plain.lens
            plain.close()
            with contextlib.suppress(UsageError, NotFound):  # it is no text, or has no sheets
                found = reading(lens)
                dialect, sheet = found.dialect, sheet or found.sheet
        if sheet is None:
            sheet = await asyncio.to_thread(self._remembered_sheet, source)
            if sheet is not None:
                with contextlib.suppress(NotFound):  # it is no longer there
                    return await self._open(source, dialect, sheet, brief=brief)
                sheet = None
        return await self._open(source, dialect, sheet, brief=brief)

    async def _open(
        self,
        source: Dataset | OutputPort,
        dialect: Dialect | None,
        sheet: str | None,
        *,
        brief: bool,
    ) -> Preview:
        session = self._session
        module = await self._imported()
        if isinstance(source, Dataset):
            source = await session.whole(source)
        made: Preview
        if dialect is None:
            dialect = await asyncio.to_thread(self.remembered, source)
        for _ in range(2):
            try:
                made = await module.open_preview(
                    session.cache,
                    session.key,
                    session.transfers,
                    source,
                    connect=session.connect,
                    limit=module.SMALL if brief else await asyncio.to_thread(fetch_limit),
                    sheet=sheet,
                    dialect=dialect,
                )
            except DiskFull:
                if not session.cache.leave_full_disk():  # once: then it is a temporary one
                    raise
            else:
                break
        return made

    async def _imported(self) -> ModuleType:
        # It brings pyarrow, which a list needs not, and takes longer than a frame.
        if self._module is None:
            name = "amltui.services.previews"
            self._module = await asyncio.to_thread(importlib.import_module, name)
        return self._module

    async def first_page(self, dataset: Dataset) -> first_page.FirstPage | None:
        """The first rows as they were shown last, until previews can be opened as quickly."""
        if self._module is not None or self._reading is not None:
            return None
        entry = self._session.cache.entry(self._session.key, dataset)
        return await asyncio.to_thread(first_page.kept, entry)

    async def keep_first_page(self, dataset: Dataset, rows: Rows, note: str, began: float) -> None:
        """Keep the first rows of a dataset for the next start; see `first_page.page_of`."""
        if self._reading is None:
            entry = self._session.cache.entry(self._session.key, dataset)
            page = first_page.page_of(rows, entry, note, began)
            if page is not None:
                await asyncio.to_thread(first_page.keep, entry, page)

    async def warm_up(self) -> None:
        """Bring in what the first preview needs, beside the loop, before anybody waits for it."""
        await self._imported()
        tables = await asyncio.to_thread(importlib.import_module, "amltui.tables")
        await asyncio.to_thread(tables.warm_up)
