"""What leaves the program by key: snippets, texts for the mouse; and what can be taken back."""

from __future__ import annotations

from amltui.tui.clipboard import clipboard_write
from amltui.tui.theme import ALL
from tests.tui.conftest import at_the_screen


async def test_each_snippet_is_copied_without_the_token(place, server, monkeypatch):
    sent = []
    monkeypatch.setattr(
        "amltui.tui.actions.copy_menu.clipboard_write",
        lambda text, environment: sent.append(text) or clipboard_write(text, environment),
    )
    async with at_the_screen() as user:
        await user.choose("Iris")
        for letter, kind in (("a", "amltui"), ("z", "azureml"), ("p", "pandas"), ("c", "cli")):
            await user.press("y")
            await user.until(lambda: "enter choose" in user.screen_text())
            await user.press("s")
            await user.until(lambda: "Copy a snippet" in user.screen_text())
            await user.press(letter)
            await user.until(lambda kind=kind: f"Sent the {kind} snippet" in user.notes)
    assert [("Iris" in text, server.token in text) for text in sent] == [(True, False)] * 4
    assert "from azureml import Workspace" in sent[1]
    assert sent[3].startswith("amltui get Iris")


async def test_what_was_copied_is_shown_plainly_for_the_mouse(place, monkeypatch):
    shown = []

    async def plainly(_app, text):
        shown.append(text)

    monkeypatch.setattr("amltui.tui.actions.copy_menu.show_plainly", plainly)
    async with at_the_screen() as user:
        await user.choose("Iris")
        await user.press("y")
        await user.until(lambda: "enter choose" in user.screen_text())
        assert "show what was copied" not in user.screen_text()
        await user.press("n")
        await user.until(lambda: "Sent the name" in user.notes)
        await user.press("y")
        await user.until(lambda: "show what was copied" in user.screen_text())
        await user.press("v")
        await user.until(lambda: shown == ["Iris"])


async def test_new_contents_are_taken_back(place):
    (place / "first.csv").write_text("a\n1\n")
    (place / "second.csv").write_text("a\n1\n2\n")
    async with at_the_screen() as user:
        session = await user.main.session()
        made = await session.upload(place / "first.csv", name="undone", data_type_id="GenericCSV")
        await user.main.reload(select=made.family_id)
        await user.until(lambda: user.main.dataset and user.main.dataset.name == "undone")
        await user.press("U")
        await user.until(lambda: "New contents for undone" in user.screen_text())
        await user.type("second.csv")
        await user.press("ctrl+s")
        await user.until(lambda: "What changes in undone" in user.screen_text())
        await user.press("ctrl+s")
        await user.until(lambda: user.main.dataset.size == 6)
        await user.press("colon")
        await user.until(lambda: "Commands" in user.screen_text())
        await user.type("undo")
        await user.press("enter")
        await user.until(lambda: "Undone: " in user.notes)
        await user.until(lambda: user.main.dataset.name == "undone" and user.main.dataset.size == 4)
        await session.edits.delete(user.main.dataset)


async def test_other_colours_come_in_turn(place):
    async with at_the_screen() as user:
        for name in [theme.name for theme in (*ALL[1:], ALL[0])]:
            await user.press("colon")
            await user.until(lambda: "Commands" in user.screen_text())
            await user.type("other colours")
            await user.press("enter")
            await user.until(lambda name=name: user.app.theme == name)
            assert "1 Datasets" in user.screen_text()


async def test_without_colours_nothing_on_the_screen_has_one(place, monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    async with at_the_screen() as user:
        await user.until(lambda: "State-gov" in user.screen_text())
        colours = {
            colour.name
            for strip in user.app.screen._compositor.render_strips()
            for segment in strip
            if segment.style
            for colour in (segment.style.color, segment.style.bgcolor)
            if colour is not None and colour.triplet is not None
            if len(set(colour.triplet)) > 1
        }
        assert colours == set()
