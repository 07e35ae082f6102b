"""What stands below the columns' names."""

from __future__ import annotations

from amltui.formats import format_of
from amltui.tables import ingest, open_table
from amltui.tui.actions.column_summaries import column_summaries


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
