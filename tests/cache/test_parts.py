"""A part's log never promises bytes that are not there."""

from __future__ import annotations

import os
import stat

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amltui.cache import Identity, PartFile, Ranges, part_files
from amltui.errors import DiskFull, LocalError

DATA = bytes(range(256)) * 40
IDENTITY = Identity(size=len(DATA), etag='"one"')
CUT = st.tuples(st.integers(0, len(DATA)), st.integers(0, 3000))


@pytest.fixture
def base(tmp_path):
    return tmp_path / "raw"


def written(base, pieces, identity=IDENTITY):
    part = PartFile.create(base, identity)
    for start, length in pieces:
        part.write(start, DATA[start : start + length])
    return part


@given(st.lists(CUT, max_size=8), st.integers(0, 400), st.booleans())
def test_whatever_is_cut_off_the_log_what_it_still_says_is_true(
    tmp_path_factory, pieces, lost, synced
):
    base = tmp_path_factory.mktemp("part") / "raw"
    part = written(base, pieces)
    if synced:
        part.sync()
    part.close()
    log = part.log.read_bytes()
    part.log.write_bytes(log[: max(0, len(log) - lost)])
    again = PartFile.load(base)
    if again is None:
        assert lost > 0
        return
    for start, stop in again.held:
        assert again.read(start, stop) == DATA[start:stop]
    if not lost:
        assert again.held == part.held
    again.write(0, DATA)
    again.close()
    assert PartFile.peek(base).held == Ranges([(0, len(DATA))])


@given(st.binary(max_size=300), st.integers(0, 300))
def test_rubbish_in_the_log_is_skipped(tmp_path_factory, rubbish, at):
    base = tmp_path_factory.mktemp("part") / "raw"
    part = written(base, [(0, 10), (20, 30)])
    part.close()
    log = part.log.read_bytes()
    part.log.write_bytes(log[:at] + rubbish + log[at:])
    again = PartFile.peek(base)
    if again is not None:
        assert all(start in {0, 20} and stop in {10, 50} for start, stop in again.held)


def test_after_a_reboot_only_what_was_flushed_counts(base, monkeypatch):
    part = written(base, [(0, 100)])
    part.sync()
    part.write(100, DATA[100:200])
    part.close()
    assert PartFile.peek(base).held == Ranges([(0, 200)])
    monkeypatch.setattr(part_files, "boot_id", lambda: "another")
    assert PartFile.peek(base).held == Ranges([(0, 100)])
    monkeypatch.setattr(part_files, "boot_id", lambda: "")
    assert PartFile.peek(base).held == Ranges([(0, 100)])


def test_a_file_that_was_cut_behind_our_back_does_not_count(base):
    part = written(base, [(0, 100), (500, 100)])
    part.close()
    os.truncate(part.path, 300)
    assert PartFile.peek(base).held == Ranges([(0, 100)])


def test_another_content_begins_anew(base):
    written(base, [(0, 100)]).close()
    other = PartFile.create(base, Identity(size=5, etag='"two"'))
    other.close()
    assert PartFile.peek(base).held == Ranges()
    assert len(list(base.parent.iterdir())) == 2


def test_two_writers_without_a_lock_make_one_true_file(base):
    one = written(base, [(0, 4000)])
    two = PartFile.load(base)
    one.write(4000, DATA[4000:8000])
    two.write(6000, DATA[6000:])
    two.write(4000, DATA[4000:6000])
    one.write(8000, DATA[8000:])
    one.finish(base)
    two.finish(base)
    one.close()
    two.close()
    assert base.read_bytes() == DATA
    assert [path.name for path in base.parent.iterdir()] == ["raw"]


def test_files_are_private(base):
    part = written(base, [(0, 10)])
    part.close()
    for path in (part.path, part.log):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_full_disk_is_said_and_what_was_written_counts(base):
    resource = pytest.importorskip("resource")
    part = PartFile.create(base, IDENTITY)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (5000, before[1]))
    try:
        with pytest.raises(DiskFull):
            part.write(0, memoryview(DATA))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    part.close()
    held = PartFile.peek(base).held
    assert held.total == 5000
    assert part.path.read_bytes()[: held.total] == DATA[: held.total]


def test_a_directory_that_is_gone_is_a_local_error(tmp_path):
    with pytest.raises(LocalError):
        PartFile.create(tmp_path / "gone" / "raw", IDENTITY)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (Identity(etag="a"), Identity(etag="a"), True),
        (Identity(etag="a"), Identity(etag="b"), False),
        (Identity(etag="a", size=1), Identity(etag="a", size=2), False),
        (Identity(size=1), Identity(size=1), False),
        (Identity(sha256="x"), Identity(sha256="x", etag="a"), True),
        (Identity(sha256="x", etag="a"), Identity(sha256="y", etag="a"), False),
        (Identity(etag="a", md5="m"), Identity(etag="a"), True),
        (Identity(), Identity(etag="a"), False),
    ],
)
def test_contents_are_the_same_only_when_something_proves_it(one, other, same):
    assert one.same(other) is same
    assert other.same(one) is same
