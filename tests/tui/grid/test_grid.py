from dataclasses import replace

import pytest
from textual import events
from textual.app import App
from textual.coordinate import Coordinate
from textual.message import Message

from amltui.tui.grid import Grid
from tests.support.made_rows import MadeRows

OURS = {"amltui.tui.grid.grid", "amltui.tui.grid.navigation"}


class Stage(App[None]):
    """A grid alone on the screen; keeps the messages that it posts."""

    CSS = "Grid { scrollbar-size: 1 1; }"

    def __init__(self, rows=None) -> None:
        super().__init__()
        self.shown = rows
        self.heard: list[Message] = []

    def compose(self):
        yield Grid()

    def on_mount(self) -> None:
        if self.shown is not None:
            self.grid.show(self.shown)
        self.grid.focus()

    @property
    def grid(self) -> Grid:
        return self.query_one(Grid)

    def hear(self, message) -> None:
        self.heard.append(message)

    on_grid_cell_highlighted = on_grid_cell_selected = hear
    on_grid_row_highlighted = on_grid_row_selected = on_grid_row_label_selected = hear
    on_grid_column_highlighted = on_grid_column_selected = on_grid_header_selected = hear
    on_grid_sort_requested = hear

    def last(self, kind):
        return [message for message in self.heard if isinstance(message, kind)][-1]


def lines(app) -> list[str]:
    height = app.grid.view.height
    return [app.grid.render_line(y).text for y in range(height)]


async def settled(pilot) -> None:
    await pilot.pause()
    await pilot.pause()


@pytest.mark.parametrize(
    ("size", "shape"),
    [
        ((80, 24), (0, 0)),
        ((80, 24), (0, 5)),
        ((80, 24), (5, 0)),
        ((10, 24), (100, 3)),
        ((80, 3), (100, 30)),
        ((10, 3), (10_000_000, 30)),
        ((1, 1), (1, 1)),
        ((3, 2), (5, 5)),
    ],
)
async def test_any_shape_shows_in_any_size_and_survives_every_key(size, shape):
    app = Stage(MadeRows(*shape))
    async with app.run_test(size=size) as pilot:
        await settled(pilot)
        for base in Grid.__mro__:
            for binding in base.__dict__.get("BINDINGS", []) if base.__module__ in OURS else []:
                await app.run_action(binding.action, app.grid)
        await settled(pilot)
        for line in (app.grid.render_line(y) for y in range(app.grid.view.height)):
            assert line.cell_length == app.grid.view.width


async def test_the_last_row_and_column_are_in_view_after_going_there():
    app = Stage(MadeRows(10_000_000, 20))
    async with app.run_test(size=(60, 12)) as pilot:
        await pilot.press("G", "dollar_sign")
        await settled(pilot)
        assert app.grid.cursor_coordinate == (9_999_999, 19)
        assert "r9999999c19" in lines(app)[-1]
        await pilot.press("g", "g", "0")
        await settled(pilot)
        assert app.grid.cursor_coordinate == (0, 0)
        assert "r0c0" in lines(app)[app.grid.header_height]


async def test_only_columns_in_view_are_read():
    rows = MadeRows(10_000_000, 5_000)
    app = Stage(rows)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("pagedown", "G", "dollar_sign", "pageup")
        await settled(pilot)
        assert len(rows.read) < 120
        assert rows.cells_read < 64 * 200


async def test_the_keys_of_less_and_vi_move_like_the_arrows():
    app = Stage(MadeRows(1_000, 10))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("j", "j", "l", "l", "k", "h")
        assert app.grid.cursor_coordinate == (1, 1)
        page = app.grid.page_height
        await pilot.press("ctrl+f")
        assert app.grid.cursor_row == 1 + page
        await pilot.press("ctrl+d", "ctrl+u", "ctrl+b")
        assert app.grid.cursor_row == 1
        await pilot.press("end")
        assert app.grid.cursor_row == 999
        await pilot.press("home")
        assert app.grid.cursor_row == 0


