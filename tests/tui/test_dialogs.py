"""Dialogs, the palette and what lies over the panes; small things that were dead ends."""

from amltui.tui.actions import datasets
from amltui.tui.actions.column_profile import number
from amltui.tui.json_text import indented
from tests.tui.conftest import at_the_screen
from tests.tui.test_queries import open_census
from tests.tui.test_transfers import states


async def test_a_hidden_column_is_counted_and_comes_back(place):
    async with at_the_screen() as user:
        await open_census(user)
        await user.press("l", "minus", "minus")
        await user.until(lambda: "2 hidden: _ shows" in user.screen_text())
        await user.press("underscore")
        await user.until(lambda: not user.main.preview.grid.hidden_columns)
        await user.until(lambda: "hidden" not in user.screen_text())


async def test_a_key_of_another_pane_says_whose_it_is(place):
    async with at_the_screen() as user:
        await user.press("1", "I")
        await user.until(lambda: "preview pane: 2 goes there" in user.notes)


async def test_what_is_told_covers_nothing_and_can_be_read_again(place):
    async with at_the_screen() as user:
        await open_census(user)
        before = user.screen_text().split("\n")
        user.main.say("Something was done.")
        await user.until(lambda: "Something was done." in user.screen_text())
        after = user.screen_text().split("\n")
        assert [i for i in range(40) if before[i] != after[i]] == [39]
        await user.press("colon")
        await user.type("messages")
        await user.press("enter")
        await user.until(lambda: "┏━ Messages" in user.screen_text())
        assert user.screen_text().count("Something was done.") >= 1
        await user.press("escape")


async def test_a_large_download_asks_where_to_go(place, monkeypatch):
    monkeypatch.setattr(datasets, "LARGE", 1_000)
    async with at_the_screen() as user:
        await user.choose("Iris")
        await user.press("d")
        await user.until(lambda: "Download to" in user.screen_text())
        assert not list(place.iterdir())
        await user.press("enter")
        await user.until((place / "Iris.csv").exists)
        await user.until(lambda: states(user) == ["done"])
        await user.until(lambda: "Iris → " in user.screen_text())
        await user.press("w", "x")
        await user.until(lambda: "c clears what is over" in user.notes)
        await user.press("c")
        await user.until(lambda: states(user) == [])


async def test_a_click_behind_a_dialog_leaves_it_in_focus(place):
    async with at_the_screen() as user:
        await user.choose("Iris")
        await user.press("y")
        await user.until(lambda: "enter choose" in user.screen_text())
        await user.pilot.click("#details")
        await user.pilot.pause()
        assert user.dialog in user.main.focused.ancestors_with_self
        await user.press("escape")
        await user.until(lambda: "enter choose" not in user.screen_text())
        assert user.main.focused.id == "list"


async def test_two_dialogs_stand_one_after_the_other(place):
    from amltui.tui.dialogs.prompts import AskLine

    answers = []
    async with at_the_screen() as user:

        def ask(title):
            async def asked() -> None:
                answers.append(await user.main.ask(AskLine(title)))

            user.main.work(asked)

        ask("First")
        ask("Second")
        await user.until(lambda: "First" in user.screen_text())
        assert "Second" not in user.screen_text()
        await user.type("one")
        await user.press("enter")
        await user.until(lambda: "Second" in user.screen_text())
        await user.press("escape")
        await user.until(lambda: answers == ["one", None])


def test_json_is_indented_and_no_number_in_it_changes():
    text = '{"a":{"b":[1.50,1e5,"x,{}\\""]},"c":{},"a":[]}'
    assert indented(text) == (
        '{\n  "a": {\n    "b": [\n      1.50,\n      1e5,\n      "x,{}\\""\n    ]\n  },\n'
        '  "c": {},\n  "a": []\n}'
    )
    assert indented("[1, 2") is None
    assert indented("12") is None


def test_numbers_are_written_out_and_grouped():
    assert [number(value) for value in (1_950_000.0, 282.5625, 0.0001234567, 1e-9, 0.0)] == [
        "1,950,000",
        "282.562",
        "0.000123457",
        "1e-09",
        "0",
    ]


async def test_a_text_has_the_width_of_its_pane(place):
    line = "a log line " + "of many words " * 6
    (place / "a.log").write_text(f"{line}\n" * 50)
    async with at_the_screen((160, 40)) as user:
        session = await user.main.session()
        made = await session.upload(place / "a.log", name="a log", data_type_id="PlainText")
        await user.main.reload(select=made.family_id)
        await user.press("1", "enter", "plus")
        await user.until(lambda: line.strip() in user.screen_text())
        await session.edits.delete(made)


async def test_the_beginning_of_a_file_name_is_enough_and_its_type_is_guessed_and_chosen(place):
    (place / "genes.tsv").write_text("gene\ts1\tnote\na\t1\tx\nb\t2\ty\n")
    async with at_the_screen() as user:
        await user.press("u")
        await user.until(lambda: "genes.tsv" in user.screen_text())
        await user.type("ge")
        await user.press("enter")
        await user.until(lambda: user.main.focused.id == "name")
        await user.until(lambda: "GenericTSV, guessed" in user.screen_text())
        await user.press("tab")
        await user.until(lambda: "lines of text" in user.screen_text())
        assert "RData" in user.screen_text() or "ARFF" in user.screen_text()
        await user.press("down")
        await user.until(lambda: "GenericTSVNoHeader" in user.screen_text())
        await user.press("escape")
        await user.until(lambda: "Upload a file" not in user.screen_text())


