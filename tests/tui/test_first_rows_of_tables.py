"""What is asked of a database whose rows have no room is asked of the first, and says so."""

import sqlite3

import pytest

from amltui.services.session import open_session
from tests.tui.conftest import at_the_screen
from tests.tui.test_queries import ask, cell, state

ROWS = 200_000
BATCH = 65_536


@pytest.fixture
async def words(place, monkeypatch):
    """A dataset whose bytes fit into the cache, but not its rows beside them."""
    monkeypatch.setenv("AMLTUI_CACHE_QUOTA", "8 MB")
    database = sqlite3.connect(place / "words.sqlite")
    database.execute("create table words (n, word)")
    rows = ((n, f"word {n % 1_000}") for n in range(ROWS))
    database.executemany("insert into words values (?, ?)", rows)
    database.commit()
    database.close()
    async with open_session() as session:
        await session.upload(place / "words.sqlite", name="words.sqlite", data_type_id="Zip")


@pytest.mark.usefixtures("words")
async def test_the_first_rows_of_a_database_answer_where_all_have_no_room_and_say_so(place):
    async with at_the_screen() as user:
        await user.choose("words.sqlite")
        await user.press("enter")
        await user.until(lambda: "Only the first rows are shown." in user.notes)
        assert all(note.severity == "warning" for note in user.app.notes.said)
        await ask(user, "&", "word 999")
        await user.until(lambda: "& word 999" in state(user))
        await user.until(lambda: "Only the first rows are asked." in user.notes)
        found, _, line = state(user).partition(" of the first ")
        asked = int(line.split()[0].replace(",", ""))
        assert BATCH < asked < ROWS
        assert int(found.replace(",", "")) == asked // 1_000
        assert line.startswith(f"{asked:,} rows · part of the table · ")
        await ask(user, "s", "select count(*) as rows, max(n) as last from data")
        await user.until(lambda: "asked of the first" in state(user))
        assert cell(user) == found
        await user.press("escape", "escape")
        await user.until(lambda: user.main.preview.rows.row_count == asked)
        (cache,) = (place.parent / "cache").glob("v*")
        assert sum(file.stat().st_size for file in cache.rglob("*") if file.is_file()) < 8_000_000
        await ask(user, "slash", "nowhere")
        said = f"That text is in no cell of the first {asked:,} rows; part of the table."
        await user.until(lambda: said in user.notes)
