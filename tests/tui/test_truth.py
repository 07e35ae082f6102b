"""What the screen says is so: of orders, of the workspace, of columns, of filters."""

from __future__ import annotations

import asyncio
from urllib.parse import urlsplit

import pytest

from amltui.services.session import open_session
from amltui.tui.actions import listing, previews
from amltui.tui.app import AmltuiApp
from tests.support.proxy import Fault, fault_proxy
from tests.tui.conftest import Driver, at_the_screen
from tests.tui.test_queries import all_rows_shown, ask, open_census, state

ROWS = 900_000


@pytest.fixture
async def long(place, tmp_path):
    """A dataset whose sort takes long enough for a key."""
    path = tmp_path / "long.csv"
    path.write_text("n,word\n" + "".join(f"{n},w{n * 7919 % ROWS}\n" for n in range(ROWS)))
    async with open_session() as session:
        made = await session.upload(path, name="long", data_type_id="GenericCSV")
        yield made
        await session.edits.delete(made)


@pytest.mark.parametrize("columns_first", [True, False])
async def test_a_sort_left_with_escape_gives_the_rows_back_and_never_seems_whole(
    place, long, monkeypatch, columns_first
):
    monkeypatch.setattr(previews, "STAY", 0.0 if columns_first else 3_600.0)
    async with at_the_screen() as user:
        await user.choose("long")
        await user.press("enter")
        stack = user.main._previews.queries.stack
        await user.until(lambda: all_rows_shown(user, ROWS))
        if columns_first:
            await user.until(lambda: stack.table is not None and stack.table.complete)
        await user.press("l", "right_square_bracket")
        grid = user.main.preview.grid
        await user.until(lambda: grid.rows.row_count == 1_000 or "▼ word" in state(user))
        if grid.rows.row_count == 1_000:
            assert state(user).startswith(f"first 1,000 of {stack.asking:,} rows")
        await user.press("escape")
        await user.until(lambda: all_rows_shown(user, ROWS))
        assert grid.rows.row_count == ROWS
        assert grid.rows.cell(1, 0) == "1"
        assert "▼" not in user.screen_text()


async def test_a_wrong_token_is_said_and_another_one_signs_in(place, server, monkeypatch):
    monkeypatch.setenv("AMLTUI_TOKEN", "0123456789abcdef0123456789abcdef")
    app = AmltuiApp()
    async with app.run_test(size=(120, 40)) as pilot:
        user = Driver(app, pilot)
        await user.until(lambda: "not signed in" in user.screen_text())
        await user.until(lambda: "S asks for another token" in user.screen_text())
        assert "connecting" not in user.screen_text()
        assert "Opening" not in user.screen_text()
        await user.press("S")
        await user.until(lambda: "Sign in" in user.screen_text())
        await user.type(server.token)
        assert server.token not in user.screen_text()
        await user.press("enter")
        await user.until(lambda: "Iris" in user.names)
        await user.until(lambda: "● online" in user.screen_text())


async def test_a_wrong_token_is_said_once_where_the_list_would_be(place, server, monkeypatch):
    monkeypatch.setenv("AMLTUI_TOKEN", "0123456789abcdef0123456789abcdef")
    app = AmltuiApp()
    async with app.run_test(size=(120, 40)) as pilot:
        user = Driver(app, pilot)
        await user.until(lambda: "S asks for another token" in user.screen_text())
        await user.until(lambda: any(w.group == "poll" for w in user.main.workers))
        assert not user.notes
        await user.press("R")  # who asks again gets an answer
        await user.until(lambda: "S signs in with another token" in user.notes)


async def test_a_workspace_that_goes_and_comes_is_seen_without_a_key(place, server, monkeypatch):
    monkeypatch.setattr(listing, "RETRY", 0.1)
    monkeypatch.setattr(listing, "POLL", 0.1)
    away = False

    def rule(request):
        return Fault(lose_answer=True) if away else None

    async with fault_proxy(urlsplit(server.endpoint).port, rule) as proxy:
        monkeypatch.setenv("AMLTUI_ENDPOINT", proxy.endpoint)
        async with at_the_screen() as user:
            await user.until(lambda: "● online" in user.screen_text())
            away = True
            await user.until(lambda: "○ offline, list of " in user.screen_text())
            away = False
            await user.until(lambda: "● online" in user.screen_text())
            assert user.notes == ""


