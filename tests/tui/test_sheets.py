"""Choosing in the terminal program which table of a database is shown."""

from __future__ import annotations

import sqlite3

from amltui.services.session import open_session
from tests.tui.conftest import at_the_screen


async def put(place, name):
    path = place / name
    database = sqlite3.connect(path)
    database.execute("create table first (a)")
    database.execute("create table second as select 7 as b")
    database.commit()
    database.close()
    async with open_session() as session:
        await session.upload(path, name=name, data_type_id="Zip")


async def test_a_sheet_is_chosen_by_key_remembered_and_the_first_taken_back(place):
    await put(place, "shop.sqlite")
    async with at_the_screen() as user:
        await user.choose("shop.sqlite")
        await user.press("enter")
        await user.until(lambda: "first sheet (X)" in user.screen_text())
        await user.press("X")
        await user.until(lambda: "Sheets of shop.sqlite" in user.screen_text())
        await user.press("2")
        rows = user.main.preview
        await user.until(lambda: [column.name for column in rows.rows.columns] == ["b"])
        await user.until(lambda: "sheet second" in user.screen_text())
    async with at_the_screen() as user:
        await user.choose("shop.sqlite")
        await user.press("enter")
        rows = user.main.preview
        await user.until(lambda: rows.rows and rows.rows.columns[0].name == "b")
        await user.press("X")
        await user.until(lambda: "shown now" in user.screen_text())
        await user.press("1")
        await user.until(lambda: [column.name for column in rows.rows.columns] == ["a"])


async def test_a_remembered_sheet_that_is_gone_is_not_missed(place):
    await put(place, "other.sqlite")
    async with open_session() as session:
        [dataset] = [
            one for one in (await session.current_list()).datasets if one.name == "other.sqlite"
        ]
        session.previews.remember_sheet(dataset, "gone")
        preview = await session.previews.open(dataset)
        assert [column.name for column in preview.rows.columns] == ["a"]
        preview.close()