async def test_a_page_down_takes_one_step_without_animation():
    app = Stage(MadeRows(1_000, 3))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("down", "pagedown")
        assert app.grid.scroll_offset.y == app.grid.page_height
        assert app.grid.cursor_row == 1 + app.grid.page_height


async def test_growing_keeps_the_cursor_and_shows_the_new_rows():
    rows = MadeRows(5, 3)
    app = Stage(rows)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("down", "down", "right")
        rows.row_count = 1_000
        app.grid.grew()
        await settled(pilot)
        assert app.grid.cursor_coordinate == (2, 1)
        assert "r9c0" in "\n".join(lines(app))
        await pilot.press("G")
        assert app.grid.cursor_row == 999


async def test_the_end_of_rows_that_come_stays_in_view_until_one_goes_elsewhere():
    rows = MadeRows(100, 3)
    rows.complete = False
    app = Stage(rows)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("G")
        rows.row_count = 1_000
        app.grid.grew()
        await settled(pilot)
        assert app.grid.cursor_row == 999
        assert "r999c0" in lines(app)[-1]
        await pilot.press("k")
        rows.row_count = 2_000
        app.grid.grew()
        assert app.grid.cursor_row == 998
        app.grid.go_to(5_000)
        rows.row_count, rows.complete = 10_000, True
        app.grid.grew()
        assert app.grid.cursor_row == 5_000
        await pilot.press("G")
        rows.row_count = 20_000
        app.grid.grew()
        assert app.grid.cursor_row == 9_999


async def test_no_column_moves_as_rows_come_that_were_expected():
    rows = MadeRows(5, 3)
    app = Stage(rows)
    async with app.run_test(size=(80, 24)) as pilot:
        app.grid.expect_rows(1_200)
        await settled(pilot)
        before = [line.index("r1c0") for line in lines(app) if "r1c0" in line]
        rows.row_count = 1_100
        app.grid.grew()
        await pilot.press("G", "g", "g")
        await settled(pilot)
        assert [line.index("r1c0") for line in lines(app) if "r1c0" in line] == before


async def test_growing_reads_types_that_became_known():
    rows = MadeRows(5, 1, lambda *_: "abc", kind=None)
    app = Stage(rows)
    async with app.run_test(size=(40, 12)) as pilot:
        await settled(pilot)
        rows.columns = (replace(rows.columns[0], type="int", misfits=3, first_misfit=1),)
        app.grid.grew()
        await settled(pilot)
        assert "int !3" in lines(app)[1]


@pytest.mark.parametrize(("cell", "said"), [("a" * 30, "int, 5 % missing (NA)"), ("7", "int 5%")])
async def test_the_header_says_how_much_is_missing_as_far_as_there_is_room(cell, said):
    rows = MadeRows(5, 1, lambda *_: cell, kind="int")
    about = replace(rows.columns[0], present=95, missing=5, spellings=("NA",))
    rows.columns = (about,)
    app = Stage(rows)
    async with app.run_test(size=(60, 12)) as pilot:
        await settled(pilot)
        header = lines(app)[1]
        assert said in header
        assert ("missing" in header) == ("missing" in said)


async def test_other_rows_of_the_same_columns_keep_the_place():
    app = Stage(MadeRows(1_000, 5))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("ctrl+f", "l", "f", "l", "minus")
        before = app.grid.cursor_coordinate
        app.grid.show(MadeRows(2_000, 5), keep=True)
        await settled(pilot)
        assert app.grid.cursor_coordinate == before
        assert app.grid.fixed_columns == 2
        assert app.grid.hidden_columns == {2}
        app.grid.show(MadeRows(10, 5))
        await settled(pilot)
        assert app.grid.cursor_coordinate == (0, 0)
        assert not app.grid.hidden_columns


async def test_missing_and_empty_look_different_and_numbers_stand_right():
    table = [["1", None], ["100", ""], ["20", "x"]]
    app = Stage(MadeRows(3, ["n", "t"], lambda row, column: table[row][column], kind=None))
    async with app.run_test(size=(40, 12)) as pilot:
        await settled(pilot)
        text = lines(app)[app.grid.header_height :]
        assert text[0].rstrip() == "1    1  ∅"
        assert text[1].rstrip() == '2  100  ""'
        assert text[2].rstrip() == "3   20  x"


