"""Rows that lie far apart, read beside the drawing."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from amltui.errors import AmltuiError

if TYPE_CHECKING:
    from amltui.tables.rows import SlowRows
    from amltui.tui.actions.host import PreviewHost


class SlowRowsReader:
    """Brings what a grid asks for; the last that was asked for first."""

    def __init__(self, host: PreviewHost, rows: SlowRows) -> None:
        self._host = host
        self._rows = rows
        self._reads = False
        rows.on_wanted = self._begin

    def _begin(self) -> None:
        if not self._reads:
            self._reads = True
            self._host.work(self._read, group="rows")

    async def _read(self) -> None:
        rows = self._rows
        try:
            while self._is_shown and (wanted := rows.wanted) is not None:
                rows.put(wanted, await asyncio.to_thread(rows.read_wanted, wanted))
                if self._is_shown:
                    self._host.preview.grid.grew()
        except (AmltuiError, OSError):
            rows.on_wanted = _give_up  # asked again, they would fail again
            if self._is_shown:  # else they may be closed
                raise
        finally:
            self._reads = False

    @property
    def _is_shown(self) -> bool:
        shown: object = self._host.preview.rows
        return shown is self._rows


def _give_up() -> None:
    pass
