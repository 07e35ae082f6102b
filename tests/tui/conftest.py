"""The terminal program against a real workspace server."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest
from textual.css.query import NoMatches
from textual.pilot import Pilot
from textual.widgets import Input, TextArea

from amltui.transfers import Options
from amltui.tui.app import AmltuiApp
from amltui.tui.screens.main import MainScreen
from amltui.tui.widgets.datasets import DatasetsPane
from amltui.tui.widgets.dialog import Dialog
from tests.support.server import RunningServer, running_server

SECONDS = 60
"""How long anything may take on a busy machine before a test gives up."""


@pytest.fixture(scope="module")
def server(tmp_path_factory) -> Iterator[RunningServer]:
    with running_server(tmp_path_factory.mktemp("workspace")) as running:
        yield running


@pytest.fixture
def place(server, tmp_path, monkeypatch) -> Path:
    """An environment that names the server, and the current directory of the program."""
    for name in ("config", "cache", "data"):
        monkeypatch.setenv(f"AMLTUI_{name.upper()}_DIR", str(tmp_path / name))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("AMLTUI_ENDPOINT", server.endpoint)
    monkeypatch.setenv("AMLTUI_WORKSPACE_ID", server.workspace_id)
    monkeypatch.setenv("AMLTUI_TOKEN", server.token)
    for name in ("AMLTUI_PROFILE", "TMUX", "STY", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    return work


class Driver:
    """A person at the keyboard of a running program."""

    def __init__(self, app: AmltuiApp, pilot: Pilot[int]) -> None:
        self.app = app
        self.pilot = pilot

    @property
    def main(self) -> MainScreen:
        """The main screen, whatever lies over it."""
        return next(s for s in self.app.screen_stack if isinstance(s, MainScreen))

    @property
    def dialog(self) -> Dialog[object]:
        """The dialog over the panes."""
        return self.main.query_one(Dialog)

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)

    async def type(self, text: str) -> None:
        """Put a text into the field in focus, as a paste does."""
        field = self.app.screen.focused
        if isinstance(field, TextArea):
            field.insert(text)
        else:
            assert isinstance(field, Input)
            field.insert_text_at_cursor(text)
        await self.pilot.pause()

    async def until(self, condition: Callable[[], object]) -> None:
        """Let the program work until `condition` holds."""
        try:
            async with asyncio.timeout(SECONDS):
                while not _holds(condition):
                    await self.pilot.pause(0.01)
        except TimeoutError:
            pytest.fail(f"It did not come to that. {self.notes}\n{self.screen_text()}")

    async def choose(self, name: str) -> None:
        """Put the cursor of the list on a dataset by filtering, and drop the filter."""
        await self.press("1", "slash")
        await self.type(name[:6])
        await self.until(lambda: self.main.dataset and self.main.dataset.name == name)
        await self.press("escape")
        await self.until(lambda: self.main.dataset and self.main.dataset.name == name)

    @property
    def names(self) -> list[str]:
        """The datasets in the list."""
        return [dataset.name for dataset in self.main.query_one(DatasetsPane).list.rows]

    @property
    def notes(self) -> str:
        """All notifications so far, one line each."""
        return "\n".join(note.text for note in self.app.notes.said)

    def screen_text(self) -> str:
        """What stands on the screen, line by line."""
        return "\n".join(
            "".join(segment.text for segment in strip)
            for strip in self.app.screen._compositor.render_strips()
        )


def _holds(condition: Callable[[], object]) -> bool:
    try:
        return bool(condition())
    except (StopIteration, LookupError, NoMatches):
        return False  # The screen is not there yet.


@contextlib.asynccontextmanager
async def at_the_screen(
    size: tuple[int, int] = (120, 40), options: Options | None = None, profile: str | None = None
) -> AsyncIterator[Driver]:
    """The program on a terminal of this size, with its list on the screen."""
    app = AmltuiApp(profile, options=options)
    async with app.run_test(size=size) as pilot:
        driver = Driver(app, pilot)
        await driver.until(lambda: driver.names)
        yield driver
