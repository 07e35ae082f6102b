"""The cache by command: without a network, on a full disk, with a quota and pins of one's own."""

from __future__ import annotations

import os
import subprocess
import uuid

import pytest

CSV = b"name,count\nlove,1\n"


@pytest.fixture
def dataset(amltui):
    """A dataset of a name of its own with `CSV` in it."""
    name = f"cache-{uuid.uuid4().hex[:8]}"
    (amltui.home / "file.csv").write_bytes(CSV)
    assert amltui("put", "file.csv", "--name", name).code == 0
    return name


@pytest.fixture
def small_disk(tmp_path):
    """A disk of 2 MiB."""
    place = tmp_path / "small"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", place]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("only root can mount a small disk")
    yield place
    subprocess.run(["umount", "-l", place], check=True)


def test_a_folder_whose_disk_is_full_gets_the_room_of_a_failed_upload_back(amltui, small_disk):
    (amltui.home / "large.csv").write_bytes(b"a\n" + b"1234567\n" * 400_000)
    (amltui.home / "small.csv").write_bytes(b"a\n" * 100_000)
    assert amltui("profile", "add", "full", "--url", small_disk, "--write").code == 0
    for failed in (
        amltui("cp", "large.csv", f"{small_disk}/"),
        amltui("put", "large.csv", "--profile", "full"),
    ):
        assert (failed.code, "No space left" in failed.err) == (1, True), failed.err
        assert "is kept" not in failed.err
        assert list(small_disk.iterdir()) == []
    assert amltui("cp", "small.csv", f"{small_disk}/").code == 0


def test_what_is_wholly_cached_is_got_without_a_network(amltui, dataset):
    assert amltui("ls").code == 0
    refused = amltui("get", dataset, "-o", "out.csv", "--offline")
    assert amltui("get", dataset, "-o", "-").code == 0
    done = amltui("get", dataset, "-o", "out.csv", "--offline")
    assert (done.code, done.out) == (0, "out.csv\n")
    assert "SHA-256 verified" in done.err
    assert (amltui.home / "out.csv").read_bytes() == CSV
    assert amltui("get", dataset, "-o", "out.csv", "--offline").code == 5
    assert amltui("get", dataset, "-o", "-", "--offline").out.encode() == CSV
    assert refused.code == 6
    assert "Leave out --offline" in refused.err


@pytest.mark.parametrize("filled", [False, True], ids=["nearly full", "full"])
def test_a_full_disk_keeps_nobody_from_reading(amltui, dataset, small_disk, filled):
    amltui.environment["AMLTUI_CACHE_DIR"] = str(small_disk / "cache")
    assert amltui("ls").code == 0
    if filled:
        with (small_disk / "full").open("wb", buffering=0) as file:
            try:
                while True:
                    file.write(bytes(4096))
            except OSError:
                pass
    assert amltui("get", dataset, "-o", "-").out.encode() == CSV
    assert amltui("get", dataset, "-o", "here.csv").code == 0
    assert amltui("head", dataset, "--format", "csv").out.encode() == CSV
    assert amltui("sql", dataset, "select count(*) from data").code == 0
    assert "free: little or nothing" in amltui("doctor", "--offline").out


def test_the_quota_is_a_setting(amltui, dataset):
    (amltui.home / "config").mkdir()
    settings = amltui.home / "config" / "config.toml"
    settings.write_text('cache_quota = "20 GiB"\n')
    assert amltui("cache", "info", "--json").json["quota"] == 20 * 1024**3
    amltui.environment["AMLTUI_CACHE_QUOTA"] = "1.5 MB"
    assert amltui("cache", "info", "--json").json["quota"] == 1_500_000
    amltui.environment["AMLTUI_CACHE_QUOTA"] = "much"
    done = amltui("get", dataset, "-o", "-")
    assert done.code == 2
    assert "20 GiB" in done.err


def test_what_is_pinned_is_not_evicted_until_it_is_unpinned(amltui, dataset):
    assert amltui("cache", "pin", dataset).code == 3
    assert amltui("get", dataset, "-o", "-").code == 0
    assert amltui("cache", "pin", dataset).code == 0
    amltui.environment["AMLTUI_CACHE_QUOTA"] = "1"
    assert amltui("cache", "prune").code == 0
    [entry] = amltui("cache", "list", "--json").json
    assert (entry["name"], entry["pinned"]) == (dataset, True)
    assert amltui("cache", "unpin", dataset).code == 0
    assert amltui("cache", "prune").code == 0
    assert amltui("cache", "list", "--json").json == []
