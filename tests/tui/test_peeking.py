"""Large contents of which only places are fetched, on the screen."""

import contextlib
import threading

import pyarrow as pa
import pyarrow.parquet as pq
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


async def test_a_column_of_parquet_elsewhere_is_profiled_without_the_rest(place, monkeypatch):
    path = place / "large.parquet"
    columns = {"id": range(ROWS), "text": ["x" * 40] * ROWS}
    pq.write_table(pa.table(columns), path, compression="none", use_dictionary=False)
    async with open_session() as session:
        await session.upload(path, name="columns.parquet", data_type_id="Dataset")
    monkeypatch.setenv("AMLTUI_FETCH_LIMIT", "1 MiB")
    async with at_the_screen() as program:
        pane = program.main.query_one(PreviewPane)
        await program.choose("columns.parquet")
        await program.press("enter")
        await program.until(lambda: pane.title == "columns.parquet" and pane.rows is not None)
        await program.press("I")
        await program.until(lambda: "Profile of id" in program.screen_text())
        assert f"{ROWS:,}" in program.screen_text()
        assert not pane.rows.complete


async def test_parquet_on_this_disk_is_sorted_filtered_and_searched_where_it_lies(place):
    path = place / "here.parquet"
    words = [f"w{number % 7}" for number in range(ROWS)]
    pq.write_table(pa.table({"id": range(ROWS), "word": words}), path, row_group_size=ROWS // 5)
    async with open_session() as session:
        await session.upload(path, name="here.parquet", data_type_id="Dataset")
    async with at_the_screen() as program:
        pane = program.main.query_one(PreviewPane)
        await program.choose("here.parquet")
        await program.press("enter")
        await program.until(lambda: pane.rows is not None and pane.rows.row_count == ROWS)
        await program.press("]")
        # The first rows of an order are shown before the whole of it.
        await program.until(
            lambda: pane.rows.cell(0, 0) == str(ROWS - 1) and pane.rows.row_count == ROWS
        )
        may, read = threading.Event(), pane.rows.read_wanted
        pane.rows.read_wanted = lambda wanted: may.wait(60) and read(wanted)
        await program.press("G")  # rows far apart are not waited for by who draws
        await program.until(lambda: "…  …" in program.screen_text())
        may.set()
        await program.until(lambda: "w0" in program.screen_text())
        assert pane.rows.window(ROWS - 1, ROWS, [0, 1]) == [["0"], ["w0"]]
        await program.press("ampersand", *"word=w3", "enter")
        await program.until(lambda: "& word=w3" in program.screen_text())
        assert pane.rows.window(0, 2, [1]) == [["w3", "w3"]]
        first = int(pane.rows.cell(0, 0))
        assert first == max(number for number in range(ROWS) if number % 7 == 3)
        await program.press("slash", *str(first - 7), "enter")
        await program.until(lambda: pane.grid.cursor_row == 1)
        await program.press("escape", "escape")
        await program.until(lambda: pane.rows.cell(0, 0) == "0")
        await program.until(lambda: "values" in program.screen_text())  # what the header sums up
        assert not list(place.rglob("rows.arrow"))  # no columns were copied


async def asked(program, answer):
    """Answer how a question on a content that is not here is to be asked."""
    await program.until(lambda: "This query is about all rows" in program.screen_text())
    await program.press(answer)


async def test_a_query_asked_of_the_rows_that_are_here_says_of_how_many(large):
    async with at_the_screen() as program:
        pane = program.main.query_one(PreviewPane)
        state = program.main.query_one("#state")
        await program.choose("large.csv")
        await program.press("enter")
        await program.until(lambda: pane.rows is not None and pane.rows.row_count)
        await program.press("ampersand")
        await program.type("id<100")
        await program.press("enter")
        await asked(program, "o")
        await program.until(lambda: pane.rows.row_count == 100)
        line = str(state.content)
        assert line.startswith("100 of the first ")
        assert " KiB of " in line
        first = int(line.split()[4].replace(",", ""))
        assert 1_000 < first < ROWS // 3
        await program.press("s")
        await program.until(lambda: program.main.focused.id == "query-sql")
        program.main.focused.clear()
        await program.type("select count(*) as n from data")
        await program.press("enter")
        await program.until(lambda: pane.rows.columns[0].name == "n")
        assert "asked of the first" in str(state.content)
        assert int(pane.rows.cell(0, 0)) == 100
        await program.press("escape")
        await program.press("escape")
        await program.until(lambda: pane.rows.row_count > first)
        await program.press("I")
        await program.until(lambda: "Profile of id" in program.screen_text())
        assert f"the first {first:,} rows" in program.screen_text()
        await program.press("escape", "slash")
        await program.type("nowhere")
        await program.press("enter")
        await program.until(lambda: "That text is in no cell of the first" in program.notes)
        await program.press("m")
        await program.until(lambda: f"All of the first {first:,} rows" in program.notes)


async def test_what_was_asked_of_the_first_rows_is_asked_again_once_all_are_here(large):
    async with at_the_screen() as program:
        pane = program.main.query_one(PreviewPane)
        state = program.main.query_one("#state")
        await program.choose("large.csv")
        await program.press("enter")
        await program.until(lambda: pane.rows is not None and pane.rows.row_count)
        await program.press("ampersand")
        await program.type("id>=100")
        await program.press("enter")
        await asked(program, "o")
        await program.until(lambda: "of the first" in str(state.content))
        await program.press("F")
        await program.until(lambda: "are not here yet" in program.screen_text())
        await program.press("y")
        await program.until(lambda: pane.rows.row_count == ROWS - 100)
        assert "of the first" not in str(state.content)


async def test_an_export_is_of_all_rows_also_where_the_first_were_asked(large, tmp_path):
    async with at_the_screen() as program:
        pane = program.main.query_one(PreviewPane)
        await program.choose("large.csv")
        await program.press("enter")
        await program.until(lambda: pane.rows is not None and pane.rows.row_count)
        await program.press("ampersand")
        await program.type("id>=100")
        await program.press("enter")
        await asked(program, "o")
        await program.until(lambda: "of the first" in program.screen_text())
        await program.press("E")
        await program.until(lambda: "Export what is seen" in program.screen_text())
        await program.press("ctrl+u")
        await program.type(str(tmp_path / "out.csv"))
        await program.press("enter")
        await program.until(lambda: "This query is about all rows" in program.screen_text())
        assert "only the rows here" not in program.screen_text()
        await program.press("n")
        await program.until(lambda: "This query is about all rows" not in program.screen_text())
        assert "of the first" in program.screen_text()
        assert not (tmp_path / "out.csv").exists()
