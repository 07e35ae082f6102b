import csv
import io

from hypothesis import given
from hypothesis import strategies as st

from amltui.tables.rows import CELL_LIMIT
from amltui.tui.grid.cell_copies import Selection, copy
from tests.support.made_rows import MadeRows

CELLS = st.lists(
    st.lists(
        st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])),
        min_size=2,
        max_size=2,
    ),
    min_size=2,
    max_size=8,
)


@given(CELLS, st.sampled_from(["tsv", "csv"]))
def test_what_is_copied_reads_back_as_it_was(cells, form):
    rows = MadeRows(len(cells), 2, lambda row, column: cells[row][column])
    copied = copy(rows, Selection(range(len(cells)), (0, 1)), form=form)
    delimiter = "\t" if form == "tsv" else ","
    read = csv.reader(io.StringIO(copied.text, newline=""), delimiter=delimiter)
    assert list(read) == cells
    assert copied.complete
    assert copied.rows == len(cells)


def test_missing_and_empty_are_told_apart():
    rows = MadeRows(1, 3, lambda _, column: [None, "", "x"][column])
    assert copy(rows, Selection(range(1), (0, 1, 2)), form="csv").text == ',"",x'


def test_a_long_cell_is_copied_whole():
    text = "x" * (3 * CELL_LIMIT)
    rows = MadeRows(2, 1, lambda row, column: text)
    rows.window = lambda start, stop, columns: [[text[:CELL_LIMIT]] * (stop - start)]
    assert copy(rows, Selection(range(2), (0,))).text == f"{text}\n{text}"


def test_a_copy_that_was_cut_says_so_and_ends_at_a_row():
    copied = copy(MadeRows(10_000_000, 2), Selection(range(10_000_000), (0, 1)), limit=1_000)
    assert not copied.complete
    assert len(copied.text.encode()) <= 1_000
    assert copied.rows == len(copied.text.splitlines())


def test_a_single_cell_is_copied_as_it_stands():
    rows = MadeRows(1, 1, lambda *_: 'say "a\tb"\n')
    assert copy(rows, Selection(range(1), (0,))).text == 'say "a\tb"\n'


def test_the_header_comes_first_when_asked_for():
    copied = copy(MadeRows(2, 2), Selection(range(2), (0, 1)), header=True)
    assert copied.text == "c0\tc1\nr0c0\tr0c1\nr1c0\tr1c1"
