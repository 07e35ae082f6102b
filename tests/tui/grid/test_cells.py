import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from amltui.text import visible
from amltui.tui.grid.cell_text import fit, looks_numeric, shown, width_of
from amltui.tui.grid.strips import marked, titled

TEXTS = st.text(
    st.one_of(
        st.characters(),
        st.sampled_from(list("aé日本👩💻❤שם\u0301\u200d\ufe0f\x1b\u202e\t\n")),
    ),
    max_size=40,
)


@given(TEXTS, st.integers(0, 50), st.booleans())
def test_any_text_fits_in_exactly_its_cells(text, width, right):
    fitted = fit(shown(text), width, right=right)
    assert cell_len(fitted) == width
    assert visible(fitted) == fitted


@given(TEXTS, st.integers(1, 50), st.booleans(), st.sampled_from(["a", "[ab本]+", "é", "x*"]))
def test_a_text_with_hits_takes_exactly_its_cells_too(text, width, right, pattern):
    pieces = list(marked(text, re.compile(pattern), width, right=right))
    assert sum(width_of(piece) for piece, _ in pieces) == width


def test_a_hit_behind_the_cut_marks_the_ellipsis():
    pieces = list(marked("0123456789needle", re.compile("needle"), 6, right=False))
    assert pieces[-1] == ("…", True)
    assert not any(hit for _, hit in pieces[:-1])


def test_a_mark_behind_a_hit_stays_on_its_letter():
    pieces = list(marked("ate\u0301b", re.compile("te"), 4, right=False))
    assert pieces[:3] == [("a", False), ("te\u0301", True), ("b", False)]


@given(TEXTS, st.integers(1, 30))
def test_a_title_keeps_its_sort_arrow(name, width):
    title = titled(shown(name), "▲", width, right=False)
    assert cell_len(title) == width
    assert "▲" in title


def test_joined_emoji_are_shown_in_parts_that_every_terminal_measures_alike():
    assert shown("👩\u200d💻") == "👩💻"
    assert shown("❤\ufe0f") == "❤"


def test_a_mark_without_a_letter_gets_one_to_stand_on():
    assert shown("\u0301x") == "◌\u0301x"
    assert shown("e\u0301") == "e\u0301"


@pytest.mark.parametrize("text", ["0", "-1.5", "1,234.50", "+3e-7", ".5", "12 %", " 7 "])
def test_numbers_look_like_numbers(text):
    assert looks_numeric(text)


@pytest.mark.parametrize("text", ["", "x1", "1-2", "2024-01-01", "1.2.3", "e5", "NaN", "0x10"])
def test_what_is_not_a_number_does_not(text):
    assert not looks_numeric(text)
