from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from amltui.tui.grid.column_layout import PADDING, ColumnLayout


@st.composite
def layouts(draw):
    widths = draw(st.lists(st.integers(1, 60), min_size=1, max_size=30))
    layout = ColumnLayout(len(widths))
    layout.natural = widths
    layout.chosen = draw(st.dictionaries(st.integers(0, len(widths) - 1), st.integers(1, 90)))
    hidden = draw(st.sets(st.integers(0, len(widths) - 1), max_size=len(widths) - 1))
    layout.fixed = draw(st.integers(0, 5))
    layout.hide(hidden)
    layout.place(draw(st.integers(1, 140)), draw(st.integers(0, 9)))
    return layout


@given(layouts(), st.integers(0, 500))
def test_slots_in_view_stand_side_by_side_in_order_and_skip_hidden_columns(layout, scroll):
    slots = layout.in_view(scroll)
    columns = [slot.column for slot in slots]
    assert columns == sorted(columns)
    assert not layout.hidden & set(columns)
    for one, other in pairwise(slots):
        if one.frozen == other.frozen:
            assert one.stop == other.x
    for slot in slots:
        assert slot.frozen or slot.stop > layout.left or slot.x >= layout.left


@given(layouts(), st.integers(0, 500))
def test_what_is_in_view_is_all_that_fits(layout, scroll):
    seen = {slot.column for slot in layout.in_view(scroll)}
    for column in layout.order:
        slot = layout.slot(column, scroll)
        inside = slot.frozen or (slot.stop > layout.left and slot.x < layout._view)
        assert (column in seen) == inside


@given(layouts(), st.integers(0, 500), st.data())
def test_a_revealed_column_is_in_view_from_its_start(layout, scroll, data):
    column = data.draw(st.sampled_from(layout.order))
    slot = layout.slot(column, layout.reveal(column, scroll))
    room = layout._view - layout.left
    if not slot.frozen and room > 0:
        assert slot.x >= layout.left
        assert slot.stop <= layout._view or slot.x == layout.left


@given(layouts(), st.integers(0, 500), st.integers(0, 139))
def test_the_column_at_a_place_is_the_one_drawn_there(layout, scroll, x):
    slot = layout.at(x, scroll)
    drawn = [
        each
        for each in layout.in_view(scroll)
        if each.x <= x < each.stop and (each.frozen or x >= layout.left)
    ]
    assert ([slot] if slot else []) == drawn[:1]


@given(layouts())
def test_the_total_is_the_sum_of_all_visible_columns(layout):
    slots = [layout.slot(column, 0) for column in layout.order]
    taken = sum(slot.width + 2 * PADDING for slot in slots)
    assert layout.total == layout.gutter + taken + layout.separator


def test_a_narrow_view_drops_the_row_numbers_and_thaws_columns():
    layout = ColumnLayout(3)
    layout.natural = [5, 5, 5]
    layout.fixed = 2
    layout.place(60, 6)
    assert layout.gutter == 6
    assert [slot.frozen for slot in layout.in_view(0)] == [True, True, False]
    layout.place(10, 6)
    assert layout.gutter == 0
    assert not any(slot.frozen for slot in layout.in_view(0))
