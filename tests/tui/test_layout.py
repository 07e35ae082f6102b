import pytest

from amltui.tui.screens.pane_layout import (
    DETAILS,
    LIST,
    PREVIEW,
    TRANSFERS,
    LayoutState,
    arrange,
    too_small,
)


def test_a_wide_terminal_shows_list_preview_and_details():
    seen = arrange(120, 40, LayoutState(), transfers=0)
    assert seen.panes == {LIST, PREVIEW, DETAILS}
    assert not seen.overlay


def test_eighty_columns_show_two_panes_and_details_as_a_drawer_when_wanted():
    assert arrange(80, 24, LayoutState(), transfers=0).panes == {LIST, PREVIEW}
    seen = arrange(80, 24, LayoutState(details=True), transfers=0)
    assert seen.panes == {LIST, PREVIEW, DETAILS}
    assert seen.overlay


@pytest.mark.parametrize("pane", [LIST, PREVIEW, DETAILS, TRANSFERS])
def test_under_seventy_columns_there_is_one_pane_at_a_time(pane):
    assert arrange(69, 24, LayoutState(pane=pane), transfers=3).panes == {pane}


@pytest.mark.parametrize("pane", [LIST, PREVIEW, DETAILS, TRANSFERS])
def test_a_zoomed_pane_has_all_the_room(pane):
    seen = arrange(120, 40, LayoutState(pane=pane, zoomed=True), transfers=3)
    assert seen.panes == {pane}
    assert seen.single


def test_transfers_show_while_there_are_any_and_in_one_line_where_rows_are_few():
    assert TRANSFERS not in arrange(120, 40, LayoutState(), transfers=0).panes
    tall, low = (arrange(80, rows, LayoutState(), transfers=1) for rows in (40, 24))
    assert TRANSFERS in tall.panes
    assert not tall.compact
    assert TRANSFERS in low.panes
    assert low.compact


def test_forty_by_ten_is_too_small_and_forty_by_twelve_is_not():
    assert too_small(40, 10)
    assert not too_small(40, 12)
