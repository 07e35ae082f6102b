"""Questions about a large content that a cluster is asked, in the program."""

from __future__ import annotations

import pytest

from amltui.tui.actions import previews
from amltui.tui.widgets.preview import PreviewPane
from tests.tui.conftest import at_the_screen

pytestmark = pytest.mark.slow  # a Spark is started, which takes some ten seconds

ROWS = 60_000


@pytest.fixture
def large(place, tmp_path, spark_address, monkeypatch):
    """A file above the limits in a folder, and a cluster in the settings."""
    from amltui.config import paths

    monkeypatch.setattr(previews, "STAY", 1_000)  # else the columns are made meanwhile
    folder = tmp_path / "folder"
    folder.mkdir()
    # Of a few MiB columns are made at once, and no cluster is offered.
    lines = (f'{row},"a, ""b"" {row % 3}",{"x" * 80}\n' for row in range(ROWS))
    (folder / "large.csv").write_text("id,name,more\n" + "".join(lines))
    paths.config_dir().mkdir(parents=True, exist_ok=True)
    (paths.config_dir() / "config.toml").write_text(
        f'engine = "{spark_address}"\nengine_above = "1 MB"\n'
    )
    return folder


async def test_the_cluster_is_offered_and_answers_sql_and_profiles(large):
    async with at_the_screen(profile=str(large)) as program:
        pane = program.main.query_one(PreviewPane)
        await program.choose("large.csv")
        await program.press("enter")
        await program.until(lambda: pane.rows is not None and pane.rows.row_count)
        await program.press("s", "ctrl+u")
        await program.type("select name, count(*) n from data group by 1 order by 1")
        await program.press("enter")
        await program.until(lambda: "Ask the cluster?" in program.screen_text())
        await program.press("y")
        await program.until(lambda: pane.rows.complete and pane.rows.row_count == 3)
        assert pane.rows.cell(0, 0) == 'a, "b" 0'
        assert f"asked of {ROWS:,} rows" in program.screen_text()
        await program.press("right_square_bracket")  # what is asked of the answer is asked here
        await program.until(lambda: pane.rows.cell(0, 0) == 'a, "b" 2')
        await program.press("escape", "escape")
        await program.until(lambda: pane.rows.row_count > 3)
        await program.press("I")
        await program.until(lambda: "Ask the cluster?" in program.screen_text())
        await program.press("y")
        await program.until(lambda: "Profile of id" in program.screen_text())
        assert f"{ROWS:,}" in program.screen_text()
        assert "59999" in program.screen_text()


async def test_who_wants_this_machine_has_its_answer(large):
    async with at_the_screen(profile=str(large)) as program:
        pane = program.main.query_one(PreviewPane)
        await program.choose("large.csv")
        await program.press("enter")
        await program.until(lambda: pane.rows is not None and pane.rows.row_count)
        await program.press("I")
        await program.until(lambda: "Ask the cluster?" in program.screen_text())
        assert "5.7 MiB: this machine has to read all" in " ".join(program.screen_text().split())
        await program.press("n")
        await program.until(lambda: "Profile of id" in program.screen_text())
        await program.press("escape", "I")  # its columns are here now: nothing is asked
        await program.until(lambda: "Profile of id" in program.screen_text())
