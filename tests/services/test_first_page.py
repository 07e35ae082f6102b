"""The first rows that are kept of a cached dataset for the next start."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amltui.cache import Cache
from amltui.config import paths
from amltui.models import Dataset
from amltui.services import first_page
from amltui.services.first_page import COLUMNS, ROWS
from amltui.tables.rows import CELL_LIMIT
from tests.support.made_rows import MadeRows

DATASET = Dataset("w.f.i", "f", "numbers", "GenericCSV")


@pytest.fixture
def entry(tmp_path):
    with Cache(tmp_path / "cache") as cache:
        made = cache.entry("w", DATASET)
        made.begin(DATASET)
        made.raw.write_text("a,b\n1,2\n")
        yield made


def kept_of(entry, rows, note="complete"):
    page = first_page.page_of(rows, entry, note, time.time() + 1)
    if page is not None:
        first_page.keep(entry, page)
    return first_page.kept(entry)


@given(count=st.integers(1, 3 * ROWS), columns=st.integers(1, 5), data=st.data())
def test_the_first_rows_come_back_as_they_were(tmp_path_factory, count, columns, data):
    texts = st.one_of(st.none(), st.text(max_size=5))
    cells = data.draw(st.lists(texts, min_size=7, max_size=7))
    rows = MadeRows(count, columns, lambda row, column: cells[(row * columns + column) % 7])
    with Cache(tmp_path_factory.mktemp("cache")) as cache:
        entry = cache.entry("w", DATASET)
        entry.begin(DATASET)
        entry.raw.touch()
        page = kept_of(entry, rows)
    assert page is not None
    shown = min(count, ROWS)
    assert (page.row_count, page.total, page.complete) == (shown, count, count == shown)
    assert page.columns == rows.columns
    wanted = range(columns)
    assert [list(one) for one in page.window(0, ROWS, wanted)] == rows.window(0, shown, wanted)
    assert page.cell(shown - 1, columns - 1) == rows.cell(shown - 1, columns - 1)
    assert list(page.row_numbers(0, 2 * ROWS)) == list(range(shown))
    with pytest.raises(IndexError):
        page.cell(shown, 0)


def test_rows_of_another_content_than_is_there_are_not_shown(entry):
    assert kept_of(entry, MadeRows(3, 2)) is not None
    entry.raw.write_text("a,b\n3,4\n5,6\n")
    assert first_page.kept(entry) is None


def test_rows_that_were_read_otherwise_than_they_are_now_are_not_shown(entry):
    assert kept_of(entry, MadeRows(3, 2)) is not None
    paths.config_dir().mkdir(parents=True)
    (paths.config_dir() / paths.DIALECTS).write_text("{}")
    assert first_page.kept(entry) is None


def test_rows_of_a_file_elsewhere_that_was_written_to_since_it_was_opened_are_not_kept(
    entry, tmp_path
):
    (tmp_path / "mine.csv").write_text("a,b\n1,2\n")
    entry.link(DATASET, tmp_path / "mine.csv", None)
    rows = MadeRows(3, 2)
    assert first_page.page_of(rows, entry, "complete", time.time() - 60) is None
    assert first_page.page_of(rows, entry, "complete", time.time() + 60) is not None


@pytest.mark.parametrize("damage", [b"", b"{", b"null", b'{"content":[]}'])
def test_a_damaged_page_is_none(entry, damage):
    assert kept_of(entry, MadeRows(3, 2)) is not None
    entry.first_page.write_bytes(damage)
    assert first_page.kept(entry) is None


def test_a_page_whose_columns_do_not_fit_together_is_none(entry):
    page = first_page.page_of(MadeRows(3, 2), entry, "complete", time.time() + 1)
    entry.first_page.write_bytes(
        first_page.msgspec.json.encode(
            first_page.msgspec.structs.replace(page, cells=(("1",), ("1", "2")))
        )
    )
    assert first_page.kept(entry) is None


@pytest.mark.parametrize(
    "rows",
    [
        MadeRows(0, 2),
        MadeRows(3, COLUMNS + 1),
        MadeRows(3, 2, lambda _row, _column: "x" * CELL_LIMIT),
    ],
    ids=["no rows", "too many columns", "cells that are cut"],
)
def test_what_cannot_be_shown_truly_or_quickly_is_not_kept(entry, rows):
    assert kept_of(entry, rows) is None


def test_a_content_that_is_dropped_takes_its_page_along(entry):
    assert kept_of(entry, MadeRows(3, 2)) is not None
    entry.drop_content()
    assert not entry.first_page.exists()
