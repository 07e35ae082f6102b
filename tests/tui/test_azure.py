"""The program on a workspace of Azure ML."""

from __future__ import annotations

import json
import sys

import obstore
import pytest
from obstore.store import AzureStore

from amltui.tui import key_queue
from amltui.tui.actions import datasets
from amltui.tui.app import AmltuiApp
from tests.support.services import ACCOUNT, KEY
from tests.tui.conftest import Driver, at_the_screen
from tests.tui.test_long_lists import cloud
from tests.tui.test_typing_ahead import at_once

CSV = b"city,n\nOslo,1\nRome,2\n"
EXPIRED = """ERROR: AADSTS700082: The refresh token has expired due to inactivity. The token was
issued on 2026-06-01. Trace ID: 0f1e2d3c Correlation ID: 1111 Timestamp: 2026-11-27 01:00:00Z
Interactive authentication is needed. Please run:
az login --tenant "72f988bf-0000" --scope "https://management.core.local//.default"
"""
OFFLINE = """ERROR: HTTPSConnectionPool(host='login.microsoftonline.com'): Max retries exceeded
with url: /v2.0 (Caused by NameResolutionError("Failed to resolve 'login.microsoftonline.com'"))
"""


@pytest.fixture
async def azure(azure_cloud, place, monkeypatch):
    """The workspace with a file."""
    azure = await cloud(azure_cloud, monkeypatch)
    azure.blobs = AzureStore(
        azure.container,
        account_name=ACCOUNT,
        account_key=KEY,
        endpoint=f"https://{ACCOUNT}.blob.core.local",
    )
    obstore.put(azure.blobs, "tui/cities.csv", CSV)
    azure.add("cities", azure.path("tui/cities.csv"))
    return azure


@pytest.fixture
def days(place):
    folder = place / "days"
    (folder / "sub").mkdir(parents=True)
    (folder / "1.csv").write_bytes(b"a\n1\n")
    (folder / "sub" / "2.csv").write_bytes(b"a\n2\n")
    return folder


