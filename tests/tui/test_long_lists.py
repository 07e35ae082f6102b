"""A list that comes in pages is on the screen with the first of them."""

from __future__ import annotations

import asyncio
import subprocess
import sys

from tests.support.azure import MANAGER, PATH
from tests.tui.conftest import at_the_screen


async def test_the_first_assets_are_on_the_screen_before_the_second_page(
    azure_cloud, place, monkeypatch
):
    for name in ("ENDPOINT", "WORKSPACE_ID", "TOKEN"):
        monkeypatch.delenv(f"AMLTUI_{name}")
    for name, value in azure_cloud.environment.items():
        monkeypatch.setenv(name, value)
    azure = azure_cloud.emptied()
    for number in range(5_000):
        azure.add(f"asset-{number:04}", azure.path("x.csv"))
    added = ["profile", "add", "cloud", "--azure", PATH, "--cloud", MANAGER, "--use"]
    command = [sys.executable, "-m", "amltui", *added]
    await asyncio.to_thread(subprocess.run, command, check=True, capture_output=True)
    azure.stall_after(1)
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
