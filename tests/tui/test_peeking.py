"""Large contents of which only places are fetched, on the screen."""

import contextlib

import pytest

from amltui.errors import Conflict
from amltui.services.session import open_session
from amltui.tui.widgets.preview import PreviewPane
from tests.tui.conftest import at_the_screen

ROWS = 120_000
LINE = '{},"a, ""b"" {}",{}\n'


@pytest.fixture
async def large(place, monkeypatch):
    """A dataset above the limit, whose rows are longer further on."""
    lines = (LINE.format(i, i, "x" * (5 if i < ROWS // 3 else 60)) for i in range(ROWS))
    path = place / "large.csv"
    path.write_text("id,name,text\n" + "".join(lines))
    async with open_session() as session:
        with contextlib.suppress(Conflict):  # the server is that of all tests here
            await session.upload(path, name="large.csv", data_type_id="GenericCSV")
    monkeypatch.setenv("AMLTUI_FETCH_LIMIT", "1 MiB")


async def test_any_row_is_seen_without_the_rest_and_stays_in_place_when_that_comes(large):
    async with at_the_screen() as program:
        pane = program.main.query_one(PreviewPane)
        await program.choose("large.csv")
        await program.press("enter")
        await program.until(lambda: pane.rows is not None and pane.rows.row_count)
        assert "fetched" in program.screen_text()
        assert f"about {ROWS:,}" not in program.screen_text()
        await program.press("G")
        await program.until(lambda: f"{ROWS - 1} " in program.screen_text())
        text = program.screen_text()
        assert "rows near" in text
        assert f"~{pane.rows.row_count}" in text
        await program.press("colon")
        await program.type("50%")
        await program.press("enter")
        await program.until(lambda: pane.grid.cursor_row < pane.rows.row_count * 0.6)
        await program.until(lambda: pane.rows.here(pane.grid.cursor_row))
        at = int(pane.rows.cell(pane.grid.cursor_row, 0))
        offset = pane.grid.cursor_row - pane.grid.scroll_offset.y
        assert at != pane.grid.cursor_row
        await program.press("F")
        await program.until(lambda: "are not here yet" in program.screen_text())
        await program.press("y")
        await program.until(lambda: pane.rows.complete)
        await program.until(lambda: "~" not in program.screen_text())
        assert pane.rows.row_count == ROWS
        assert pane.grid.cursor_row == at
        assert pane.grid.cursor_row - pane.grid.scroll_offset.y == offset
        assert f"{at} " in program.screen_text()


async def test_a_query_on_all_rows_offers_to_fetch_them(large):
    async with at_the_screen() as program:
        pane = program.main.query_one(PreviewPane)
        await program.choose("large.csv")
        await program.press("enter")
        await program.until(lambda: pane.rows is not None and pane.rows.row_count)
        await program.press("ampersand")
        await program.type(f"id={ROWS - 1}")
        await program.press("enter")
        await program.until(lambda: "This query is about all rows" in program.screen_text())
        await program.press("n")
        await program.until(
            lambda: "Not asked" in program.notes or not program.main.query("Confirm")
        )
        assert pane.rows.row_count > 1
        await program.press("ampersand", "enter")
        await program.until(lambda: "This query is about all rows" in program.screen_text())
        await program.press("y")
        await program.until(lambda: pane.rows.row_count == 1)
        assert pane.rows.cell(0, 0) == str(ROWS - 1)
