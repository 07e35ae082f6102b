"""The terminal program line by line."""

from __future__ import annotations

from tests.cli.terminal import Terminal


def test_datasets_are_listed_chosen_and_read_by_lines(alone):
    done = alone("--plain", data="/iris\n1\n\nsql . 'select count(*) as n from data'\nq\n")
    assert (done.code, done.err) == (0, "")
    lines = done.out.splitlines()
    assert "5 datasets." in lines
    assert any(line.startswith("> 1 of 5 datasets.") for line in lines)
    assert any("Row 1: sepal_length 5.1; sepal_width 3.5" in line for line in lines)
    assert any("Row 11: sepal_length 5.4" in line for line in lines)
    assert "150" in done.out
    assert "\x1b" not in done.out


def test_a_number_that_is_not_there_and_a_dot_without_a_dataset_are_said(alone):
    done = alone("--plain", data="99\nget .\nno-such-command\n")
    assert done.code == 0
    assert "No dataset has the number 99: there are 5." in done.out
    assert "No dataset is chosen" in done.out
    assert "That failed with code 2." in done.out


def test_a_dot_alone_tells_what_it_stands_for(alone):
    done = alone("--plain", data=".\n/iris\n1\n.\nq\n")
    assert "No dataset is chosen: its number chooses one." in done.out
    assert "A dot in a command is Iris" in done.out
    assert "failed" not in done.out
    assert done.err == ""


def test_a_dumb_terminal_gets_it_unasked_and_is_told(alone):
    terminal = Terminal(alone, term="dumb")
    terminal.wait_for(b"TERM is dumb")
    terminal.wait_for(b"5 datasets.")
    terminal.wait_for(b"> ")
    terminal.type(b"q\n")
    terminal.end()
    assert terminal.process.returncode == 0


def test_a_folder_is_read_by_lines(amltui, tmp_path):
    (tmp_path / "own.csv").write_text("n,word\n1,\n2,b\n")
    done = amltui("--plain", "--at", str(tmp_path), data="1\nstats .\nq\n")
    assert "Row 1: n 1; word missing" in done.out
    assert "These are all rows." in done.out
    assert "failed" not in done.out
