"""Copies to a slow store that are paused and stopped by key: what is left there, what goes on."""

from __future__ import annotations

import asyncio

import pytest

from amltui.config.profiles import Profile, save
from amltui.transfers import Options
from amltui.workspaces.folder import store_writing
from tests.support.proxy import Fault
from tests.tui.conftest import at_the_screen
from tests.tui.test_carrying import copy_to
from tests.tui.test_transfers import CONTENT, large, states
from tests.workspaces.folder.test_unheard_uploads import bucket, proxy, uploads

__all__ = ["bucket", "large", "proxy"]

OPTIONS = Options(parts=2, part_size=5 << 20)
PART = 5 << 20


@pytest.fixture
def waters(place, bucket, proxy, monkeypatch):
    """What the bucket has below `to/`, where a profile leads; its store is reached by the proxy."""
    client, name = bucket
    monkeypatch.setenv("AWS_ENDPOINT", proxy.endpoint.rstrip("/"))
    save(Profile("waters", f"s3://{name}/to", write=True), None)
    save(Profile("shore", f"s3://{name}/from", write=True), None)

    def there():
        found = client.list_objects_v2(Bucket=name, Prefix="to/").get("Contents", ())
        return {one["Key"]: one["Size"] for one in found}

    return there


class Held:
    """Passes the first answers on; the others, which the store gives, when `go_on` is set."""

    def __init__(self, meant, free=0):
        self._meant = meant
        self._free = free
        self.asked = 0
        self.go_on = asyncio.Event()

    def __call__(self, request):
        if not self._meant(request):
            return None
        self.asked += 1
        return Fault(until=self.go_on) if self.asked > self._free else None


def part(request):
    return request.method == "PUT" and "partNumber" in request.target


async def begun(user, name):
    """Copy a dataset, as far as the first dialog asks."""
    await user.choose(name)
    await copy_to(user, "waters")
    await user.until(lambda: "go along" in user.screen_text())
    await user.press("enter")


@pytest.fixture
def object_of_parts(bucket, monkeypatch):
    """An object that the store copies in more steps than are under way at once."""
    monkeypatch.setattr(store_writing, "_COPIED", PART)
    client, name = bucket
    size = (store_writing._STEPS_AT_ONCE + 3) * PART - 5
    client.put_object(Bucket=name, Key="from/big.csv", Body=bytes(size))
    return size


@pytest.fixture(params=["cached", "streamed"])
def quota(request, monkeypatch):
    """A cache with room for the dataset, and one without."""
    if request.param == "streamed":
        monkeypatch.setenv("AMLTUI_CACHE_QUOTA", str(len(CONTENT)))


async def test_a_copy_that_the_store_makes_is_stopped_and_leaves_nothing(
    waters, bucket, proxy, object_of_parts
):
    async with at_the_screen(profile="shore") as user:
        proxy.rule = held = Held(part, free=1)
        await begun(user, "big.csv")
        await user.until(lambda: held.asked == store_writing._STEPS_AT_ONCE + 1)
        await user.until(lambda: "big.csv  shore → waters" in user.screen_text())
        assert user.main.transfers.rows[-1].done == PART
        await user.press("w", "end", "x")
        await user.until(lambda: states(user) == ["stopping"])
        held.go_on.set()
        await user.until(lambda: "Copied 0 of 1 dataset to waters. It was stopped" in user.notes)
        assert (waters(), uploads(bucket)) == ({}, [])
        assert not user.main.transfers.rows
        assert held.asked == store_writing._STEPS_AT_ONCE + 1  # no step was begun since


@pytest.mark.usefixtures("waters")
async def test_a_long_name_leaves_where_a_copy_goes_to_be_seen(bucket, proxy, object_of_parts):
    client, name = bucket
    long = f"{'measurements-' * 5}by-hour.csv"
    client.copy_object(Bucket=name, Key=f"from/{long}", CopySource=f"{name}/from/big.csv")
    async with at_the_screen(profile="shore", size=(80, 24)) as user:
        proxy.rule = held = Held(part, free=1)
        await begun(user, long)
        await user.until(lambda: held.asked > 1)
        await user.until(lambda: ".csv  shore → waters" in user.screen_text())
        assert " ↑ measure" in user.screen_text()
        held.go_on.set()
        await user.until(lambda: "Copied 1 dataset to waters." in user.notes)