async def test_terminal_escapes_and_markup_in_cells_and_names_are_shown_not_obeyed():
    hostile = "[red]\x1b[31m\u202ea\tb\r\n"
    app = Stage(MadeRows(1, [hostile], lambda *_: hostile))
    async with app.run_test(size=(60, 12)) as pilot:
        await settled(pilot)
        for line in (lines(app)[0], lines(app)[app.grid.header_height]):
            assert "[red]␛[31m<202E>a⇥b␍⏎" in line


async def test_row_numbers_are_those_of_the_file_from_1_and_malformed_rows_are_marked():
    app = Stage(MadeRows(3, 1, first_number=41))
    async with app.run_test(size=(40, 12)) as pilot:
        app.grid.mark_malformed({42})
        await settled(pilot)
        text = lines(app)[app.grid.header_height :]
        assert text[0].startswith("42 ")
        assert text[1].startswith("43!")


async def test_hits_of_a_search_are_marked_in_their_own_style():
    app = Stage(MadeRows(3, 1, lambda *_: "a needle b"))
    async with app.run_test(size=(40, 12)) as pilot:
        app.grid.search("NEEDLE")
        await settled(pilot)
        strip = app.grid.render_line(app.grid.header_height + 1)
        assert "needle" in [segment.text for segment in strip]


async def test_what_is_searched_for_is_a_text_whatever_pattern_it_would_be():
    hostile = "(a+)+$"
    app = Stage(MadeRows(3, 1, lambda row, _: hostile if row == 1 else "a" * 1_000 + "b"))
    async with app.run_test(size=(60, 12)) as pilot:
        app.grid.search(hostile)
        await settled(pilot)
        top = app.grid.header_height
        assert hostile in [segment.text for segment in app.grid.render_line(top + 1)]
        assert len(list(app.grid.render_line(top + 2))) <= 3  # number, cell, space behind it


async def test_scrollbars_are_drawn_in_few_pieces():
    app = Stage(MadeRows(100, 50))
    async with app.run_test(size=(60, 12)) as pilot:
        await pilot.press("ctrl+pagedown")
        await settled(pilot)
        bar = app.grid.horizontal_scrollbar
        (line,) = bar.render_lines(bar.size.region)
        assert line.cell_length == bar.size.width
        assert len(list(line)) <= 5


@pytest.mark.parametrize("row", [0, 1, 500, 4_000, 9_999])
async def test_the_standing_scrollbar_looks_as_textual_draws_it(row):
    app = Stage(MadeRows(10_000, 50))
    async with app.run_test(size=(60, 12)) as pilot:
        app.grid.move_cursor(row=row)
        await settled(pilot)
        bar = app.grid.vertical_scrollbar
        ours = drawn(bar)
        assert len({line for (line,) in ours}) >= 2
        del bar.renderer
        bar.refresh()
        assert drawn(bar) == ours


def drawn(widget):
    return [
        [(segment.text, segment.style) for segment in line]
        for line in widget.render_lines(widget.size.region)
    ]


async def test_the_header_has_types_notes_and_sort_arrows():
    app = Stage(MadeRows(30, ["name", "other"]))
    async with app.run_test(size=(40, 12)) as pilot:
        app.grid.set_summaries({1: "9 values", 77: "gone"})
        app.grid.set_sort({0: True})
        await settled(pilot)
        text = lines(app)
        assert "name ▼" in text[0]
        assert "text" in text[1]
        assert "9 values" in text[2]


async def test_frozen_columns_stay_while_others_scroll():
    app = Stage(MadeRows(100, 50))
    async with app.run_test(size=(60, 12)) as pilot:
        await pilot.press("f", "dollar_sign")
        await settled(pilot)
        assert "c0" in lines(app)[0]
        assert "c49" in lines(app)[0]
        await pilot.press("0", "f")
        assert app.grid.fixed_columns == 0


