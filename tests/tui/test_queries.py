import threading
import time
from urllib.parse import urlsplit

import pytest

from amltui.tui.actions import previews
from amltui.tui.widgets.choices import Choices
from amltui.tui.widgets.palette import Palette
from tests.support.proxy import Fault, always, fault_proxy
from tests.tui.conftest import at_the_screen

CENSUS = "Adult Census Income Binary Classification dataset"
ROWS = 32_561


async def open_census(user):
    await user.press("1", "home", "enter")
    await user.until(lambda: user.main.preview.title == CENSUS)
    await user.until(lambda: "complete" in state(user))


def state(user):
    """The line above the grid."""
    return str(user.main.query_one("#state").content)


def all_rows_shown(user, count):
    """Whether all rows are here and none is filtered or sorted away.

    The line may go on: when someone stays, columns are read, and it says how far that is.
    """
    first, *more = state(user).split(" · ")
    others = [part for part in more if "of columns read" not in part]
    rows = user.main.preview.rows
    return (first, others) == (f"{count:,} rows", ["complete"]) and rows.row_count == count


def cell(user):
    """What stands under the cursor."""
    grid = user.main.preview.grid
    return user.main.preview.rows.cell(grid.cursor_row, grid.cursor_column)


async def ask(user, key, text):
    await user.press(key)
    await user.until(lambda: user.main.focused.id in {"query-text", "query-sql"})
    user.main.focused.clear()
    await user.type(text)
    await user.press("enter")


async def test_all_rows_arrive_behind_the_first(place):
    async with at_the_screen() as user:
        await open_census(user)
        assert user.main.preview.rows.row_count == ROWS
        await user.press("G")
        await user.until(lambda: "row 32,561" in user.screen_text())


async def test_columns_of_a_large_dataset_are_read_when_something_is_asked(place, monkeypatch):
    monkeypatch.setattr(previews, "STAY", 3_600.0)  # else they are read when someone only stays
    async with at_the_screen() as user:
        data = b"n,text\n" + b"".join(b"%d,text of row %d\n" % (i, i) for i in range(400_000))
        (place / "large.csv").write_bytes(data + b"1,2,3\n")
        session = await user.main.session()
        await session.upload(place / "large.csv", name="large", data_type_id="GenericCSV")
        await user.press("R")
        await user.until(lambda: "large" in user.names)
        await user.choose("large")
        await user.press("enter")
        await user.until(lambda: "400,001 rows · complete" in state(user))
        await user.press("G")
        await user.until(lambda: "row 400,001" in user.screen_text())
        assert "int?" in user.screen_text()
        assert not session.cache.entry(session.key, user.main.dataset).table.exists()
        await ask(user, "slash", "of row 399999")
        await user.until(lambda: user.main.preview.grid.cursor_row == 399_999)
        await user.until(lambda: "1 malformed" in state(user))
        await user.until(lambda: "int?" not in user.screen_text())


async def test_the_palette_goes_to_a_row_by_its_number(place):
    async with at_the_screen() as user:
        await open_census(user)
        await user.press("colon", "1", "2", "0", "0", "enter")
        await user.until(lambda: user.main.preview.grid.cursor_row == 1_199)
        assert user.main.preview.grid.has_focus


@pytest.mark.parametrize("size", [(120, 40), (80, 24), (40, 12)])
async def test_the_palette_shows_what_it_found_and_reaches_its_last_command(place, size):
    async with at_the_screen(size) as user:
        await open_census(user)
        await user.press("colon", "1", "2", "0", "0")
        await user.until(lambda: "go to row 1,200" in user.screen_text())
        await user.press("ctrl+u")
        await user.until(lambda: "hide column" in user.screen_text())
        assert "cursor" not in user.screen_text()  # what only moves comes last
        palette = user.main.query_one(Palette)
        found = palette.query_one(Choices)
        await user.press(*["down"] * (found.count - 1))
        await user.until(lambda: found.current.label[:20] in user.screen_text())
        assert palette.region.bottom < size[1]  # the keys stay to be seen
        assert found.region.bottom == palette.region.bottom - 1
        await user.pilot.resize_terminal(size[0], size[1] + 6)
        await user.until(lambda: user.main.size.height == size[1] + 6)
        await user.pilot.resize_terminal(*size)
        await user.until(lambda: palette.region.bottom < size[1])
        assert found.region.bottom == palette.region.bottom - 1
        await user.press("pageup", "pageup", "pageup", "pageup", "pageup")
        await user.type("nothing like it")
        await user.until(lambda: "Nothing is called so" in user.screen_text())