async def test_a_copy_that_the_store_makes_is_paused_and_begins_again(
    waters, bucket, proxy, object_of_parts
):
    async with at_the_screen(profile="shore") as user:
        proxy.rule = held = Held(part, free=1)
        await begun(user, "big.csv")
        await user.until(lambda: held.asked > 1)
        await user.press("w", "end", "p")
        await user.until(lambda: states(user) == ["stopping"])
        held.go_on.set()
        await user.until(lambda: states(user) == ["paused"])
        assert "Paused. big.csv begins again when it goes on." in user.notes
        assert (waters(), uploads(bucket)) == ({}, [])
        await user.press("p")
        await user.until(lambda: "Copied 1 dataset to waters." in user.notes)
        assert (waters(), uploads(bucket)) == ({"to/big.csv": object_of_parts}, [])


async def test_a_copy_that_was_made_while_it_was_stopped_is_said_to_be_there(
    waters, bucket, proxy, object_of_parts
):
    async with at_the_screen(profile="shore") as user:
        ends = Held(lambda one: one.method == "POST" and "uploadId=" in one.target)
        proxy.rule = ends
        await begun(user, "big.csv")
        await user.until(lambda: ends.asked == 1)
        await user.press("w", "end", "x")
        await user.until(lambda: states(user) == ["stopping"])
        ends.go_on.set()
        await user.until(lambda: "Copied 1 dataset to waters." in user.notes)
        assert (waters(), uploads(bucket)) == ({"to/big.csv": object_of_parts}, [])


@pytest.mark.usefixtures("quota")
async def test_a_copy_by_way_of_this_machine_is_stopped_and_leaves_nothing(
    waters, bucket, proxy, large
):
    async with at_the_screen(options=OPTIONS) as user:
        proxy.rule = held = Held(part, free=1)
        await begun(user, large.name)
        await user.until(lambda: held.asked == 3)
        names = [row.name for row in user.main.transfers.rows]
        assert all(one.startswith("squares") and one.endswith(" → waters") for one in names)
        assert not any(row.path for row in user.main.transfers.rows)
        await user.press("w", "end", "x")
        held.go_on.set()
        await user.until(lambda: "Copied 0 of 1 dataset to waters. It was stopped" in user.notes)
        assert (waters(), uploads(bucket)) == ({}, [])


@pytest.mark.usefixtures("quota")
async def test_a_paused_copy_goes_on_with_what_was_sent(waters, bucket, proxy, large):
    async with at_the_screen(options=OPTIONS) as user:
        proxy.rule = held = Held(part, free=1)
        await begun(user, large.name)
        await user.until(lambda: held.asked == 3)
        await user.press("w", "end", "p")
        held.go_on.set()
        await user.until(lambda: states(user)[-1] == "paused")
        assert user.main.transfers.rows[-1].done >= PART
        sent = held.asked
        await user.press("p")
        await user.until(lambda: "Copied 1 dataset to waters." in user.notes)
        assert (waters(), uploads(bucket)) == ({f"to/{large.name}.csv": large.size}, [])
        assert held.asked == sent + 2  # of three parts one was acknowledged


@pytest.mark.usefixtures("quota")
@pytest.mark.parametrize("key", ["x", "p"])
async def test_a_copy_stays_paused_at_the_next_start_where_it_goes_on_or_is_stopped(
    waters, bucket, proxy, large, key
):
    async with at_the_screen(options=OPTIONS) as user:
        proxy.rule = held = Held(part, free=1)
        await begun(user, large.name)
        await user.until(lambda: held.asked == 3)
        await user.press("w", "end", "p")
        held.go_on.set()
        await user.until(lambda: states(user)[-1] == "paused")
        await user.press("q")
        await user.until(lambda: not user.app.is_running)
    async with at_the_screen(options=OPTIONS) as user:
        await user.until(lambda: f"Still paused: the copy of {large.name}" in user.notes)
        await user.until(lambda: states(user) == ["paused"])
        assert user.main.transfers.rows[0].done >= PART
        await user.press("w", key)
        await user.until(lambda: "Copied " in user.notes)
        assert waters() == ({f"to/{large.name}.csv": large.size} if key == "p" else {})
        assert uploads(bucket) == []