async def test_a_workspace_that_a_key_found_away_is_tried_again_soon(place, server, monkeypatch):
    monkeypatch.setattr(listing, "RETRY", 0.1)  # a workspace that answers is looked at each 30 s
    away = False

    def rule(request):
        return Fault(lose_answer=True) if away else None

    async with fault_proxy(urlsplit(server.endpoint).port, rule) as proxy:
        monkeypatch.setenv("AMLTUI_ENDPOINT", proxy.endpoint)
        async with at_the_screen() as user:
            await user.until(lambda: "● online" in user.screen_text())
            away = True
            await user.press("R")
            await user.until(lambda: "○ offline, list of " in user.screen_text())
            away = False
            async with asyncio.timeout(listing.POLL / 2):
                await user.until(lambda: "● online" in user.screen_text())


async def test_an_undo_says_what_it_waits_for_and_keeps_no_key_waiting(place, server, monkeypatch):
    answered = asyncio.Event()

    def rule(request):
        return Fault(until=answered) if request.method == "PATCH" else None

    (place / "slow.csv").write_text("a\n1\n")
    async with open_session() as session:
        await session.upload(place / "slow.csv", name="slow", data_type_id="GenericCSV")
    async with fault_proxy(urlsplit(server.endpoint).port, rule) as proxy:
        monkeypatch.setenv("AMLTUI_ENDPOINT", proxy.endpoint)
        async with at_the_screen() as user:
            await user.until(lambda: "● online" in user.screen_text())
            await user.choose("slow")
            await user.press("r")
            await user.until(lambda: "Rename" in user.screen_text())
            await user.press("end")
            await user.type("er")
            await user.press("enter", "z")
            waits = 'once it has come to its end: renaming "slow" to "slower"'
            await user.until(lambda: waits in user.screen_text())
            await user.press("slash")
            await user.until(lambda: user.main.datasets.filtering)
            await user.press("escape")
            await user.until(lambda: not user.main.datasets.filtering)
            assert waits in user.screen_text()
            answered.set()
            await user.until(lambda: 'Undone: renamed "slow" to "slower"' in user.screen_text())
            assert waits not in user.screen_text()


async def test_what_is_cached_is_drawn_at_the_start_without_the_workspace(
    place, server, monkeypatch
):
    """Also what is too large to be fetched without being asked for."""
    monkeypatch.setattr(previews, "SMALL", 10)
    away = False

    def rule(request):
        return Fault(lose_answer=True) if away else None

    async with fault_proxy(urlsplit(server.endpoint).port, rule) as proxy:
        monkeypatch.setenv("AMLTUI_ENDPOINT", proxy.endpoint)
        async with at_the_screen() as user:
            first = user.names[0]
            await user.until(lambda: "enter shows the first rows" in user.screen_text())
            await user.press("enter")
            grid = user.main.preview.grid
            await user.until(lambda: grid.rows is not None and grid.rows.complete)
            wanted = grid.rows.cell(0, 0)
            await user.until(lambda: user.main.datasets.list.is_cached(user.main.dataset))
        away = True
        async with at_the_screen() as user:
            grid = user.main.preview.grid
            await user.until(lambda: grid.rows is not None and grid.rows.row_count)
            assert (user.main.dataset.name, grid.rows.cell(0, 0)) == (first, wanted)
            await user.until(lambda: "○ offline, list of " in user.screen_text())


async def test_what_somebody_else_adds_is_listed_without_a_key(place, monkeypatch):
    monkeypatch.setattr(listing, "POLL", 0.1)
    (place / "new.csv").write_text("a\n1\n")
    async with at_the_screen() as user, open_session() as other:
        at = user.main.dataset.name
        made = await other.upload(place / "new.csv", name="added", data_type_id="GenericCSV")
        await user.until(lambda: "added" in user.names)
        assert user.main.dataset.name == at
        await other.edits.delete(made)
        await user.until(lambda: "added" not in user.names)


async def test_the_header_of_filtered_rows_tells_of_these_rows(place):
    async with at_the_screen() as user:
        await open_census(user)
        await user.press("plus")
        await user.until(lambda: "9 values" in user.screen_text())
        await ask(user, "ampersand", "workclass=Private & education~^1")
        await user.until(lambda: "& workclass" in state(user))
        assert "9 values" not in user.screen_text()
        await user.until(lambda: "1 value" in user.screen_text())
        await user.press("escape")
        await user.until(lambda: "9 values" in user.screen_text())


