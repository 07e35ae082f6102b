"""What stands below the columns' names."""

from __future__ import annotations

import asyncio

from amltui.formats import format_of
from amltui.tables import ingest, open_table
from amltui.tui.actions import column_summaries as summaries
from amltui.tui.actions.column_summaries import column_summaries
from tests.tui.conftest import at_the_screen
from tests.tui.test_queries import ask, open_census, state


async def notes_of(home, rows):
    source = home / "source"
    lines = [b"number,kind", *(b"%d,%s" % (row % 8, (b"x", b"y")[row % 2]) for row in range(rows))]
    source.write_bytes(b"\n".join(lines) + b"\n")
    ingest(source, format_of("GenericCSV"), home / "table")
    with open_table(home / "table", source) as table:
        return [note async for note in column_summaries(table)]


async def test_a_note_has_bars_for_numbers_and_counts_other_values(tmp_path):
    assert await notes_of(tmp_path, 800) == [(0, "█" * 8), (1, "2 values")]


async def test_a_note_on_many_rows_says_that_its_bars_are_of_a_sample(tmp_path):
    bars, values = await notes_of(tmp_path, 500_001)
    assert (bars[0], bars[1][:1], len(bars[1])) == (0, "≈", 8)
    assert set(bars[1][1:]) <= set("▁▂▃▄▅▆▇█")
    assert values == (1, "2 values")


async def test_those_of_the_dataset_never_stand_above_the_columns_of_an_answer(place, monkeypatch):
    go_on, real = asyncio.Event(), summaries.column_summaries

    async def held(rows):
        await go_on.wait()
        async for one in real(rows):
            yield one

    monkeypatch.setattr(summaries, "column_summaries", held)
    async with at_the_screen() as user:
        await open_census(user)
        await ask(user, "ampersand", "age>20")
        await user.until(lambda: "& age>20" in state(user))
        await user.until(lambda: user.main._work.runs("summaries"))
        await user.press("C")
        await user.until(lambda: "all columns" in state(user))
        go_on.set()
        await user.until(lambda: not user.main._work.runs("summaries"))
        await user.pilot.pause()
        assert "9 values" not in user.screen_text()
        await user.press("escape")
        await user.until(lambda: "9 values" in user.screen_text())
