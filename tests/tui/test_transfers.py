import pytest

from amltui.services.session import open_session
from amltui.transfers import Options, State, Transfer
from amltui.tui.actions import transfers
from amltui.tui.pace import PACE
from amltui.tui.widgets.transfers import TransfersPane
from tests.tui.conftest import at_the_screen

CONTENT = b"number,square\n" + b"".join(b"%d,%d\n" % (n, n * n) for n in range(700_000))
SLOW = Options(rate_limit=1_500_000)


def states(user):
    return [str(transfer.state) for transfer in user.main.query_one(TransfersPane).rows]


@pytest.fixture
async def large(place, tmp_path):
    """A dataset that takes some seconds at a slow rate."""
    path = tmp_path / "squares.csv"
    path.write_bytes(CONTENT)
    async with open_session() as session:
        made = await session.upload(path, name="squares", data_type_id="GenericCSV")
        yield made
        await session.edits.delete(made)


async def test_a_transfer_is_paused_resumed_and_cancelled_by_key(place, large):
    async with at_the_screen(options=SLOW) as user:
        await user.choose(large.name)
        await user.press("d", "w")
        await user.until(lambda: states(user) == ["running"])
        await user.until(lambda: "4 Transfers (1 running)" in user.screen_text())
        await user.press("p")
        await user.until(lambda: states(user) == ["paused"])
        await user.press("p")
        await user.until(lambda: states(user) == ["running"])
        await user.press("x")
        await user.until(lambda: states(user) == ["cancelled"])
        assert list(place.iterdir()) == []
        await user.press("w")
        await user.until(lambda: user.main.query_one("#list").has_focus)


async def test_quitting_asks_while_a_transfer_runs_and_the_next_start_goes_on_with_it(place, large):
    async with at_the_screen(options=SLOW) as user:
        await user.choose(large.name)
        await user.press("d")
        await user.until(lambda: states(user) == ["running"])
        await user.press("q")
        await user.until(lambda: "Transfers are running" in user.screen_text())
        await user.press("n", "q")
        await user.until(lambda: "Transfers are running" in user.screen_text())
        await user.press("y")
        await user.until(lambda: not user.app.is_running)
    assert not (place / "squares.csv").exists()
    async with at_the_screen() as user:
        await user.until((place / "squares.csv").exists)
        assert "Going on with squares" in user.notes
        assert (place / "squares.csv").read_bytes() == CONTENT


async def test_a_large_dataset_is_previewed_only_when_asked_for(place, large):
    async with at_the_screen() as user:
        await user.choose(large.name)
        await user.until(lambda: "enter shows the first rows at once" in user.screen_text())
        await user.press("enter")
        await user.until(lambda: user.main.preview.rows)
        await user.until(lambda: user.main.preview.rows.row_count == 700_000)
        await user.press("G")
        await user.until(lambda: "row 700,000" in user.screen_text())


async def test_what_was_paused_stays_paused_at_the_next_start(place, large):
    async with at_the_screen(options=SLOW) as user:
        await user.choose(large.name)
        await user.press("d", "w")
        await user.until(lambda: user.main.transfers.rows[0].done)
        await user.press("p")
        await user.until(lambda: states(user) == ["paused"])
        (before,) = user.main.transfers.rows
        await user.press("q")
        await user.until(lambda: not user.app.is_running)
    async with at_the_screen() as user:
        await user.until(lambda: "Still paused: squares" in user.notes)
        assert states(user) == ["paused"]
        (after,) = user.main.transfers.rows
        assert (after.done, after.total) == (before.done, before.total)
        await user.press("w", "p")
        await user.until((place / "squares.csv").exists)


async def test_the_border_of_the_pane_says_all_around_whether_keys_go_there(place):
    async with at_the_screen() as user:
        for key, corners in (("w", "┏┓┗┛"), ("1", "┌┐└┘"), ("4", "┏┓┗┛")):
            await user.press(key)

            def drawn(corners=corners) -> bool:
                first, *_, last, _keys = user.screen_text().splitlines()[-4:]
                return first[0] + first[-1] + last[0] + last[-1] == corners

            await user.until(drawn)


async def test_the_pane_grows_with_the_transfers_and_shrinks_when_they_are_cleared(place):
    rows = [
        Transfer(f"{at}", "download", f"some {at}", State.DONE, done=at, total=at)
        for at in range(1, 4)
    ]
    async with at_the_screen() as user:
        pane = user.main.query_one(TransfersPane)
        await user.press("w")
        for shown in (rows[:1], rows, rows[:2]):
            pane.show(shown)
            await user.until(lambda shown=shown: pane.size.height == len(shown))
            assert all(one.name in user.screen_text() for one in shown)


async def test_low_traffic_draws_a_transfer_now_and_then_only(place, large, monkeypatch):
    """Its first state at once, and the next only when the pause is over: here that is never."""
    monkeypatch.setattr(PACE, "low", True)
    monkeypatch.setattr(transfers, "SECOND", 3_600.0)
    async with at_the_screen() as user:
        await user.choose(large.name)
        drawn = []
        pane = user.main.query_one(TransfersPane)
        show = pane.show
        monkeypatch.setattr(pane, "show", lambda rows: (drawn.append(rows), show(rows))[1])
        await user.press("d")
        await user.until((place / "squares.csv").exists)
        assert len(drawn) <= 1
        assert "done" not in states(user)


async def test_other_traffic_draws_a_transfer_to_its_end(place, large):
    async with at_the_screen() as user:
        await user.choose(large.name)
        await user.press("d")
        await user.until(lambda: states(user) == ["done"])