async def test_sorting_shows_the_smallest_first_and_escape_restores_the_order(place):
    async with at_the_screen() as user:
        await open_census(user)
        await user.press("right_square_bracket")
        await user.until(lambda: "▼ age" in state(user) and cell(user) == "90")
        await user.press("left_square_bracket")
        await user.until(lambda: "▲ age" in state(user) and cell(user) == "17")
        assert "of 32,561" in state(user)
        await user.press("escape")
        await user.until(lambda: all_rows_shown(user, ROWS))
        assert user.main.preview.rows.cell(0, 0) == "39"


async def test_rows_are_filtered_by_text_and_by_column_and_each_filter_is_taken_back(place):
    async with at_the_screen() as user:
        await open_census(user)
        await ask(user, "ampersand", "Holand-Netherlands")
        await user.until(lambda: state(user).startswith("1 of 32,561 rows"))
        await user.press("escape")
        await user.until(lambda: all_rows_shown(user, ROWS))
        await ask(user, "ampersand", "age>80 & sex=Male")
        await user.until(lambda: "& age>80" in state(user))
        assert 10 < user.main.preview.rows.row_count < 200
        await ask(user, "ampersand", "age>old")
        await user.until(lambda: "is not an int" in user.screen_text())


async def test_find_goes_to_the_next_cell_and_back(place):
    async with at_the_screen() as user:
        await open_census(user)
        await ask(user, "slash", "doctorate")
        await user.until(lambda: cell(user) == "Doctorate")
        first = user.main.preview.grid.cursor_row
        await user.press("n")
        await user.until(lambda: user.main.preview.grid.cursor_row > first)
        await user.press("N")
        await user.until(lambda: user.main.preview.grid.cursor_row == first)
        await ask(user, "slash", "no such words anywhere")
        await user.until(lambda: "in no cell" in user.notes)


async def test_sql_answers_in_the_grid_and_says_what_is_wrong(place):
    async with at_the_screen() as user:
        await open_census(user)
        await ask(user, "s", "select sex, count(*) as n from data group by sex order by n")
        await user.until(lambda: "SQL" in state(user))
        assert user.main.preview.rows.window(0, 2, [0, 1]) == [
            ["Female", "Male"],
            ["10771", "21790"],
        ]
        await user.press("escape")
        await user.until(lambda: all_rows_shown(user, ROWS))
        await ask(user, "s", "selekt 1")
        await user.until(lambda: "syntax error" in user.screen_text())
        assert user.main.focused.text == "selekt 1"
        user.main.focused.clear()
        await user.type("select * from '/etc/passwd'")
        await user.press("enter")
        await user.until(lambda: "/etc/passwd does not" in user.screen_text())
        assert "root:" not in user.screen_text()


async def test_an_sql_result_is_the_table_result_of_the_next_statement(place):
    async with at_the_screen() as user:
        await open_census(user)
        await ask(user, "s", "select sex, count(*) as n from data group by sex")
        await user.until(lambda: "SQL" in state(user))
        await ask(user, "s", "select max(n) as most from result")
        await user.until(lambda: user.main.preview.rows.columns[0].name == "most")
        assert user.main.preview.rows.cell(0, 0) == "21790"
        await ask(user, "s", "select most + 1 as more from result")
        await user.until(lambda: user.main.preview.rows.columns[0].name == "more")
        assert user.main.preview.rows.cell(0, 0) == "21791"
        await user.press("escape", "escape")
        await user.until(lambda: user.main.preview.rows.columns[-1].name == "n")
        await ask(user, "&", "n<20000")
        await user.until(lambda: user.main.preview.rows.row_count == 1)
        await ask(user, "s", "select sex from result")
        await user.until(lambda: len(user.main.preview.rows.columns) == 1)
        assert user.main.preview.rows.window(0, 2, [0]) == [["Female"]]
        await ask(user, "s", "select count(*) as c from data")  # the dataset is there as ever
        await user.until(lambda: user.main.preview.rows.columns[0].name == "c")
        assert user.main.preview.rows.cell(0, 0) == str(ROWS)


async def test_without_a_result_a_statement_about_one_is_wrong(place):
    async with at_the_screen() as user:
        await open_census(user)
        await ask(user, "s", "select * from result")
        await user.until(lambda: "result does not exist" in user.screen_text())
        assert user.main.focused.text == "select * from result"


