"""What somebody meets who has read nothing: each command says what it took a word for."""

from __future__ import annotations

import pytest


@pytest.fixture
def known(amltui):
    (amltui.home / "towns.csv").write_text("id,temp\n1,2\n2,3\n")
    (amltui.home / "later.csv").write_text("id,temp\n1,2\n2,4\n")
    assert amltui("put", "towns.csv", "--name", "towns", "--exists", "skip").code in {0, 2}
    amltui("put", "towns.csv", "--name", "towns")
    return amltui


def test_sync_of_a_folder_of_this_disk_says_how_that_is_written(known):
    (known.home / "mine").mkdir()
    refused = known("sync", "mirror", "mine/")
    assert (refused.code, "is ./mine/" in refused.err) == (3, True)


def test_sync_makes_the_folder_that_it_is_told(known):
    refused = known("sync", "mirror", "towns", "--dry-run")
    assert (refused.code, "it is made" in refused.err) == (2, True)
    assert known("sync", "mirror", "towns").code == 0
    assert (known.home / "mirror/towns.csv").read_text() == "id,temp\n1,2\n2,3\n"
    assert known("sync", "later.csv", "towns").code == 2, "that is a file"


def test_diff_says_which_of_both_is_a_file(known):
    (known.home / "towns").write_text("id,temp\n1,2\n2,3\n")
    done = known("diff", "towns@1", "towns")
    assert (done.code, "towns is a file of this disk" in done.err) == (0, True)
    assert "is a file" not in known("diff", "towns.csv", "later.csv").err


def test_a_table_that_is_not_there_is_answered_with_what_the_rows_are_called(known):
    done = known("sql", "towns", "select avg(temp) from town")
    assert done.code == 2
    assert "The rows are the table data" in done.err
    assert "pg_" not in done.err


def test_a_copy_of_a_name_without_its_colon_is_answered_with_it(known):
    done = known("cp", "towns", "copy.csv")
    assert (done.code, ":towns" in done.err) == (3, True)


def test_a_check_that_finds_nothing_says_so(known):
    done = known("update", "towns", "later.csv", "--check")
    assert "stay as they are" in done.err


@pytest.mark.parametrize(
    ("shell", "place"),
    [
        ("bash", ".local/share/bash-completion/completions/amltui"),
        ("zsh", ".local/share/zsh/site-functions/_amltui"),
        ("fish", ".config/fish/completions/amltui.fish"),
        ("powershell", ".config/powershell/amltui.ps1"),
    ],
)
def test_completion_is_installed_where_the_shell_looks(alone, shell, place):
    for name in ("XDG_DATA_HOME", "XDG_CONFIG_HOME", "BASH_COMPLETION_USER_DIR"):
        alone.environment.pop(name, None)
    alone.environment["SHELL"] = "/usr/bin/dash"
    assert alone("completion", "install").code == 2
    done = alone("completion", "install", shell)
    assert (done.code, done.out) == (0, f"{alone.home / place}\n")
    assert (alone.home / place).read_text() == alone("completion", shell).out
    alone.environment["SHELL"] = f"/bin/{shell}"
    assert (alone("completion", "install").code == 0) == (shell != "powershell")