async def test_a_wrong_path_is_said_below_it(place):
    async with at_the_screen() as user:
        await user.press("u")
        await user.until(lambda: "Upload a file" in user.screen_text())
        await user.type("nowhere.csv")
        await user.press("ctrl+s")
        await user.until(lambda: "no such file" in user.screen_text())
        lines = user.screen_text().split("\n")
        at = next(i for i, line in enumerate(lines) if "no such file" in line)
        assert "nowhere.csv" in lines[at - 1]
        await user.press("escape")


async def test_a_list_in_which_nothing_begins_as_what_was_typed_says_so(place):
    (place / "good.csv").write_text("a,b\n1,2\n")
    async with at_the_screen() as user:
        await user.press("u")
        await user.until(lambda: "good.csv" in user.screen_text())
        await user.type("god")
        await user.until(lambda: "Nothing that is there begins so." in user.screen_text())
        await user.press("backspace")
        await user.until(lambda: "good.csv" in user.screen_text())
        assert "begins so" not in user.screen_text()
        user.main.focused.clear()
        await user.type("..")
        await user.until(lambda: "good.csv" not in user.screen_text())
        await user.pilot.pause()
        assert "begins so" not in user.screen_text()
        await user.press("escape")


async def test_new_contents_of_another_type_are_not_sent_before_that_was_said(place):
    (place / "good.csv").write_text("a,b\n1,2\n")
    (place / "exp.tsv").write_text("gene\ts1\tnote\na\t1\tx\nb\t2\ty\n")
    async with at_the_screen() as user:
        session = await user.main.session()
        made = await session.upload(place / "good.csv", name="good", data_type_id="GenericCSV")
        await user.main.reload(select=made.family_id)
        await user.until(lambda: user.main.dataset and user.main.dataset.name == "good")
        await user.press("U")
        await user.until(lambda: "New contents for good" in user.screen_text())
        await user.type("exp.tsv")
        await user.press("ctrl+s")
        await user.until(lambda: "looks like GenericTSV" in user.screen_text())
        assert states(user) == ["done"]  # the one that the test itself sent
        await user.press("down", "down")
        await user.until(lambda: "GenericTSV: tabs" in user.screen_text())
        await user.press("ctrl+s")
        await user.until(lambda: "removed" in user.screen_text())
        await user.press("ctrl+s")
        await user.until(lambda: user.main.dataset.data_type_id == "GenericTSV")
        await session.edits.delete(user.main.dataset)


async def test_random_bytes_are_not_offered_as_a_table(place):
    import random

    (place / "rand.bin").write_bytes(random.Random(5).randbytes(3_000))
    async with at_the_screen() as user:
        await user.press("u")
        await user.until(lambda: "rand.bin" in user.screen_text())
        await user.type("rand.bin")
        await user.press("enter")
        await user.until(lambda: user.main.focused.id == "name")
        await user.until(lambda: "guessed" in user.screen_text())
        assert "Binary, guessed: bytes of any" in user.screen_text()
        await user.press("escape")


async def test_a_file_is_shown_as_it_will_be_read_and_converted_when_asked(place):
    (place / "semi.csv").write_bytes("n;price;city\n1;2,5;Köln\n2;3,5;Łódź\n".encode())
    async with at_the_screen() as user:
        await user.press("u")
        await user.until(lambda: "semi.csv" in user.screen_text())
        await user.type("semi.csv")
        await user.press("enter")
        await user.until(lambda: "separated by ;" in user.screen_text())
        await user.until(lambda: "n;price;city" in user.screen_text())  # one column, as it is
        await user.press("ctrl+s")
        await user.until(lambda: user.main.focused.id == "type")
        assert "all the same" in user.screen_text()
        await user.press("ctrl+t")
        await user.until(lambda: "sent as UTF-8 with commas" in user.screen_text())
        await user.until(lambda: "n;price;city" not in user.screen_text())
        await user.press("ctrl+s")
        await user.until(lambda: user.main.dataset and user.main.dataset.name == "semi.csv")
        session = await user.main.session()
        made = user.main.dataset
        sent = b"".join([chunk async for chunk in session.stream(made)])
        assert sent.decode() == "n,price,city\n1,2.5,Köln\n2,3.5,Łódź\n"
        assert made.data_type_id == "GenericCSV"
        await session.edits.delete(made)


async def test_a_path_that_is_typed_and_left_is_looked_at_before_its_type_is_named(place):
    (place / "genes.tsv").write_text("gene\tcount\nA\t1\nB\t2\n")
    async with at_the_screen() as user:
        await user.press("u")
        await user.until(lambda: "as the file seems to be" in user.screen_text())
        assert "GenericCSV:" not in user.screen_text()
        await user.type(str(place / "genes.tsv"))
        await user.press("tab", "tab")
        await user.until(lambda: "GenericTSV, guessed" in user.screen_text())
        await user.until(lambda: "gene" in user.dialog.query_one("#first-rows").render().plain)
