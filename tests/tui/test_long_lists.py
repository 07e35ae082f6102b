"""A list that comes in pages is on the screen with the first of them."""

from __future__ import annotations

import asyncio
import subprocess
import sys

import obstore
from obstore.store import AzureStore

from amltui.tui.screens import browsing
from amltui.tui.widgets.datasets import DatasetsPane
from tests.support.azure import MANAGER, PATH, Reply
from tests.support.services import ACCOUNT, KEY
from tests.tui.conftest import at_the_screen


async def cloud(azure_cloud, monkeypatch):
    """A profile of the tests' Azure, in force; what it holds."""
    for name in ("ENDPOINT", "WORKSPACE_ID", "TOKEN"):
        monkeypatch.delenv(f"AMLTUI_{name}")
    for name, value in azure_cloud.environment.items():
        monkeypatch.setenv(name, value)
    azure = azure_cloud.emptied()
    added = ["profile", "add", "cloud", "--azure", PATH, "--cloud", MANAGER, "--use"]
    command = [sys.executable, "-m", "amltui", *added]
    await asyncio.to_thread(subprocess.run, command, check=True, capture_output=True)
    return azure


async def test_the_first_assets_are_on_the_screen_before_the_second_page(
    azure_cloud, place, monkeypatch
):
    azure = await cloud(azure_cloud, monkeypatch)
    for number in range(5_000):
        azure.add(f"asset-{number:04}", azure.path("x.csv"))
    azure.stall_after(1)
    monkeypatch.setattr(browsing, "PAUSE", 60.0)  # no dataset is asked for
    try:
        async with at_the_screen() as driver:
            assert driver.names == [f"asset-{number:04}" for number in range(100)]
            assert "(100 so far)" in driver.screen_text()
            assert azure.listed <= 2
            await driver.press("down", "down")
            azure.stalled.set()
            await driver.until(lambda: len(driver.names) == 5_000)
            await driver.until(lambda: "(5,000)" in driver.screen_text())
            assert driver.main.dataset.name == "asset-0002"
        azure.stalled.clear()
        azure.stall_after(0)
        async with at_the_screen() as driver:  # the second time the list is on this disk
            assert len(driver.names) == 5_000
            assert "so far" not in driver.screen_text()
            azure.stalled.set()
    finally:
        azure.stalled.set()


async def test_what_a_list_does_not_say_is_asked_where_the_cursor_rests_and_remembered(
    azure_cloud, place, monkeypatch
):
    azure = await cloud(azure_cloud, monkeypatch)
    store = AzureStore(
        azure.container,
        account_name=ACCOUNT,
        account_key=KEY,
        endpoint=f"https://{ACCOUNT}.blob.core.local",
    )
    obstore.put(store, "rests/x.csv", b"city,n\nOslo,1\n")
    for name in ("first", "second"):
        azure.add(name, azure.path("rests/x.csv"))
    async with at_the_screen() as driver:
        await driver.until(lambda: "Oslo" in driver.screen_text())
        first = driver.main.query_one(DatasetsPane).list.rows[0]
        assert (first.size, first.data_type_id) == (14, "GenericCSV")
        await driver.until(lambda: driver.main.query_one(DatasetsPane).list.rows[1].size == 14)
        await driver.main.reload()
        assert driver.main.query_one(DatasetsPane).list.rows[0].size == 14
    before = len([one for one in azure.asked if one.path.endswith("/versions/1")])
    async with at_the_screen() as driver:  # the second time this disk knows
        assert driver.main.query_one(DatasetsPane).list.rows[0].size == 14
        await driver.until(lambda: "Oslo" in driver.screen_text())
    assert len([one for one in azure.asked if one.path.endswith("/versions/1")]) == before


async def test_of_5000_versions_the_newest_are_shown_at_once_and_older_ones_on_the_way_down(
    azure_cloud, place, monkeypatch
):
    azure = await cloud(azure_cloud, monkeypatch)
    azure.add_many("sales", azure.path("x.csv"), 5_000)
    monkeypatch.setattr(browsing, "PAUSE", 60.0)  # no other dataset is asked for
    monkeypatch.setattr(browsing, "TYPING", 60.0)
    async with at_the_screen() as driver:
        await driver.until(lambda: driver.names == ["sales"])
        # The first dataset's rows are asked for at once, and are not there.
        await driver.until(lambda: "points at x.csv" in driver.screen_text())
        azure.asked.clear()
        await driver.press("V")
        await driver.until(lambda: "the newest 100" in driver.screen_text())
        assert azure.managed == ["GET /data/sales", "GET /data/sales/versions"]
        assert "latest" in driver.screen_text()
        azure.rule = lambda asked: Reply(503) if "skipToken" in str(asked.query) else None
        await driver.press("end")
        await driver.until(lambda: "listing the versions" in driver.notes)
        assert "the newest 100" in driver.screen_text()
        azure.rule = lambda _: None
        await driver.press("up")
        await driver.until(lambda: "the newest 200" in driver.screen_text())
        await driver.press("c")
        await driver.until(lambda: "Versions of" not in driver.screen_text())
