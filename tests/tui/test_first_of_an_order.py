"""Where one ends who goes further than the first rows of an order that is still being made."""

from __future__ import annotations

import threading

import pytest

from amltui.tables.queries import order
from tests.tui.conftest import SECONDS, at_the_screen
from tests.tui.test_queries import ROWS, all_rows_shown, ask, open_census, state


@pytest.fixture
def whole_order(monkeypatch):
    """Whole orders wait until this is set; the first rows of one do not."""
    made, real = threading.Event(), order._order

    def held(*args, limit=None):
        if limit is None:
            made.wait(SECONDS)
        return real(*args, limit=limit)

    monkeypatch.setattr(order, "_order", held)
    yield made
    made.set()


async def see_the_first(user):
    """Sort by the first column, and see its first rows."""
    await user.press("left_square_bracket")
    await user.until(lambda: state(user).startswith(f"first 1,000 of {ROWS:,} rows"))


async def see_all(user, whole_order):
    whole_order.set()
    await user.until(lambda: state(user).startswith(f"{ROWS:,} of {ROWS:,} rows"))


async def go_to(user, text):
    await user.press("colon")
    await user.type(text)
    await user.press("enter")


async def test_the_last_row_is_that_of_the_whole_order(place, whole_order):
    async with at_the_screen() as user:
        await open_census(user)
        grid = user.main.preview.grid
        await see_the_first(user)
        await user.press("G")
        assert grid.cursor_row == 999
        await see_all(user, whole_order)
        assert grid.cursor_row == ROWS - 1
        assert user.main.preview.rows.cell(grid.cursor_row, 0) == "90"


@pytest.mark.parametrize(
    ("typed", "row", "said"),
    [
        ("15000", 15_000, ""),
        ("90%", round(0.9 * ROWS), ""),
        ("50000", ROWS, f"has {ROWS:,} rows."),
    ],
)
async def test_a_row_beyond_the_first_is_gone_to_once_it_is_here(
    place, whole_order, typed, row, said
):
    async with at_the_screen() as user:
        await open_census(user)
        await see_the_first(user)
        await go_to(user, typed)
        assert user.main.preview.grid.cursor_row == 999
        assert "has 1,000 rows" not in user.notes
        assert said in user.notes
        await see_all(user, whole_order)
        assert user.main.preview.grid.cursor_row == row - 1


async def test_what_is_worked_on_is_seen_in_a_narrow_pane_whatever_was_asked_before(
    place, whole_order
):
    async with at_the_screen((80, 24)) as user:
        await open_census(user)
        await ask(user, "ampersand", "workclass=Private & age>20 & fnlwgt>20000")
        await user.until(lambda: "& workclass=Private" in state(user))
        await user.press("left_square_bracket")
        await user.until(lambda: "sorting by age…" in user.screen_text())
        whole_order.set()
        await user.until(lambda: "sorting" not in state(user))


async def test_who_goes_elsewhere_meanwhile_stays_there(place, whole_order):
    async with at_the_screen() as user:
        await open_census(user)
        await see_the_first(user)
        await user.press("G", "k")
        await see_all(user, whole_order)
        assert user.main.preview.grid.cursor_row == 998


async def test_who_stood_further_down_when_the_order_began_is_there_again(place, whole_order):
    async with at_the_screen() as user:
        await open_census(user)
        await go_to(user, "20000")
        await see_the_first(user)
        assert user.main.preview.grid.cursor_row == 999
        await see_all(user, whole_order)
        assert user.main.preview.grid.cursor_row == 19_999


async def test_an_order_that_is_left_leads_nowhere(place, whole_order):
    async with at_the_screen() as user:
        await open_census(user)
        await see_the_first(user)
        await user.press("G", "escape")
        await user.until(lambda: all_rows_shown(user, ROWS))
        assert user.main.preview.grid.cursor_row == 999


@pytest.mark.parametrize("to_the_end", [True, False])
async def test_what_was_scrolled_to_stays_in_view_and_the_end_stays_the_end(
    place, whole_order, to_the_end
):
    async with at_the_screen() as user:
        await open_census(user)
        grid = user.main.preview.grid
        await see_the_first(user)
        bar = grid.region.right - 1
        top, end = grid.region.y, grid.region.bottom - 1 - grid.scrollbar_size_horizontal
        await user.pilot.mouse_down(offset=(bar, top))
        let_go = (bar, end if to_the_end else (top + end) // 2)
        await user.pilot.hover(offset=let_go)
        await user.pilot.mouse_up(offset=let_go)
        await user.until(lambda: grid.scroll_offset.y > 100)
        seen = grid.scroll_offset.y
        assert to_the_end == (seen == grid.max_scroll_y)
        await see_all(user, whole_order)
        await user.pilot.pause()
        assert grid.scroll_offset.y == (grid.max_scroll_y if to_the_end else seen)
        assert grid.cursor_row == 0