async def test_hidden_columns_are_skipped_by_the_cursor_and_one_always_stays():
    app = Stage(MadeRows(10, 3))
    async with app.run_test(size=(60, 12)) as pilot:
        await pilot.press("l", "minus")
        assert app.grid.cursor_column == 2
        await pilot.press("h")
        assert app.grid.cursor_column == 0
        await pilot.press("minus", "minus", "minus", "minus")
        assert len(app.grid.hidden_columns) == 2


async def test_widths_follow_keys_and_the_texts_again():
    app = Stage(MadeRows(10, 2))
    async with app.run_test(size=(60, 12)) as pilot:
        await settled(pilot)
        width = app.grid._layout.slot(0, 0).width
        await pilot.press("greater_than_sign")
        assert app.grid._layout.slot(0, 0).width == width + 2
        await pilot.press("equals_sign")
        assert app.grid._layout.slot(0, 0).width == width


async def test_cursor_kinds_post_the_messages_of_a_data_table():
    app = Stage(MadeRows(10, 3, first_number=5))
    async with app.run_test(size=(60, 12)) as pilot:
        await pilot.press("j", "enter")
        await settled(pilot)
        assert app.last(Grid.CellHighlighted).coordinate == (1, 0)
        assert app.last(Grid.CellSelected).value == "r1c0"
        app.grid.cursor_type = "row"
        await pilot.press("j", "enter")
        await settled(pilot)
        assert app.last(Grid.RowHighlighted).cursor_row == 2
        assert app.last(Grid.RowSelected).row_number == 7
        app.grid.cursor_type = "column"
        await pilot.press("l", "enter", "right_square_bracket")
        await settled(pilot)
        assert app.last(Grid.ColumnHighlighted).cursor_column == 1
        assert app.last(Grid.ColumnSelected).column_index == 1
        assert app.last(Grid.SortRequested).descending


async def test_a_range_is_selected_copied_and_dropped():
    app = Stage(MadeRows(10, 4))
    async with app.run_test(size=(60, 12)) as pilot:
        await pilot.press("shift+down", "shift+right")
        assert app.grid.copy().text == "r0c0\tr0c1\nr1c0\tr1c1"
        assert app.grid.copy("row").text == "r1c0\tr1c1\tr1c2\tr1c3"
        assert app.grid.copy("column").rows == 10
        await pilot.press("escape")
        assert not app.grid.has_selection
        assert app.grid.copy().text == "r1c1"
        await pilot.press("v", "k", "v")
        assert not app.grid.has_selection
        await pilot.press("ctrl+a")
        assert app.grid.copy(limit=50).complete is False


async def test_clicks_move_the_cursor_choose_and_name_headers():
    app = Stage(MadeRows(100, 3))
    async with app.run_test(size=(60, 12)) as pilot:
        await settled(pilot)
        top = app.grid.header_height
        slot = app.grid._layout.slot(1, 0)
        await pilot.click(Grid, offset=(slot.x + 1, top + 3))
        assert app.grid.cursor_coordinate == (3, 1)
        await pilot.click(Grid, offset=(slot.x + 1, top + 3))
        await settled(pilot)
        assert app.last(Grid.CellSelected).coordinate == (3, 1)
        await pilot.click(Grid, offset=(slot.x + 1, 0))
        await pilot.click(Grid, offset=(0, top + 2))
        await settled(pilot)
        assert app.last(Grid.HeaderSelected).column_index == 1
        assert app.last(Grid.RowLabelSelected).cursor_row == 2


async def test_dragging_selects_and_the_edge_of_a_header_resizes():
    app = Stage(MadeRows(100, 3))
    async with app.run_test(size=(60, 12)) as pilot:
        await settled(pilot)
        top = app.grid.header_height
        first, second = (app.grid._layout.slot(column, 0) for column in (0, 1))
        await pilot.mouse_down(Grid, offset=(first.x + 1, top))
        await pilot.hover(Grid, offset=(second.x + 1, top + 2))
        await pilot.mouse_up(Grid, offset=(second.x + 1, top + 2))
        await settled(pilot)
        assert app.grid.selection.rows == range(3)
        assert app.grid.selection.columns == (0, 1)
        await pilot.mouse_down(Grid, offset=(first.stop - 1, 0))
        await pilot.hover(Grid, offset=(first.stop + 4, 0))
        await pilot.mouse_up(Grid, offset=(first.stop + 4, 0))
        assert app.grid._layout.slot(0, 0).width == first.width + 5