@pytest.fixture
def az(place, monkeypatch):
    """An Azure CLI that says what is written to a file, and signs nobody in."""
    for name in ("SECRET", "ID"):
        monkeypatch.delenv(f"AZURE_CLIENT_{name}")
    program = place / "bin" / "az"
    program.parent.mkdir()
    told = place / "az.says"
    program.write_text(
        f"#!{sys.executable}\nimport sys\ntext = open({str(told)!r}).read()\n"
        "if 'accessToken' in text: print(text)\nelse: sys.exit(text)\n"
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")
    return told


async def test_a_folder_is_sent_by_the_dialog_and_then_as_new_contents(azure, days):
    async with at_the_screen() as user:
        await user.press("u")
        await user.until(lambda: "Upload a file" in user.screen_text())
        await user.type("days")
        await user.press("ctrl+s")
        await user.until(lambda: "a folder of 2 files, 8 B" in user.screen_text())
        assert "^s sends it as one dataset" in user.screen_text()
        assert azure.assets.keys() == {"cities"}
        await user.press("ctrl+s")
        await user.until(lambda: "Uploaded days" in user.notes)
        await user.until(lambda: user.main.dataset and user.main.dataset.name == "days")
        await user.until(lambda: user.main.preview.rows and user.main.preview.rows.row_count == 2)
        (days / "3.csv").write_bytes(b"a\n3\n")
        await user.press("U")
        await user.until(lambda: "New contents for days" in user.screen_text())
        await user.type("days/")
        await user.press("ctrl+s")
        await user.until(lambda: "a folder of 3 files" in user.screen_text())
        await user.press("ctrl+s")
        await user.until(lambda: "days has new contents" in user.notes)
        assert [one.number for one in azure.assets["days"].versions] == ["1", "2"]
        await user.until(lambda: user.main.preview.rows and user.main.preview.rows.row_count == 3)


async def test_an_empty_folder_and_a_taken_name_are_said_before_anything_is_sent(
    azure, place, days
):
    (place / "empty").mkdir()
    async with at_the_screen((80, 24)) as user:
        await user.press("u")
        await user.until(lambda: "Upload a file" in user.screen_text())
        await user.type("empty")
        await user.press("ctrl+s")
        await user.until(lambda: "There are no files in" in user.screen_text())
        await user.press("ctrl+s")
        await user.until(lambda: "There are no files in" in user.screen_text())
        user.dialog.query_one("#path").value = "days"
        await user.press("ctrl+s")
        await user.until(lambda: "a folder of 2 files" in user.screen_text())
        user.dialog.query_one("#name").value = "cities"
        await user.press("ctrl+s")
        await user.until(lambda: "cities is there already" in user.screen_text())
        await user.press("ctrl+n")
        await user.until(lambda: "cities has new contents" in user.notes)
    assert azure.assets["cities"].versions[-1].properties["dataType"] == "uri_folder"


async def test_a_file_in_a_folder_is_still_chosen_by_enter(azure, days):
    async with at_the_screen() as user:
        await user.press("u")
        await user.until(lambda: "Upload a file" in user.screen_text())
        await user.type("days")
        await user.press("enter")
        await user.until(lambda: "^s takes the folder" in user.screen_text())
        await user.type("1.csv")
        await user.press("enter")
        await user.until(lambda: "GenericCSV" in user.screen_text())
        await user.press("ctrl+s")
        await user.until(lambda: "Uploaded 1.csv" in user.notes)
    assert azure.assets["1.csv"].versions[0].properties["dataType"] == "uri_file"


async def test_the_palette_and_the_help_say_that_it_archives_and_find_it_by_both_words(azure):
    async with at_the_screen() as user:
        await user.until(lambda: user.main.can)
        for word in ("archive", "delete"):
            await user.press("colon")
            await user.type(word)
            await user.until(lambda: "archive: nothing is deleted here" in user.screen_text())
            await user.press("escape")
        await user.press("colon")
        await user.type("archive")
        await user.press("enter")
        await user.until(lambda: "This archives all versions" in user.screen_text())
        await user.press("escape")
        await user.press("question_mark")
        await user.until(lambda: "Keys" in user.screen_text())
        assert not any(k.description == "delete" for k in user.dialog._keys)


async def test_what_is_said_of_a_sign_in_goes_once_the_workspace_accepts_it(azure, az):
    az.write_text(EXPIRED)
    app = AmltuiApp()
    async with app.run_test(size=(80, 24)) as pilot:
        user = Driver(app, pilot)
        await user.until(lambda: "not signed in" in user.screen_text())
        text = " ".join(user.screen_text().split())
        assert "The refresh token has expired due to inactivity." in text
        assert 'az login --tenant "72f988bf-0000"' in text
        assert "Trace ID" not in text
        az.write_text(OFFLINE)
        await user.press("R")
        await user.until(lambda: "offline" in user.screen_text().splitlines()[0])
        assert "does not reach Azure's sign-in" in user.screen_text()
        assert "expired" not in user.screen_text()
        token = azure.issue("https://management.core.local/.default")
        az.write_text(json.dumps({"accessToken": token, "expires_on": 4_000_000_000}))
        await user.press("S")
        await user.until(lambda: "accepts the sign-in" in user.notes)
        await user.until(lambda: user.names == ["cities"])
        assert "online" in user.screen_text().splitlines()[0]
        assert "Azure CLI" not in user.screen_text()


async def test_a_note_that_is_too_long_says_where_the_rest_is(azure, place):
    async with at_the_screen((80, 24)) as user:
        user.main.say("It begins so. " + "word " * 200)
        await user.until(lambda: "all of it: the command `messages`" in user.screen_text())
        assert "It begins so." in user.screen_text()


async def test_sizes_of_the_files_in_view_are_asked_for_by_two_requests_each_and_once(azure):
    obstore.put(azure.blobs, "tui/d/1.csv", CSV)
    for number in range(300):
        azure.add(f"file-{number:03}", azure.path("tui/cities.csv"))
    azure.add("a-folder", azure.path("tui/d"), "uri_folder")
    azure.add("a-lost-one", azure.path("tui/never.csv"))
    async with at_the_screen() as user:
        rows = lambda: user.main.datasets.list.in_view  # noqa: E731
        await user.until(lambda: user.main.preview.rows)
        await user.until(lambda: all(one.size == len(CSV) for one in rows()[2:]))
        assert [one.name for one in rows()[:3]] == ["a-folder", "a-lost-one", "cities"]
        assert rows()[1].size is None
        seen = len(rows())
        sizes = [one for one in azure.managed if "/versions/" in one]
        assert len(sizes) <= seen + 2
        listed = user.main.datasets.list.rows
        assert sum(one.size is not None for one in listed) <= seen
        await user.main.reload()
        assert all(one.size is not None for one in user.main.datasets.list.rows[2:seen])
    azure.asked.clear()
    async with at_the_screen() as user:  # this disk knows them
        await user.until(lambda: user.main.preview.rows)
        assert len([one for one in azure.managed if "/versions/" in one]) <= 2


async def test_a_folder_that_is_no_table_is_opened_and_a_file_in_it_shown(azure, monkeypatch):
    monkeypatch.setattr(key_queue, "HELD", 60)  # a busy machine may need longer
    obstore.put(azure.blobs, "tui/mixed/a.csv", b"x\n1\n")
    obstore.put(azure.blobs, "tui/mixed/sub/b.csv", CSV)
    azure.assets.clear()
    azure.add("mixed", azure.path("tui/mixed"), "uri_folder")
    async with at_the_screen() as user:
        await user.until(lambda: "one table: enter" in user.screen_text())
        await user.press("enter")
        await user.until(lambda: "Files of mixed/" in user.screen_text())
        assert "sub/" in user.screen_text()
        at_once(user, "sub\rb.c")  # the last three while the next folder is asked for
        await user.until(lambda: "Files of mixed/sub/" in user.screen_text())
        await user.until(lambda: user.main.query_one("Palette Input").value == "b.c")
        await user.press("enter")
        await user.until(lambda: user.main.preview.title == "mixed/sub/b.csv")
        await user.until(lambda: user.main.preview.rows and user.main.preview.rows.row_count == 2)
        assert "mixed:1/sub/b.csv" in user.screen_text()


async def test_of_what_cannot_be_looked_at_the_reason_stands_in_place_of_the_rows_before(azure):
    azure.add("lost", azure.path("tui/never.csv"))
    async with at_the_screen() as user:
        await user.until(lambda: user.main.preview.rows)
        await user.press("down")
        await user.until(lambda: user.main.preview.title == "lost")
        text = " ".join(user.screen_text().replace("│", " ").split())
        assert "The asset points at tui/never.csv" in text
        assert "Oslo" not in text


@pytest.mark.parametrize("reached", [True, False], ids=["reached", "listed only"])
async def test_what_was_archived_is_brought_back_by_the_key_that_undoes(
    azure, monkeypatch, reached
):
    monkeypatch.setattr(datasets, "TAKEN_BACK", 0.0)
    async with at_the_screen((80, 24)) as user:
        await user.until(lambda: user.main.can)
        if not reached:  # as it is until the workspace has said what it can do
            user.main._list.can = None
        await user.press("space", "D")
        await user.until(lambda: "Archive 1 dataset" in user.screen_text())
        await user.press("escape", "space", "D")
        await user.until(lambda: "z undoes it" in user.screen_text())
        await user.type("cities")
        await user.press("enter")
        await user.until(lambda: "Archived cities. z undoes it." in user.notes)
        await user.until(lambda: user.names == [])
        await user.press("z")
        await user.until(lambda: 'Undone: archived "cities".' in user.notes)
        await user.until(lambda: user.names == ["cities"])
    assert not azure.assets["cities"].properties["isArchived"]


async def test_what_is_archived_is_listed_and_brought_back(azure):
    azure.add("old", azure.path("tui/cities.csv"))
    azure.assets["old"].properties["isArchived"] = True
    azure.assets["old"].properties["description"] = "of 2020"
    async with at_the_screen((80, 24)) as user:
        assert user.names == ["cities"]
        await user.press("colon")
        await user.type("archived datasets")
        await user.press("enter")
        await user.until(lambda: "Archived, 1: enter brings back" in user.screen_text())
        assert "old  of 2020" in user.screen_text()
        await user.press("escape")
        assert azure.assets["old"].properties["isArchived"]
        await user.press("colon")
        await user.type("archived datasets")
        await user.press("enter")
        await user.until(lambda: "Archived, 1" in user.screen_text())
        await user.press("enter")
        await user.until(lambda: "Brought back old. D archives it again." in user.notes)
        await user.until(lambda: user.names == ["cities", "old"])
        assert user.main.dataset.name == "old"
        await user.press("colon")
        await user.type("archived datasets")
        await user.press("enter")
        await user.until(lambda: "Nothing is archived here." in user.notes)


@pytest.mark.parametrize("reached", [True, False], ids=["reached", "listed only"])
async def test_tags_are_edited_beside_the_description_and_taken_back(azure, reached):
    version = azure.assets["cities"].versions[0].properties
    version["tags"] = {"owner": "Ada", "long": "two\nlines"}
    async with at_the_screen((80, 24)) as user:
        await user.until(lambda: user.main.can)
        if not reached:  # as it is until the workspace has said what it can do
            user.main._list.can = None
        await user.press("e")
        await user.until(lambda: "owner=Ada" in user.screen_text())
        assert "Not shown and kept: 1 more." in user.screen_text()
        await user.type("of Europe")
        await user.press("tab", "end")
        await user.type("\nstate")
        await user.press("ctrl+s")
        await user.until(lambda: '"state" is no tag. Write KEY=VALUE.' in user.screen_text())
        await user.type("=new")
        await user.press("ctrl+s")
        await user.until(lambda: "Saved the description and the tags of cities" in user.notes)
        assert version["tags"] == {"owner": "Ada", "state": "new", "long": "two\nlines"}
        assert version["description"] == "of Europe"
        await user.press("z")
        await user.until(lambda: 'Undone: tagged "cities"' in user.notes)
        assert version["tags"] == {"owner": "Ada", "long": "two\nlines"}
        assert version["description"] == "of Europe"
        await user.press("z")
        await user.until(lambda: 'Undone: described "cities"' in user.notes)
        assert not version["description"]


async def test_an_archived_name_is_said_before_a_file_is_sent(azure, place):
    azure.add("old", azure.path("tui/cities.csv"))
    azure.assets["old"].properties["isArchived"] = True
    (place / "old.csv").write_bytes(CSV)
    async with at_the_screen() as user:
        await user.press("u")
        await user.until(lambda: "Upload a file" in user.screen_text())
        user.dialog.query_one("#path").value = "old.csv"
        await user.press("enter")
        await user.until(lambda: "GenericCSV" in user.screen_text())
        user.dialog.query_one("#name").value = "old"
        azure.asked.clear()
        await user.press("ctrl+s")
        await user.until(lambda: "The name is taken" in user.screen_text())
        assert "archived" in user.screen_text()
        assert not any("listSecrets" in one for one in azure.managed)
        await user.press("escape")