async def test_a_statement_is_saved_under_a_name_written_again_and_deleted(place):
    async with at_the_screen() as user:
        await open_census(user)
        await user.press("s")
        editor = user.main.focused
        editor.clear()
        await user.type("select sex from data")
        await user.press("ctrl+s")
        await user.until(lambda: "Save this statement" in user.screen_text())
        await user.type("by sex")
        await user.press("enter")
        await user.until(lambda: "Saved as by sex" in user.notes)
        await user.until(lambda: editor.has_focus)
    async with at_the_screen() as user:  # another program
        await open_census(user)
        await user.press("s")
        editor = user.main.focused
        await user.press("ctrl+o")
        await user.until(lambda: "Named statements" in user.screen_text())
        await user.type("by sex")
        await user.press("enter")
        await user.until(lambda: editor.has_focus and editor.text == "select sex from data")
        await user.press("ctrl+o")
        await user.until(lambda: "delete one of them" in user.screen_text())
        await user.type("delete one")
        await user.press("enter")
        await user.until(lambda: "Delete a named statement" in user.screen_text())
        await user.press("enter")
        await user.until(lambda: "Deleted the statement by sex" in user.notes)
        await user.until(lambda: editor.has_focus)
        await user.press("ctrl+o")
        await user.until(lambda: "No statement has a name yet" in user.notes)


async def test_a_column_has_a_profile(place):
    async with at_the_screen() as user:
        await open_census(user)
        await user.press("I")
        await user.until(lambda: "Profile of age" in user.screen_text())
        text = user.screen_text()
        assert "min         17" in text
        assert "max         90" in text
        assert "█" in text
        await user.press("escape", "l", "I")
        await user.until(lambda: "Profile of workclass" in user.screen_text())
        assert "value counts" in user.screen_text()


async def test_a_whole_cell_is_shown_and_copied(place, monkeypatch):
    sent = []
    monkeypatch.setattr("amltui.tui.actions.copy_menu.write", lambda _app, text: sent.append(text))
    (place / "long.csv").write_text('a\n"' + "line one\nline two " + "x" * 3_000 + '"\n')
    async with at_the_screen() as user:
        session = await user.main.session()
        made = await session.upload(place / "long.csv", name="long", data_type_id="GenericCSV")
        await user.main.reload(select=made.family_id)
        await user.press("1", "enter")
        await user.until(lambda: user.main.preview.title == "long" and user.main.preview.rows)
        await user.press("enter")
        await user.until(lambda: "a · row 1" in user.screen_text())
        assert "line two" in user.screen_text()
        await user.press("y")
        await user.until(lambda: "Sent the cell" in user.notes)
        assert "3,018 bytes" in user.notes
        await session.edits.delete(made)
    assert sent[0].startswith("\x1b]52;c;")


async def test_the_copy_menu_sends_what_its_letter_says(place, monkeypatch):
    sent = []
    monkeypatch.setattr("amltui.tui.actions.copy_menu.write", lambda _app, text: sent.append(text))
    async with at_the_screen() as user:
        await open_census(user)
        for letter, what in (("c", "the cell"), ("r", "the row"), ("n", "the name")):
            await user.press("y")
            await user.until(lambda: "enter choose" in user.screen_text())
            await user.press(letter)
            await user.until(lambda what=what: f"Sent {what}" in user.notes)
    assert len(sent) == 3


async def test_columns_are_frozen_and_hidden_by_key(place):
    async with at_the_screen() as user:
        await open_census(user)
        await user.press("f")
        assert user.main.preview.grid.fixed_columns == 1
        await user.press("l", "minus")
        await user.until(lambda: user.main.preview.grid.hidden_columns == {1})


async def test_malformed_rows_are_marked_counted_and_shown_with_their_text(place):
    (place / "ragged.csv").write_text("a,b\n1,2\n3\n4,5,6\n7,8\n")
    async with at_the_screen() as user:
        session = await user.main.session()
        await session.upload(place / "ragged.csv", name="ragged", data_type_id="GenericCSV")
        await user.press("R")
        await user.until(lambda: "ragged" in user.names)
        await user.choose("ragged")
        await user.press("enter")
        await user.until(lambda: state(user) == "4 rows · complete · 2 malformed")
        await user.until(lambda: "2!" in user.screen_text() and "3!" in user.screen_text())
        assert "4!" not in user.screen_text()
        await user.press("m")
        await user.until(lambda: "malformed rows" in state(user))
        assert "4,5,6" in user.screen_text()
        await user.press("ampersand", "7", "enter")
        await user.until(lambda: "cannot be asked" in user.notes)
        await user.press("escape")
        await user.until(lambda: state(user) == "4 rows · complete · 2 malformed")
        assert user.main.preview.rows.cell(3, 0) == "7"


