"""What the grid shows, without a screen."""

import re

import pytest
from rich.style import Style

from amltui.tui.grid.grid_content import SUMMARY_WIDTH, GridContent
from amltui.tui.grid.painter import Frame, GridPainter
from amltui.tui.grid.styles import GridStyles
from tests.support.made_rows import MadeRows


def shown(rows) -> GridContent:
    content = GridContent()
    content.show(rows, keep=False)
    content.know_columns()
    return content


@pytest.fixture
def content():
    return shown(
        MadeRows(100, ["n", "a name that is long"], lambda r, c: "x" * (r + 1), kind="int")
    )


def test_a_column_is_as_wide_as_its_name_until_wider_texts_were_read(content):
    assert content.layout.natural == [len("int"), len("a name that is long")]
    assert content.load([0, 1], 0, 30)
    assert content.layout.natural == [64, 64]  # rows are read in blocks of 64
    assert not content.load([0, 1], 0, 30)


def test_a_width_that_somebody_chose_stays_whatever_is_read(content):
    content.layout.chosen[0] = 5
    assert not content.load([0], 0, 30)


def test_a_mark_of_order_and_a_summary_take_room_in_the_header(content):
    content.set_sort({1: True, 7: False})
    assert content.sorted == {1: True}
    assert content.layout.natural[1] == len("a name that is long ▼")
    content.room_for_summaries = True
    content.set_summaries({0: "▁▂▃", 7: "9 values"})
    assert (content.summaries, content.layout.natural[0]) == ({0: "▁▂▃"}, SUMMARY_WIDTH)


def test_texts_of_a_column_without_a_type_stand_at_the_right_while_all_are_numbers():
    content = shown(MadeRows(200, 2, lambda r, c: str(r) if not c or r < 64 else "x", kind=None))
    content.load([0, 1], 0, 64)
    assert [content.is_right(column) for column in (0, 1)] == [True, True]
    content.load([0, 1], 64, 128)
    assert [content.is_right(column) for column in (0, 1)] == [True, False]


def test_other_rows_of_as_many_columns_keep_widths_and_marks_where_that_is_asked_for(content):
    content.load([0, 1], 0, 30)
    content.set_sort({0: False})
    assert content.show(MadeRows(5, 2), keep=True)
    assert (content.layout.natural[0], content.sorted) == (64, {0: False})
    assert not content.show(MadeRows(5, 3), keep=True)
    assert (len(content.layout.natural), content.sorted) == (3, {})


def test_a_line_is_painted_from_content_and_frame_alone(content):
    content.load([0, 1], 0, 3)
    content.layout.chosen = {0: 4, 1: 4}
    content.layout.place(30, 4)
    content.malformed = {1}
    content.pattern = re.compile("xx")
    slots = content.layout.in_view(0)
    frame = Frame(
        styles=GridStyles.of(Style(), lambda *_: Style(), lambda _: Style()),
        width=30, header=1, top=0, slots=slots, columns=[slot.column for slot in slots],
        skipped=0, zebra=False, cursor_row=None, cursor_column=None, types=False, hover=None,
        selection=None,
    )  # fmt: skip
    painter = GridPainter(content)
    assert painter.line(0, frame).text.split() == ["n", "a", "n…"]
    assert [painter.line(y, frame).text.split() for y in (1, 2, 3)] == [
        ["1", "x", "x"],
        ["2!", "xx", "xx"],
        ["3", "xxx", "xxx"],
    ]
    assert painter.line(120, frame).text.strip() == ""


def test_room_is_kept_for_the_numbers_of_rows_that_are_expected(content):
    assert content.label_width == 3
    content.expected = 250_000
    assert content.label_width == 6
    content.show(content.rows, keep=True)
    assert content.label_width == 6  # nothing moves while they come
    content.show(content.rows, keep=False)
    assert content.label_width == 3


class Placed(MadeRows):
    """Rows whose numbers are only expected."""

    exact = False

    def state(self, row):
        return 1

    def is_doubtful(self, row):
        return False


def test_the_cell_that_marks_expected_numbers_is_kept_once_all_rows_are_here(content):
    assert not content.room_for_mark
    content.show(Placed(100, 2), keep=False)
    content.know_columns()
    assert content.room_for_mark
    content.show(MadeRows(100, 2), keep=True)
    assert content.room_for_mark  # no column moves at the end
    content.show(MadeRows(100, 2), keep=False)
    assert not content.room_for_mark
