"""What was seen last is drawn again at the next start, before its content is open."""

import os
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from amltui.tui.actions import previews
from tests.support.proxy import Fault, fault_proxy
from tests.tui.conftest import SECONDS, at_the_screen
from tests.tui.test_queries import CENSUS, state

ALL = "32,561 rows · complete"


def kept_pages():
    """The files that hold first rows."""
    return list(Path(os.environ["AMLTUI_CACHE_DIR"]).glob("v*/entries/*/first.page"))


async def seen():
    """A run of the program that looks at the first dataset and leaves."""
    async with at_the_screen() as user:
        await user.until(lambda: ALL in state(user))
        await user.until(kept_pages)  # who leaves before has no page, and waits at the next start
        await user.press("q")
        await user.until(lambda: not user.app.is_running)


@pytest.fixture
async def held(place, server, monkeypatch):
    """A workspace that answers in the first run, and no more in the second."""
    monkeypatch.setattr(previews, "AT_ONCE", SECONDS)
    held = False
    async with fault_proxy(
        urlsplit(server.endpoint).port, lambda _: Fault(stall=0) if held else None
    ) as proxy:
        monkeypatch.setenv("AMLTUI_ENDPOINT", proxy.endpoint)
        await seen()
        held = True
        yield


def place_of_column(user):
    """Where the second column is drawn."""
    header = next(line for line in user.screen_text().splitlines() if "workclass" in line)
    return header.index("workclass")


def opens(user):
    """The workspace was asked, or would be by now: the content may be opened."""
    user.main._previews.may_open.set()


async def test_rows_that_were_kept_are_shown_until_the_content_is_open(held):
    async with at_the_screen() as user:
        await user.until(lambda: state(user) == "first 64 of 32,561 rows")
        await user.until(lambda: "State-gov" in user.screen_text())
        assert user.main.preview.title == CENSUS
        before = place_of_column(user)
        await user.press("2", "j", "j", "l")
        opens(user)
        await user.until(lambda: ALL in state(user))
        grid = user.main.preview.grid
        assert (grid.cursor_row, grid.cursor_column) == (2, 1)
        assert place_of_column(user) == before


@pytest.mark.parametrize(
    ("key", "comes"),
    [("right_square_bracket", "▼ age"), ("slash", "find in all columns"), ("I", "Profile of age")],
)
async def test_what_is_asked_of_rows_that_were_kept_is_answered_of_all(held, key, comes):
    async with at_the_screen() as user:
        await user.until(lambda: state(user) == "first 64 of 32,561 rows")
        await user.press("2", key)
        assert comes not in user.screen_text()
        opens(user)
        await user.until(lambda: comes in user.screen_text())
        await user.until(lambda: "32,561 rows" in state(user))


async def test_a_content_that_is_gone_from_this_disk_is_not_shown_as_if_it_were_here(
    held, tmp_path
):
    (raw,) = (tmp_path / "cache").glob("v*/entries/*/raw")
    raw.unlink()
    async with at_the_screen() as user:
        await user.until(lambda: user.main.dataset and user.main.dataset.name == CENSUS)
        await user.until(lambda: "Fetching the first rows…" in user.screen_text())
        assert "State-gov" not in user.screen_text()