async def test_what_was_asked_while_rows_arrived_is_asked_again_of_all_of_them(
    place, server, monkeypatch
):
    rows = 300_000
    text = "n,word\n" + "".join(f"{i},word {i % 1000} {'x' * 30}\n" for i in range(rows))
    (place / "slow.csv").write_text(text)
    held = Fault(rate=2e6)
    async with fault_proxy(urlsplit(server.endpoint).port, always(held)) as proxy:
        monkeypatch.setenv("AMLTUI_ENDPOINT", proxy.endpoint)
        async with at_the_screen() as user:
            session = await user.main.session()
            made = await session.upload(place / "slow.csv", name="slow", data_type_id="GenericCSV")
            await user.main.reload(select=made.family_id)
            await user.press("1", "enter")
            await user.until(lambda: user.main.preview.title == "slow" and user.main.preview.rows)
            await ask(user, "ampersand", "n>=1000")
            await user.until(lambda: "& n>=1000" in state(user))
            assert "so far" in state(user)
            await user.press("right_square_bracket")
            await user.until(lambda: "▼ n" in state(user))
            await user.until(lambda: f"{rows - 1000:,} of {rows:,} rows" in state(user))
            await user.until(lambda: user.main.preview.rows.cell(0, 0) == str(rows - 1))
            await user.press("escape", "escape")
            await user.until(lambda: all_rows_shown(user, rows))


@pytest.mark.parametrize("key", ["I", "n"])
async def test_an_answer_beside_a_filter_of_some_rows_is_of_all(place, server, monkeypatch, key):
    rows = 100_000
    text = "n,word\n" + "".join(f"{i},word {i} {'x' * 30}\n" for i in range(rows))
    (place / "slower.csv").write_text(text)
    held = Fault(rate=2e6)
    async with fault_proxy(urlsplit(server.endpoint).port, always(held)) as proxy:
        monkeypatch.setenv("AMLTUI_ENDPOINT", proxy.endpoint)
        async with at_the_screen() as user:
            session = await user.main.session()
            path = place / "slower.csv"
            made = await session.upload(path, name=f"slower {key}", data_type_id="GenericCSV")
            await user.main.reload(select=made.family_id)
            await user.press("1", "enter")
            pane = user.main.preview
            await user.until(lambda: pane.title == f"slower {key}" and pane.rows)
            await ask(user, "ampersand", "n>=1000")
            await user.until(lambda: "& n>=1000" in state(user))
            assert "so far" in state(user)
            if key == "I":
                await user.press("I")
                await user.until(lambda: "Profile of n" in user.screen_text())
                assert f"{rows - 1000:,}" in user.screen_text()
            else:
                await ask(user, "slash", f"word {rows - 1} x")
                await user.until(lambda: pane.grid.cursor_row == rows - 1001)


async def test_a_column_is_found_by_a_part_of_its_name_and_shown_again_if_it_was_hidden(place):
    async with at_the_screen() as user:
        await open_census(user)
        grid = user.main.preview.grid
        grid.hide_columns({9})
        await user.press("c", *"sex", "enter")
        await user.until(lambda: grid.cursor_column == 9)
        assert grid.has_focus
        assert grid.hidden_columns == frozenset()
        await user.press("c", "1", "5", "enter")
        await user.until(lambda: "col 15 of 15" in user.screen_text())


async def test_what_was_asked_before_comes_back_with_the_arrow_up(place):
    async with at_the_screen() as user:
        await open_census(user)
        await ask(user, "s", "select count(*) from data")
        await user.until(lambda: user.main.focused is user.main.preview.grid)
        await ask(user, "s", "select max(age) from data")
        await user.until(lambda: user.main.focused is user.main.preview.grid)
        await user.press("s")
        line = user.main.focused
        assert line.text == "select max(age) from data"
        await user.press("up")
        await user.until(lambda: line.text == "select count(*) from data")
        await user.press("down")
        await user.until(lambda: line.text == "select max(age) from data")
    async with at_the_screen() as user:  # another program
        await open_census(user)
        await user.press("s", "ctrl+r")
        await user.until(lambda: "Asked before (2)" in user.screen_text())
        await user.type("count")
        await user.press("enter")
        await user.until(lambda: user.main.focused.id == "query-sql")
        assert user.main.focused.text == "select count(*) from data"


