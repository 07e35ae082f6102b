"""The cache on a real disk: quota, pins, snapshots, other processes."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
import time
from datetime import UTC, datetime

import pytest

from amltui.cache import Cache, EntryBusy, Identity, PartFile
from amltui.errors import DiskFull
from amltui.models import Dataset, Listing, Location, OutputPort
from tests.support.proxy import ROOT

KIB = 1024
SECRET = "?sig=very-secret"


def dataset(name, **more):
    return Dataset(id=f"w.{name}.i", family_id=name, name=name, data_type_id="GenericCSV", **more)


def keep(cache, name, size, *, used=None):
    """An entry with a whole content of `size` bytes."""
    source = dataset(name)
    entry = cache.entry("w", source)
    with entry.locked():
        entry.begin(source)
        part = PartFile.create(entry.raw, Identity(size=size, etag='"e"'))
        part.write(0, os.urandom(size))
        part.finish(entry.raw)
        part.close()
    if used is not None:
        os.utime(entry.directory, (used, used))
    return entry


@pytest.fixture
def cache(tmp_path):
    with Cache(tmp_path / "cache", quota=1000 * KIB) as one:
        yield one


def test_nothing_is_written_before_the_first_use(tmp_path):
    Cache(tmp_path / "cache").close()
    assert not (tmp_path / "cache").exists()


def test_directories_and_files_are_private_and_tagged(cache):
    entry = keep(cache, "a", 10)
    entry.pin()
    cache.info()
    for path in [cache.directory, *cache.directory.rglob("*")]:
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path
    tag = (cache.directory / "CACHEDIR.TAG").read_text()
    assert tag.startswith("Signature: 8a477f597d28d172789f06886806bc55")


def test_the_least_recently_used_goes_first_and_pins_stay(cache):
    now = time.time() - 1000
    pinned = keep(cache, "pinned", 300 * KIB, used=now)
    pinned.pin()
    os.utime(pinned.directory, (now, now))
    old = keep(cache, "old", 300 * KIB, used=now + 1)
    new = keep(cache, "new", 300 * KIB, used=now + 2)
    cache.make_room(300 * KIB)
    assert [pinned.whole, old.whole, new.whole] == [True, False, True]
    with pytest.raises(DiskFull):
        cache.make_room(900 * KIB)
    assert [pinned.whole, new.whole] == [True, True]


def test_what_is_in_use_or_being_filled_is_not_evicted(cache):
    used, filled = keep(cache, "used", 400 * KIB), keep(cache, "filled", 400 * KIB)
    with cache.using(used), pytest.raises(DiskFull):
        cache.make_room(900 * KIB)
    with filled.locked():
        cache.make_room(900 * KIB)
    assert [used.whole, filled.whole] == [False, True]


def test_an_open_file_stays_readable_after_eviction(cache):
    entry = keep(cache, "a", 100 * KIB)
    with entry.raw.open("rb") as file:
        assert cache.remove(entry)
        assert len(file.read()) == 100 * KIB


def test_info_counts_bytes_on_the_disk_and_notices_every_change(cache):
    entry = keep(cache, "a", 100 * KIB)
    info = cache.info()
    assert (info.entries, info.whole, info.partial, info.pinned) == (1, 1, 0, 0)
    assert 100 * KIB <= info.size < 120 * KIB
    entry.table.mkdir()
    (entry.table / "rows").write_bytes(os.urandom(200 * KIB))
    entry.touch()
    assert cache.info().size >= 300 * KIB
    entry.pin()
    assert cache.info().pinned == 1
    source = dataset("b")
    cache.entry("w", source).begin(source)
    part = PartFile.create(cache.entry("w", source).raw, Identity(size=10**9, etag='"x"'))
    part.write(10**8, b"far behind")
    part.close()
    info = cache.info()
    assert info.partial == 1
    assert info.size < 400 * KIB
    assert cache.clear() > 0
    assert cache.info().entries == 0


def test_the_index_may_be_lost_or_rubbish(cache):
    keep(cache, "a", 10, used=time.time() - 100)
    before = cache.entries()
    (cache.root / "index.json").write_bytes(b"{rubbish")
    assert cache.entries() == before
    (cache.root / "index.json").unlink()
    assert cache.entries() == before


def test_prune_removes_what_was_long_unused(cache):
    keep(cache, "old", 10, used=time.time() - 10 * 86_400)
    new = keep(cache, "new", 10)
    assert cache.prune(unused_days=5) > 0
    assert [one.name for one in cache.entries()] == ["new"]
    assert new.whole


def test_a_content_that_came_whole_is_read_again_only_where_somebody_wrote_to_it(cache):
    import hashlib

    import msgspec

    entry = keep(cache, "a", 1000)
    digest = hashlib.sha256(entry.raw.read_bytes()).hexdigest()
    identity, came = Identity(size=1000, sha256=digest), datetime.now(UTC)
    entry.write_card(msgspec.structs.replace(entry.card, identity=identity, fetched=came))
    before = entry.raw.stat()
    with entry.raw.open("r+b") as file:
        file.write(b"rot")
    os.utime(entry.raw, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert entry.check_once() == "good"
    os.utime(entry.raw)
    assert entry.check_once() == "damaged"
    assert not entry.whole


def test_verify_finds_a_damaged_content_and_drops_it(cache):
    import hashlib

    import msgspec

    good, bad = keep(cache, "good", 1000), keep(cache, "bad", 1000)
    for entry in (good, bad):
        digest = hashlib.sha256(entry.raw.read_bytes()).hexdigest()
        identity = Identity(size=1000, sha256=digest)
        entry.write_card(msgspec.structs.replace(entry.card, identity=identity))
    with bad.raw.open("r+b") as file:
        file.write(b"rot")
    keep(cache, "unknown", 1000)
    states = {one.entry.name: one.state for one in cache.verify()}
    assert states == {"good": "good", "bad": "damaged", "unknown": "unknown"}
    assert [good.whole, bad.whole] == [True, False]


def test_an_older_layout_is_cleared_and_a_newer_one_left(tmp_path):
    for name in ("v0", "v99", "transfers"):
        (tmp_path / "cache" / name).mkdir(parents=True)
    with Cache(tmp_path / "cache") as cache:
        cache.info()
    left = sorted(path.name for path in (tmp_path / "cache").iterdir() if path.is_dir())
    assert left == ["transfers", "v1", "v99"]


def test_a_list_is_kept_without_its_links(cache):
    place = Location(base_uri="http://host/", location="c/key", access_credential=SECRET, size=5)
    one = dataset(
        "a", download_location=place, visualize_end_point=place, schema_end_point=place, size=5
    )
    cache.save_listing("w", Listing((one,), '"etag"'))
    snapshot = cache.load_listing("w")
    assert snapshot.listing.etag == '"etag"'
    assert snapshot.listing.datasets[0].name == "a"
    assert snapshot.listing.datasets[0].size == 5
    assert cache.load_listing("other") is None
    entry = cache.entry("w", one)
    entry.begin(one)
    for path in cache.directory.rglob("*"):
        assert not path.is_file() or SECRET.encode() not in path.read_bytes()
    for path in (cache.root / "workspaces").iterdir():
        path.write_bytes(b"{")
    assert cache.load_listing("w") is None


def test_workspaces_and_outputs_do_not_share_entries(cache):
    port = OutputPort("w.f-id.1", "node", "Results dataset", "GenericCSV")
    entries = [
        cache.entry("w", dataset("a")),
        cache.entry("v", dataset("a")),
        cache.entry("w", port),
    ]
    assert len({entry.directory for entry in entries}) == 3


def test_an_entry_that_another_process_fills_is_busy_until_that_process_is_killed(cache):
    entry = keep(cache, "a", 10)
    script = (
        "import sys, time; from pathlib import Path; from amltui.cache import Cache\n"
        "cache = Cache(Path(sys.argv[1]))\n"
        "with cache.entry('w', 'w.a.i').locked(): print(flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, cache.directory],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        process.stdout.readline()
        with pytest.raises(EntryBusy), entry.locked():
            pass
        assert not cache.remove(entry)
        process.kill()
    with entry.locked() as alone:
        assert alone


def test_a_directory_that_cannot_be_written_is_replaced_until_close(tmp_path):
    (tmp_path / "file").touch()
    with Cache(tmp_path / "file" / "below") as cache:
        info = cache.info()
        assert "Working without a cache" in info.problem
        keep(cache, "a", 10)
        directory = cache.directory
    assert not directory.exists()


def test_a_cache_deleted_under_us_is_no_error_but_empty(cache):
    keep(cache, "a", 10)
    shutil.rmtree(cache.directory)
    assert cache.entries() == []
    assert cache.load_listing("w") is None
    cache.save_listing("w", Listing(()))