@pytest.mark.parametrize("typed", ["nosuch>5", "age>5 & nosuch = x"])
async def test_a_condition_on_a_column_that_is_not_there_is_an_error_in_its_line(place, typed):
    async with at_the_screen() as user:
        await open_census(user)
        await ask(user, "ampersand", typed)
        await user.until(lambda: 'No column is named "nosuch"' in user.screen_text())
        line = user.main.focused
        assert (line.id, line.value) == ("query-text", typed)
        assert all_rows_shown(user, 32_561)
        await user.press("end", "x")
        assert line.value == f"{typed}x"
        await user.press("escape")
        assert "No column" not in user.screen_text()
        await ask(user, "ampersand", '"nosuch>5"')
        await user.until(lambda: state(user).startswith("0 of 32,561 rows"))


async def test_a_condition_that_a_column_cannot_meet_gives_its_line_back(place):
    async with at_the_screen() as user:
        await open_census(user)
        await ask(user, "ampersand", "age>old")
        await user.until(lambda: '"old" is not an int' in user.screen_text())
        assert user.main.focused.value == "age>old"


async def test_a_filter_left_with_escape_is_not_applied(place, long):
    async with at_the_screen() as user:
        await user.choose("long")
        await user.press("enter")
        await user.until(lambda: all_rows_shown(user, ROWS))
        await ask(user, "ampersand", "word~^w[0-4]*9(1|2|3)+[0-9]*7$")
        await user.press("escape")
        assert user.main.preview.grid.has_focus
        # The query has ended, and its answer would be shown by now.
        queries = [w for w in user.main.workers if w.group == "query"]
        await user.until(lambda: all(worker.is_finished for worker in queries))
        await user.until(lambda: "filtering" not in state(user))
        assert all_rows_shown(user, ROWS)


async def test_what_has_no_rows_cannot_be_asked_and_says_so(place):
    (place / "a.bin").write_bytes(bytes(range(256)) * 4)
    async with at_the_screen() as user:
        session = await user.main.session()
        made = await session.upload(place / "a.bin", name="some bytes", data_type_id="Binary")
        await user.main.reload(select=made.family_id)
        await user.press("1", "enter")
        await user.until(lambda: user.main.preview.title == "some bytes" and user.main.preview.rows)
        for key in ("right_square_bracket", "I"):
            before = len(user.app.notes.said)
            await user.press(key)
            await user.until(lambda before=before: len(user.app.notes.said) > before)
        assert "no rows" in user.notes
        await session.edits.delete(made)


async def test_the_details_say_the_encoding_and_whether_it_is_a_guess(place, tmp_path):
    texts = {"of the west": "windows-1252", "of now": "utf-8"}
    async with open_session() as session:
        for name, encoding in texts.items():
            path = tmp_path / f"{name}.csv"
            lines = "".join(
                f"{n},Żółć €\n" if encoding == "utf-8" else f"{n},Müller café €\n"
                for n in range(50)
            )
            path.write_bytes(f"n,who\n{lines}".encode(encoding))
            await session.upload(path, name=name, data_type_id="GenericCSV")
        async with at_the_screen() as user:
            await user.choose("of the west")
            await user.until(lambda: "charset cp1252, a guess" in user.screen_text())
            await user.choose("of now")
            await user.until(lambda: "charset utf-8 " in user.screen_text())
        for dataset in (await session.current_list()).datasets:
            if dataset.name in texts:
                await session.edits.delete(dataset)


@pytest.mark.parametrize("size", [(120, 40), (80, 24)])
async def test_why_a_dataset_has_no_preview_stands_in_the_pane(
    place, server, long, tmp_path, monkeypatch, size
):
    monkeypatch.setenv("AMLTUI_CACHE_DIR", str(tmp_path / "another"))
    (content,) = (path for path in server.data.rglob("*") if path.name == long.sha256)
    content.unlink()
    async with at_the_screen(size) as user:
        await user.choose("long")
        await user.press("enter")
        await user.until(lambda: "The contents of" in user.screen_text())
        said = str(user.main.preview.query_one("#preview-empty").render())
        assert 'The contents of "long" are gone from the server\'s store' in said
        assert "can bring it back from a backup" in said
        assert "There is no preview" not in user.screen_text()
