"""Files that appear whole: what readers see meanwhile, what failures leave, who wins a name."""

from __future__ import annotations

import errno
import os
import signal
import stat
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from amltui.disk import (
    alone,
    give_name,
    is_locked,
    lock,
    rename_new,
    whole_file,
    write_whole,
)


def test_a_reader_sees_the_old_file_or_the_new_one(tmp_path):
    path, texts = tmp_path / "file", [letter * 300_000 for letter in (b"a", b"b")]
    write_whole(path, texts[0])
    stop = threading.Event()

    def write():
        for turn in range(100):
            write_whole(path, texts[turn % 2])
        stop.set()

    with ThreadPoolExecutor() as pool:
        writing = pool.submit(write)
        while not stop.is_set():
            assert path.read_bytes() in texts
        writing.result()
    assert [one.name for one in tmp_path.iterdir()] == ["file"]


def test_a_file_is_for_its_user_only_unless_another_mode_is_given(tmp_path):
    before = os.umask(0o022)
    try:
        write_whole(tmp_path / "private", b"x", sync=True)
        with whole_file(tmp_path / "usual", mode=0o666) as file:
            file.write(b"x")
    finally:
        os.umask(before)
    modes = {one.name: stat.S_IMODE(one.stat().st_mode) for one in tmp_path.iterdir()}
    assert modes == {"private": 0o600, "usual": 0o644}


def test_what_fails_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "file"
    write_whole(path, b"old")

    def write():
        with whole_file(path) as file:
            file.write(b"half of the n")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        write()
    assert path.read_bytes() == b"old"
    assert [one.name for one in tmp_path.iterdir()] == ["file"]


def test_a_writer_that_is_killed_leaves_the_old_file(tmp_path):
    path = tmp_path / "file"
    write_whole(path, b"old")
    code = (
        "import sys, time\nfrom pathlib import Path\nfrom amltui.disk import whole_file\n"
        "with whole_file(Path(sys.argv[1])) as file:\n"
        "    file.write(b'new'); file.flush(); print('written', flush=True); time.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, "-c", code, path], stdout=subprocess.PIPE) as writer:
        assert writer.stdout.readline() == b"written\n"
        writer.send_signal(signal.SIGKILL)
    assert path.read_bytes() == b"old"


def test_the_longest_name_that_a_file_can_have_can_be_written(tmp_path):
    path = tmp_path / ("n" * 255)
    write_whole(path, b"x")
    assert path.read_bytes() == b"x"


@pytest.mark.parametrize("links", [True, False])
def test_of_many_who_want_one_new_name_exactly_one_gets_it(tmp_path, monkeypatch, links):
    if not links:  # as on FAT

        def refuse(*_):
            raise OSError(errno.EPERM, "no links here")

        monkeypatch.setattr(os, "link", refuse)
    for turn in range(20):
        sources = [tmp_path / f"{turn}-{number}" for number in range(4)]
        for source in sources:
            source.write_bytes(source.name.encode())
        target, start = tmp_path / f"target-{turn}", threading.Barrier(len(sources))

        def take(source, target=target, start=start):
            start.wait()
            try:
                rename_new(source, target)
            except FileExistsError:
                return None
            return source.name

        with ThreadPoolExecutor(len(sources)) as pool:
            won = [name for name in pool.map(take, sources) if name is not None]
        assert [target.read_text()] == won
        assert sum(source.exists() for source in sources) == len(sources) - 1


def test_a_name_that_is_taken_is_not_replaced_unless_that_is_wanted(tmp_path):
    new, taken = tmp_path / "new", tmp_path / "taken"
    new.write_bytes(b"new")
    taken.write_bytes(b"old")
    with pytest.raises(FileExistsError):
        give_name(new, taken, replace=False)
    assert (new.read_bytes(), taken.read_bytes()) == (b"new", b"old")
    give_name(new, taken)
    assert taken.read_bytes() == b"new"


def test_of_two_who_change_a_directory_the_one_that_waits_in_vain_is_told(tmp_path):
    directory = tmp_path / "made"
    with alone(directory) as first, alone(directory, 0) as second:
        assert (first, second) == (True, False)
    with alone(directory) as third:
        assert third
    assert list(directory.iterdir()) == []


def test_a_file_is_locked_until_whoever_locked_it_closes_it_or_is_gone(tmp_path):
    path = tmp_path / "held"
    assert is_locked(path)  # it may be about to be made
    with path.open("wb") as file:
        assert lock(file.fileno())
        assert is_locked(path)
    assert not is_locked(path)
