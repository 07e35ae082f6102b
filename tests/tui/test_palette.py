from textual.widgets import Input

from amltui.tui.actions.program import palette_commands
from amltui.tui.widgets.palette import Palette, PaletteCommand, matching
from tests.tui.conftest import at_the_screen

COMMANDS = [
    PaletteCommand("key:d", "download", "d"),
    PaletteCommand("run:download_to", "download to a path that you type"),
    PaletteCommand("key:R", "refresh the list", "R"),
]


def test_every_typed_word_must_occur():
    assert [c.id for c in matching(COMMANDS, "path down")] == ["run:download_to"]
    assert matching(COMMANDS, "nothing like it") == []


def test_what_begins_with_the_text_comes_first():
    assert matching([*reversed(COMMANDS)], "re")[0].id == "key:R"


def test_a_number_goes_to_that_row():
    assert [c.id for c in matching(COMMANDS, "1200")] == ["row:1200"]
    assert [c.id for c in matching(COMMANDS, " 1,200 ")] == ["row:1200"]


def test_nothing_typed_shows_all():
    assert matching(COMMANDS, "") == COMMANDS


def test_letters_in_their_order_find_what_no_word_does():
    assert [c.id for c in matching(COMMANDS, "dlpath")] == ["run:download_to"]


def test_a_name_that_holds_the_number_comes_before_the_place_of_that_number():
    years = [PaletteCommand("column:1", "1999"), PaletteCommand("column:2", "2000")]
    found = [c.id for c in matching(years, "2000", number="column")]
    assert found == ["column:2", "column:2000"]


async def test_what_the_workspace_may_turn_out_to_do_is_offered_until_that_is_known(place):
    async with at_the_screen() as user:
        archived = "archived datasets: bring one back"
        offered = [one.label for one in palette_commands(user.main, None)]
        assert archived in offered
        await user.until(lambda: user.main.can)
        offered = [one.label for one in palette_commands(user.main, user.main.can)]
        assert archived not in offered


async def test_a_jump_and_the_end_of_the_palette_are_one_frame(place):
    async with at_the_screen() as user:
        await user.choose("Iris")
        await user.press("enter")
        grid, palette = user.main.preview.grid, user.main.query_one(Palette)
        await user.until(lambda: grid.has_focus and grid.row_count == 150)
        await user.press("colon")
        await user.until(lambda: palette.query_one(Input).has_focus)
        await user.type("140")
        await user.until(lambda: palette.region.area)
        frames = []
        user.app.post_display_hook = lambda: frames.append((grid.cursor_row, palette.region.area))
        await user.press("enter")
        await user.until(lambda: grid.has_focus and not palette.region.area)
        assert all(not covered for row, covered in frames if row == 139)
        assert any(row == 139 for row, _ in frames)
