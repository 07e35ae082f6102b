import os

import pytest

from amltui.tui.path_completion import complete, file_problem, free_name, full_path


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").mkdir()
    for name in ("data/flights-2013.csv", "data/flights-2014.csv", "data/.hidden", "notes.txt"):
        (tmp_path / name).write_text("x")
    return tmp_path


def test_a_path_completes_as_far_as_all_entries_agree(folder):
    assert complete("da").completion == "data/"
    assert complete("data/fl").completion == "data/flights-201"
    assert complete("data/flights-2013").completion == "data/flights-2013.csv"
    assert complete(f"{folder}/no").completion == f"{folder}/notes.txt"


def test_nothing_to_complete_leaves_what_was_typed(folder):
    assert complete("zzz").completion == "zzz"
    assert complete("zzz/x").problem


def test_folders_come_first_and_hidden_files_only_when_their_dot_is_typed(folder):
    assert [entry.name for entry in complete("").entries] == ["data", "notes.txt"]
    assert [entry.name for entry in complete("data/.").entries] == [".hidden"]


def test_what_cannot_be_sent_is_said(folder):
    assert file_problem("notes.txt") == ""
    assert "folder" in file_problem("data")
    assert "no such file" in file_problem("missing.csv")
    assert "path" in file_problem("  ")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permission_is_said_to_be_one(folder):
    (folder / "notes.txt").chmod(0)
    assert "permission" in file_problem("notes.txt")


def test_a_home_sign_is_understood(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "mine.csv").write_text("x")
    assert full_path("~/mine.csv") == tmp_path / "mine.csv"
    assert complete("~/mi").completion == "~/mine.csv"


def test_a_free_name_counts_up_before_the_extension(folder):
    assert free_name(folder / "new.csv").name == "new.csv"
    assert free_name(folder / "notes.txt").name == "notes-2.txt"
    (folder / "notes-2.txt").write_text("x")
    assert free_name(folder / "notes.txt").name == "notes-3.txt"


def test_a_tilde_before_the_name_of_nobody_is_a_part_of_a_file_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert full_path("~nobody-at-all/x") == tmp_path / "~nobody-at-all/x"
    assert complete("~nobody-at-all/").problem
