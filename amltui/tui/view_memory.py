"""How each dataset was looked at last, and which one: for the next time, and the next program.

    views.json    {workspace: {"at": dataset, "views": {dataset: view}}}, in the directory of data

What programs note at the same time is put together: each changes its own entries under a lock.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import msgspec

from amltui.config import paths
from amltui.config.private import read_settings, write_private
from amltui.disk import alone
from amltui.errors import ConfigError
from amltui.tables.rows import Column

VIEWS: Final = 200
"""Datasets of a workspace whose views are kept, the last ones."""
WORKSPACES: Final = 50
"""Workspaces of which something is kept."""
_COLUMNS: Final = 500
"""Columns of a view of which something is kept."""
_CALM: Final = 1.0
"""Seconds after a change before it is written; those that follow it are written with it."""


class ColumnView(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a person did to a column. It is found again by its place and its name."""

    at: int
    name: str
    width: int | None = None
    """Cells; None: as its texts ask for."""
    hidden: bool = False


class DatasetView(msgspec.Struct, frozen=True, omit_defaults=True):
    """How a dataset was looked at."""

    columns: tuple[ColumnView, ...] = ()
    frozen: int = 0
    """Columns that stand still at the left."""
    sort: tuple[int, str, bool] | None = None
    """Place and name of the column that rows were sorted by; whether descending."""

    def fitting(self, columns: Sequence[Column]) -> DatasetView:
        """What of it is about columns that are still there."""
        names = [column.name for column in columns]

        def there(at: int, name: str) -> bool:
            return 0 <= at < len(names) and names[at] == name

        return DatasetView(
            tuple(one for one in self.columns if there(one.at, one.name)),
            self.frozen if self.frozen <= len(names) else 0,
            self.sort if self.sort is not None and there(*self.sort[:2]) else None,
        )


class _Kept(msgspec.Struct):
    """What is kept of a workspace."""

    at: str = ""
    views: dict[str, DatasetView] = {}


_FILE: Final = msgspec.json.Decoder[dict[str, _Kept]](dict[str, _Kept])


class ViewMemory:
    """What was noted of one workspace, and what is still to be written."""

    def __init__(self) -> None:
        self._workspace = ""
        self._kept = _Kept()
        self._new = _Kept()
        """What is not written yet."""

    async def load(self, workspace: str) -> None:
        """Know what was noted of the workspace of this key in the cache."""
        self._workspace = workspace
        self._kept = (await asyncio.to_thread(_read)).get(workspace, _Kept())

    @property
    def at(self) -> str:
        """The key of the dataset that was under the cursor last, or ""."""
        return self._kept.at

    def view(self, key: str) -> DatasetView:
        """How the dataset of a key was looked at last."""
        return self._kept.views.get(key, DatasetView())

    def note_at(self, key: str) -> bool:
        """Note which dataset is under the cursor; whether there is something to write."""
        if not self._workspace or key == self._kept.at:
            return False
        self._kept.at = self._new.at = key
        return True

    def note_view(self, key: str, view: DatasetView) -> bool:
        """Note how a dataset is looked at; whether there is something to write."""
        view = msgspec.structs.replace(view, columns=view.columns[:_COLUMNS])
        if not self._workspace or view == self.view(key):
            return False
        self._kept.views[key] = self._new.views[key] = view
        return True

    async def write_soon(self) -> None:
        """Write what was noted, once no more comes."""
        await asyncio.sleep(_CALM)
        await asyncio.to_thread(self.write)

    def write(self) -> None:
        """Write what was noted, if something was. Blocks on the disk.

        A disk that refuses costs the memory of this program, and no more.
        """
        new, self._new = self._new, _Kept()
        if new.at or new.views:
            with contextlib.suppress(ConfigError, OSError):
                _add(self._workspace, new)


def _file() -> Path:
    return paths.data_dir() / "views.json"


def _read() -> dict[str, _Kept]:
    """All that is kept. A file that is damaged is empty."""
    with contextlib.suppress(ConfigError, msgspec.DecodeError):
        return _FILE.decode(read_settings(_file()) or "{}")
    return {}


def _add(workspace: str, new: _Kept) -> None:
    """Put what is new to what all programs noted until now."""
    path = _file()
    with alone(path.parent):
        known = _read()
        kept = known.pop(workspace, _Kept())
        kept.at = new.at or kept.at
        for key, view in new.views.items():
            kept.views.pop(key, None)
            if view != DatasetView():
                kept.views[key] = view
        kept.views = dict(list(kept.views.items())[-VIEWS:])
        known[workspace] = kept
        known = dict(list(known.items())[-WORKSPACES:])
        found: Any = msgspec.to_builtins(known)
        write_private(path, json.dumps(found, ensure_ascii=False, indent=1) + "\n")
