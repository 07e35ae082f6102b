"""Leaving the screen for a while: the Python prompt."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

from textual.app import App

import amltui
from amltui.errors import Damaged, UsageError
from amltui.models import Dataset
from amltui.text import visible
from amltui.tui.actions.host import ActionHost
from amltui.tui.keymap import key_of
from amltui.tui.terminal import run_in_front


class PythonPrompt:
    """The key `P`."""

    def __init__(self, host: ActionHost, app: Callable[[], App[object]], profile: str) -> None:
        self._host = host
        self._app = app
        self._profile = profile
        """Of the workspace; "": the environment names it."""

    async def prompt(self) -> None:
        """`P`: a Python prompt with `df`, `ds` and `ws`; the contents are fetched first."""
        from amltui.formats.frames import is_supported

        dataset = self._host.dataset
        if dataset is None:
            raise UsageError("No dataset is selected.", hint="Choose one in the list first.")
        if not is_supported(dataset.data_type_id):
            raise UsageError(
                f"{visible(dataset.data_type_id)} cannot be read as a data frame.",
                hint=f"Download it with {key_of('download')} and open it with its own program.",
            )
        path = await local_contents(self._host, dataset)
        # With -P and this path it imports our package, never a file of the same name in the
        # current directory.
        command = [sys.executable, "-P", "-m", "amltui.tui.repl"]
        root = str(Path(amltui.__file__).parents[1])
        await run_in_front(
            self._app(),
            [*command, str(path), dataset.data_type_id, dataset.name, dataset.id, self._profile],
            {"PYTHONPATH": root},
        )


async def local_contents(host: ActionHost, dataset: Dataset) -> Path:
    """The dataset's bytes as a file in the cache, fetched if they are not there."""
    session = await host.session()
    entry = session.cache.entry(session.key, dataset)
    if not entry.whole:
        host.say(f"Fetching {visible(dataset.name)} first")
        queue = await session.transfers()
        await queue.finished(queue.download(dataset).id)
    if not entry.whole:
        raise Damaged(f"{visible(dataset.name)} did not stay in the cache.")
    return entry.raw
