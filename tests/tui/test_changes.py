"""What new contents change is seen before they are sent, and rules are held against them."""

from __future__ import annotations

from tests.tui.conftest import at_the_screen


async def made(user, place, name, text):
    (place / "old.csv").write_text(text)
    session = await user.main.session()
    dataset = await session.upload(place / "old.csv", name=name, data_type_id="GenericCSV")
    await user.main.reload(select=dataset.family_id)
    await user.until(lambda: user.main.dataset and user.main.dataset.name == name)
    return session


async def chosen(user, place, text):
    (place / "new.csv").write_text(text)
    await user.press("U")
    await user.until(lambda: "New contents for" in user.screen_text())
    await user.type("new.csv")
    await user.press("ctrl+s")


async def test_columns_types_missing_values_and_rows_that_change_are_shown_and_can_be_refused(
    place,
):
    async with at_the_screen() as user:
        session = await made(user, place, "shop", "id,price,note\n1,2.5,x\n2,3.5,y\n")
        await chosen(user, place, "id,price,town\nA,2.5,\nB,,Oslo\n")
        await user.until(lambda: "rows 2 as before" in user.screen_text())
        await user.until(lambda: "^s send" in user.screen_text().splitlines()[-1])
        text = user.screen_text()
        assert "c compare" not in text  # that was done
        for words in ("int → text", "retyped", "0 → 1", "note", "removed", "town", "added"):
            assert words in text, words
        await user.press("escape")
        await user.until(lambda: "What changes" not in user.screen_text())
        assert (await session.find("shop")).size == len("id,price,note\n1,2.5,x\n2,3.5,y\n")
        await session.edits.delete(user.main.dataset)


async def test_a_broken_rule_is_said_before_anything_is_sent(place):
    async with at_the_screen() as user:
        session = await made(user, place, "ruled", "id\n1\n2\n")
        (place / "rules").write_text('fail-on = ["rows=-10%"]\n')
        rules = await session.upload(
            place / "rules", name="ruled.rules.toml", data_type_id="PlainText"
        )
        await chosen(user, place, "id\n1\n")
        await user.until(lambda: "Rules are broken" in user.screen_text())
        assert "rows 2 → 1" in user.screen_text()
        assert (await session.find("ruled")).size == len("id\n1\n2\n")
        await user.press("ctrl+s")
        await user.until(lambda: user.main.dataset.size == len("id\n1\n"))
        await session.edits.delete(rules)
        await session.edits.delete(user.main.dataset)


async def test_what_has_no_rows_is_sent_without_a_comparison(place):
    async with at_the_screen() as user:
        session = await made(user, place, "bytes", "a\n")
        await session.edits.delete(user.main.dataset)
        (place / "old").write_bytes(bytes(range(256)))
        dataset = await session.upload(place / "old", name="bytes", data_type_id="Binary")
        await user.main.reload(select=dataset.family_id)
        await user.until(lambda: user.main.dataset and user.main.dataset.data_type_id == "Binary")
        (place / "new.csv").write_bytes(bytes(range(255)))
        await user.press("U")
        await user.until(lambda: "New contents for" in user.screen_text())
        await user.type("new.csv")
        await user.press("ctrl+s")
        await user.until(lambda: "looks like" in user.screen_text())
        await user.press("ctrl+s")
        await user.until(lambda: "has no rows" in user.screen_text())
        await user.press("ctrl+s")
        await user.until(lambda: user.main.dataset.size == 255)
        await session.edits.delete(user.main.dataset)
