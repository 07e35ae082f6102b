"""Naming a version of a dataset."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amltui.errors import NotFound, Unreachable, UsageError
from amltui.models import Dataset
from amltui.services.session import open_session
from amltui.services.versions import find_version, parse_which, pick
from tests.support.memory_workspace import MemoryWorkspace

DAY = timedelta(days=1)
START = datetime(2026, 11, 1, 12, tzinfo=UTC)


def made(count=5):
    """Versions of a dataset, newest first, one a day."""
    return tuple(
        Dataset(f"w.f.i{n}", "f", "Sales", "GenericCSV", created_date=START + n * DAY)
        for n in reversed(range(count))
    )


@pytest.mark.parametrize(
    ("which", "number"),
    [
        (1, 1),
        (5, 5),
        ("2", 2),
        ("latest", 5),
        (-1, 4),
        ("-4", 1),
        (START, 1),
        (START + DAY, 2),
        ("2026-11-03T23:00Z", 3),
        ("2027-01-01", 5),
        ("w.f.i2", 3),
    ],
)
def test_a_version_is_named_by_number_step_moment_or_id(which, number):
    assert pick(made(), which, "Sales").id == f"w.f.i{number - 1}"


def test_a_day_means_its_end_in_local_time(monkeypatch):
    latest = parse_which("2026-11-02")
    assert isinstance(latest, datetime)
    local = latest.astimezone()
    assert (local.day, local.hour, local.minute) == (2, 23, 59)


@pytest.mark.parametrize("which", [6, -5, "2026-10-01", "w.f.i9", datetime(1, 1, 1, tzinfo=UTC)])
def test_a_version_that_is_not_there_is_said_with_those_that_are(which):
    with pytest.raises(NotFound) as caught:
        pick(made(), which, "Sales")
    assert "versions 1 to 5, since 2026-11-01" in caught.value.hint


@pytest.mark.parametrize("which", [0, "0", "newest"])
def test_what_names_no_version_is_refused(which):
    with pytest.raises(UsageError):
        pick(made(), which, "Sales")


@given(st.text(max_size=20))
def test_no_text_is_a_crash(text):
    parse_which(text)


@given(st.integers(1, 30), st.data())
def test_counting_from_either_end_meets(count, data):
    versions = made(count)
    back = data.draw(st.integers(1, count)) - 1
    which = -back if back else "latest"
    assert pick(versions, which, "x") == pick(versions, count - back, "x")


async def put(workspace, name, data, replaces=None):
    upload = await workspace.begin_upload("PlainText", name=name)
    await workspace.send_part(upload, 0, data, total=1)
    return await workspace.dataset(await workspace.commit(upload, name=name, replaces=replaces))


async def found(workspace, text):
    async def connect():
        return workspace

    listing = await workspace.datasets()
    return (await find_version(text, listing.datasets, connect)).id


async def test_a_name_that_looks_like_a_version_is_found_first():
    workspace = MemoryWorkspace()
    first = await put(workspace, "a", b"1")
    second = await put(workspace, "a", b"2", replaces=first.key)
    assert await found(workspace, "a@1") == first.id
    literal = await put(workspace, "a@1", b"3")
    assert await found(workspace, "a@1") == literal.id
    assert await found(workspace, "a@1@1") == literal.id
    assert await found(workspace, "a@latest") == await found(workspace, "a") == second.id
    assert await found(workspace, first.id) == first.id
    assert await found(workspace, f"{second.id}@1") == first.id


async def test_what_is_none_of_these_comes_with_near_names():
    workspace = MemoryWorkspace()
    await put(workspace, "Sales", b"1")
    for text in ("Saless", "Saless@1", "w.f.i"):
        with pytest.raises(NotFound, match="No dataset is named"):
            await found(workspace, text)
    with pytest.raises(NotFound, match="No dataset") as caught:
        await found(workspace, "Sales@home")
    assert "Sales" in caught.value.hint


async def test_an_old_version_is_read_restored_and_the_restoring_undone(tmp_path):
    source, target = tmp_path / "v.csv", tmp_path / "out.csv"
    async with open_session() as session:
        source.write_bytes(b"a\n1\n")
        first = await session.upload(source, name="v", data_type_id="GenericCSV")
        source.write_bytes(b"a\n22\n")
        await session.update(first, source)
        for name in ("v@1", "v@-1", first.id):
            old = await session.find(name)
            assert (old.id, old.is_latest) == (first.id, False)
        await session.download(old, target)
        assert target.read_bytes() == b"a\n1\n"
        assert [one.number for one in await session.versions("v@1")] == [2, 1]
        assert all(one.dataset.sha256 for one in await session.versions("v"))
        with pytest.raises(UsageError, match="older version"):
            await session.find_to_change("v@1")
        await session.edits.restore(old)
        assert (await session.find("v")).size == 4
        with pytest.raises(UsageError, match="latest version"):
            await session.edits.restore(await session.find("v@latest"))
        await session.edits.undo()
        assert (await session.find("v")).size == 5
    async with open_session(offline=True) as session:
        assert (await session.find("v")).name == "v"
        with pytest.raises(Unreachable):
            await session.find("v@1")
        with pytest.raises(NotFound):
            await session.find("w.f.i")
