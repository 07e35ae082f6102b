"""Archives in the preview."""

import zipfile

from amltui.services.session import open_session
from tests.tui.conftest import at_the_screen


async def test_a_zip_archive_is_listed_and_asking_it_says_so(place):
    with zipfile.ZipFile(place / "two.zip", "w") as made:
        made.writestr("first.csv", "a,b\n1,2\n")
        made.writestr("notes/second.bin", b"\0" * 500)
    async with open_session() as session:
        await session.upload(place / "two.zip", name="two.zip", data_type_id="Zip")
    async with at_the_screen() as user:
        await user.choose("two.zip")
        await user.press("enter")
        await user.until(lambda: "notes/second.bin" in user.screen_text())
        assert "what the archive holds" in user.screen_text()
        assert user.main.preview.rows.window(0, 2, [0, 1]) == [
            ["first.csv", "notes/second.bin"],
            ["8", "500"],
        ]
        await user.press("s")
        user.main.focused.clear()
        await user.type("select 1 from data")
        await user.press("enter")
        await user.until(lambda: "the entries of its archive are shown" in user.notes)