async def test_sql_is_written_over_several_lines_and_an_error_is_said_at_its_place(place):
    async with at_the_screen() as user:
        await open_census(user)
        await user.press("s")
        editor = user.main.focused
        editor.clear()
        await user.type("select sex,")
        await user.press("ctrl+j")
        await user.type("  nosuch from data")
        await user.press("enter")
        await user.until(lambda: "Line 2: Binder Error" in user.screen_text())
        assert editor.has_focus
        assert editor.cursor_location == (1, 2)
        await user.press(*["delete"] * 6)
        await user.type("age")
        await user.press("enter")
        await user.until(lambda: "SQL select sex, age from data" in state(user))
        assert [column.name for column in user.main.preview.rows.columns] == ["sex", "age"]


async def test_tab_completes_columns_functions_and_datasets_in_sql(place):
    async with at_the_screen() as user:
        await open_census(user)
        await user.press("s")
        editor = user.main.focused
        editor.clear()
        await user.until(lambda: editor.complete("select nat").texts)
        await user.type("select native")
        await user.press("tab")
        assert editor.text == 'select "native-country"'
        await user.type(", approx_count_d")
        await user.press("tab")
        assert editor.text.endswith(", approx_count_distinct(")
        await user.type("ed")
        await user.press("tab")
        await user.until(lambda: "1/3  education" in user.screen_text())
        await user.press("tab")
        assert editor.text.endswith('"education-num"')
        await user.type(") from Ir")
        await user.press("tab")
        assert editor.text.endswith(" from Iris")
        await user.press("escape")
        assert user.main.preview.grid.has_focus


async def test_sql_reads_other_datasets_by_their_names(place):
    async with at_the_screen() as user:
        await open_census(user)
        await ask(user, "s", 'select count(*) as n, (select count(*) from "Iris") as o from data')
        await user.until(lambda: "SQL" in state(user))
        assert user.main.preview.rows.window(0, 1, [0, 1]) == [["32561"], ["150"]]
        await user.press("escape")
        await ask(user, "s", 'select * from "No such set"')
        await user.until(lambda: "No such set does not" in user.screen_text())


async def test_all_columns_are_profiled_sorted_and_gone_into_by_keys(place):
    async with at_the_screen((80, 24)) as user:
        await open_census(user)
        await ask(user, "ampersand", "age>80")
        await user.until(lambda: "& age>80" in state(user))
        kept = user.main.preview.rows.row_count
        await user.press("C")
        await user.until(lambda: "· all columns" in state(user))
        rows = user.main.preview.rows
        assert rows.row_count == 15
        assert (rows.cell(0, 0), rows.cell(0, 5)) == ("age", "81")  # of the filtered rows alone
        await user.press("l", "l", "l", "l", "right_square_bracket")
        await user.until(lambda: "▼ distinct" in state(user))
        distinct = [int(user.main.preview.rows.cell(row, 4)) for row in range(15)]
        assert distinct == sorted(distinct, reverse=True)
        name = user.main.preview.rows.cell(0, 0)
        await user.press("g", "g", "I")
        await user.until(lambda: f"Profile of {name}" in user.screen_text())
        assert f"rows        {kept}" in user.screen_text()
        await user.press("escape")
        await user.until(lambda: f"Profile of {name}" not in user.screen_text())
        await user.press("C")
        await user.until(lambda: "all columns" not in state(user))
        assert user.main.preview.rows.row_count == kept
        await user.press("escape", "escape")
        await user.until(lambda: user.main.query_one("#list").has_focus)


async def test_a_profile_of_all_columns_is_stopped_by_escape(place, monkeypatch):
    from amltui.tables.queries import profile

    begun = threading.Event()

    def endless(_rows, *, cancel, done):
        begun.set()
        done(3)
        while True:
            cancel.check()
            time.sleep(0.01)

    monkeypatch.setattr(profile, "table_statistics", endless)
    async with at_the_screen() as user:
        await open_census(user)
        await user.press("C")
        await user.until(begun.is_set)
        await user.until(lambda: "looked at 3 of 15 columns" in state(user))
        await user.press("escape")
        await user.until(lambda: all_rows_shown(user, ROWS))
        assert user.main.query_one("#grid").has_focus
