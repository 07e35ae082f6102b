"""Ranges of cells, without a screen."""

import pytest
from textual.coordinate import Coordinate

from amltui.tui.grid.cell_copies import Selection
from amltui.tui.grid.grid_content import GridContent
from amltui.tui.grid.selecting import Selecting
from tests.support.made_rows import MadeRows


@pytest.fixture
def selecting() -> Selecting:
    """Of five rows and four columns, whose second is hidden."""
    content = GridContent()
    content.show(MadeRows(5, list("abcd"), lambda row, column: "x"), keep=False)
    content.know_columns()
    content.layout.hide({1})
    return Selecting(content)


def test_a_move_selects_from_where_the_cursor_was(selecting):
    selecting.move_from(Coordinate(3, 2), extend=True)
    assert selecting.reach(Coordinate(1, 0), "cell") == Selection(range(1, 4), (0, 2))
    selecting.move_from(Coordinate(1, 0), extend=True)
    assert selecting.reach(Coordinate(4, 3), "cell") == Selection(range(3, 5), (2, 3))


def test_a_move_without_selecting_forgets_the_range(selecting):
    selecting.move_from(Coordinate(3, 2), extend=True)
    selecting.move_from(Coordinate(1, 0), extend=False)
    assert selecting.reach(Coordinate(1, 0), "cell") is None


def test_once_begun_every_move_selects_until_it_is_stopped(selecting):
    selecting.start(Coordinate(0, 0))
    selecting.move_from(Coordinate(0, 0), extend=False)
    assert selecting.reach(Coordinate(1, 2), "cell") == Selection(range(2), (0, 2))
    selecting.stop()
    assert selecting.reach(Coordinate(1, 2), "cell") is None


def test_rows_are_selected_with_all_their_visible_columns_and_columns_with_all_rows(selecting):
    selecting.start(Coordinate(1, 2))
    assert selecting.reach(Coordinate(2, 3), "row") == Selection(range(1, 3), (0, 2, 3))
    assert selecting.reach(Coordinate(2, 3), "column") == Selection(range(5), (2, 3))
