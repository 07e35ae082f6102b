"""Several datasets at once: marked, then downloaded, deleted, compared, copied."""

import pytest

from amltui.services.session import open_session
from amltui.tui.actions import datasets
from amltui.tui.clipboard import clipboard_write
from tests.tui.conftest import at_the_screen


@pytest.fixture
async def fruits(place, tmp_path):
    """Three small datasets of one's own."""
    async with open_session() as session:
        made = []
        for name in ("apples", "pears", "plums"):
            path = tmp_path / f"{name}.csv"
            path.write_text(f"id,kind\n1,{name}\n2,same\n")
            made.append(await session.upload(path, name=name, data_type_id="GenericCSV"))
        yield made
        there = {one.key for one in (await session.current_list()).datasets}
        for one in made:
            if one.key in there:
                await session.edits.delete(one)


def marked(user):
    return [one.name for one in user.main.marked]


async def mark(user, *names):
    for name in names:
        await user.choose(name)
        await user.press("space")
    await user.until(lambda: set(names) <= set(marked(user)))


async def test_space_marks_star_all_v_the_others_and_escape_none(place, fruits):
    async with at_the_screen((80, 24)) as user:
        await mark(user, "pears", "apples")
        assert marked(user) == ["pears", "apples"]
        await user.until(lambda: "2 marked" in user.screen_text())
        assert "▌○ apples" in user.screen_text()
        await user.press("v")
        await user.until(lambda: len(marked(user)) == len(user.names) - 2)
        assert "plums" in marked(user)
        await user.press("asterisk")
        await user.until(lambda: len(marked(user)) == len(user.names))
        await user.press("asterisk")
        await user.until(lambda: not marked(user))
        await user.press("asterisk", "escape")
        await user.until(lambda: not marked(user))
        assert "marked" not in user.screen_text()


async def test_the_marked_are_downloaded_into_a_folder_and_what_is_there_is_asked_about(
    place, fruits
):
    (place / "pears.csv").write_text("mine")
    async with at_the_screen((80, 24)) as user:
        await mark(user, "apples", "pears")
        await user.press("d")
        await user.until(lambda: "Download 2 datasets" in user.screen_text())
        user.main.focused.clear()
        await user.type(str(place / "nowhere"))
        await user.press("enter")
        await user.until(lambda: "There is no such folder." in user.screen_text())
        user.main.focused.clear()
        await user.type(str(place))
        await user.press("enter")
        await user.until(lambda: "1 of these files are there already" in user.screen_text())
        await user.press("l")
        await user.until((place / "apples.csv").exists)
        assert (place / "pears.csv").read_text() == "mine"
        await user.until(lambda: not marked(user))
        await mark(user, "apples", "pears")
        await user.press("d", "enter")
        await user.until(lambda: "2 of these files are there already" in user.screen_text())
        await user.press("o")
        await user.until(lambda: "pears" in (place / "pears.csv").read_text())


async def test_the_marked_are_deleted_once_that_was_typed_and_taken_back_by_z(
    place, fruits, monkeypatch
):
    monkeypatch.setattr(datasets, "TAKEN_BACK", 3_600.0)
    async with at_the_screen((80, 24)) as user:
        await mark(user, "apples", "plums")
        await user.press("D")
        await user.until(lambda: "Delete 2 datasets" in user.screen_text())
        await user.type("delete")
        await user.press("enter")
        await user.until(lambda: "Type delete 2." in user.screen_text())
        await user.type(" 2")
        await user.press("enter")
        await user.until(lambda: not {"apples", "plums"} & set(user.names))
        assert "pears" in user.names
        await user.until(lambda: "2 datasets will be deleted in 3600 seconds" in user.screen_text())
        await user.press("z")
        await user.until(lambda: "plums" in user.names)
        await user.until(lambda: "1 more will still be sent." in user.screen_text())
        assert "2 datasets will be deleted" not in user.screen_text()
        await user.press("z")
        await user.until(lambda: "apples" in user.names)


async def test_the_only_marked_dataset_is_deleted_by_its_name_and_by_nothing_shorter(
    place, fruits, monkeypatch
):
    monkeypatch.setattr(datasets, "TAKEN_BACK", 3_600.0)
    async with at_the_screen((80, 24)) as user:
        await mark(user, "plums")
        await user.press("D")
        await user.until(lambda: "Delete 1 dataset " in user.screen_text())
        await user.type("delete 1")
        await user.press("enter")
        await user.until(lambda: "Type its name." in user.screen_text())
        await user.press("ctrl+u")
        await user.type("plums")
        await user.press("enter")
        await user.until(lambda: "plums" not in user.names)


async def test_of_the_marked_one_that_is_gone_keeps_no_other_from_being_deleted(
    place, fruits, monkeypatch
):
    monkeypatch.setattr(datasets, "TAKEN_BACK", 0.1)
    apples, _, plums = fruits
    async with open_session() as other, at_the_screen((80, 24)) as user:
        await mark(user, "apples", "plums")
        await user.press("D")
        await user.until(lambda: "Delete 2 datasets" in user.screen_text())
        await other.edits.delete(apples)
        await user.type("delete 2")
        await user.press("enter")
        await user.until(lambda: "Deleted plums." in user.notes)
        there = {one.key for one in (await other.current_list()).datasets}
        assert not {apples.key, plums.key} & there


async def test_examples_among_the_marked_are_named_and_nothing_is_deleted(place, fruits):
    async with at_the_screen() as user:
        await user.press("1", "asterisk", "D")
        await user.until(lambda: "Examples cannot be deleted: " in user.notes)
        assert "apples" in user.names


async def test_two_marked_are_compared_and_three_are_not(place, fruits):
    async with at_the_screen((80, 24)) as user:
        await mark(user, "apples", "pears", "plums")
        await user.press("c")
        await user.until(lambda: "3 datasets are marked, and two are compared." in user.notes)
        await user.choose("plums")
        await user.press("space", "c")
        await user.until(lambda: "apples → pears" in user.screen_text())
        await user.press("escape")
        await user.until(lambda: user.main.preview.rows.row_count == 1)


async def test_the_names_of_the_marked_are_copied_a_line_each(place, fruits, monkeypatch):
    sent = []
    monkeypatch.setattr(
        "amltui.tui.actions.copy_menu.clipboard_write",
        lambda text, environment: sent.append(text) or clipboard_write(text, environment),
    )
    async with at_the_screen() as user:
        await mark(user, "pears", "apples")
        await user.press("y", "n")
        await user.until(lambda: sent == ["pears\napples"])