async def test_the_wheel_scrolls_at_once():
    app = Stage(MadeRows(100, 3))
    async with app.run_test(size=(60, 12)) as pilot:
        await settled(pilot)
        await pilot._post_mouse_events([events.MouseScrollDown], Grid, offset=(5, 5), button=0)
        await settled(pilot)
        assert app.grid.scroll_offset.y > 0
        assert app.grid.cursor_coordinate == Coordinate(0, 0)


async def test_what_lies_under_the_mouse_is_marked_until_it_leaves():
    app = Stage(MadeRows(100, 3))
    async with app.run_test(size=(60, 12)) as pilot:
        await settled(pilot)
        top = app.grid.header_height
        slot = app.grid._layout.slot(1, 0)

        def styles(y):
            return [s.style.bgcolor for s in app.grid.render_line(y)]

        row, header = styles(top + 2), styles(0)
        await pilot.hover(Grid, offset=(slot.x + 1, top + 2))
        assert styles(top + 2) != row
        await pilot.hover(Grid, offset=(slot.x + 1, 0))
        assert styles(top + 2) == row
        assert styles(0) != header
        app.grid.post_message(events.Leave(app.grid))
        await settled(pilot)
        assert styles(0) == header


async def test_dragging_the_scrollbar_scrolls_at_once_from_end_to_end():
    app = Stage(MadeRows(10_000_000, 3))
    async with app.run_test(size=(60, 22)) as pilot:
        await settled(pilot)
        bar = app.grid.region.right - 1
        await pilot.mouse_down(offset=(bar, 0))
        await pilot.hover(offset=(bar, 11))
        await settled(pilot)
        assert 3_000_000 < app.grid.scroll_offset.y < 7_000_000
        await pilot.hover(offset=(bar, 21))
        await pilot.mouse_up(offset=(bar, 21))
        await settled(pilot)
        assert "r9999999c0" in lines(app)[-1]
        assert app.grid.cursor_coordinate == (0, 0)


async def test_a_far_row_comes_to_the_middle():
    app = Stage(MadeRows(10_000_000, 3))
    async with app.run_test(size=(60, 20)) as pilot:
        await settled(pilot)
        app.grid.go_to(5_000_000)
        await settled(pilot)
        assert app.grid.cursor_row == 5_000_000
        assert "r5000000c0" in lines(app)[app.grid.header_height + app.grid.page_height // 2]


async def test_a_cursor_put_somewhere_by_the_program_comes_into_view():
    app = Stage(MadeRows(10_000_000, 100))
    async with app.run_test(size=(60, 20)) as pilot:
        await settled(pilot)
        app.grid.cursor_coordinate = Coordinate(7_000_000, 60)
        await settled(pilot)
        assert "r7000000c60" in "\n".join(lines(app))
        app.grid.move_cursor(row=0, scroll=False)
        assert app.grid.scroll_offset.y > 0


@pytest.mark.parametrize("theme", ["textual-dark", "textual-light", "ansi-dark"])
async def test_missing_values_and_the_cursor_differ_from_plain_cells_in_every_theme(theme):
    app = Stage(MadeRows(3, 1, lambda row, _: None if row == 1 else "x"))
    async with app.run_test(size=(40, 12)) as pilot:
        if theme in app.available_themes:
            app.theme = theme
        await settled(pilot)
        top = app.grid.header_height
        looks = [
            next(s.style for s in app.grid.render_line(top + y) if {"x", "∅"} & set(s.text))
            for y in range(3)
        ]
        assert len(set(looks)) == 3


async def test_without_colour_the_cursor_is_reversed(monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    app = Stage(MadeRows(3, 1, lambda *_: "x"))
    async with app.run_test(size=(40, 12)) as pilot:
        await settled(pilot)
        strip = app.grid.render_line(app.grid.header_height)
        assert next(s.style for s in strip if s.text.strip() == "x").reverse
