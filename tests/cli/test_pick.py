"""`amltui pick` on a terminal of its own, its standard output captured as a shell does."""

from __future__ import annotations

from pathlib import Path

from tests.cli.terminal import Terminal


def test_the_path_of_what_is_chosen_is_the_only_output(amltui):
    [iris] = [one for one in amltui("ls", "--json").json if one["name"] == "Iris"]
    terminal = Terminal(amltui, "pick", capture=True)
    terminal.wait_for(b"Datasets")
    terminal.type(b"/iris")
    terminal.wait_for(b"1 of")
    out = terminal.end(b"\r")
    assert terminal.process.returncode == 0
    path = out.decode().removesuffix("\n")
    assert "\x1b" not in path
    assert Path(path).stat().st_size == iris["size"]


def test_without_a_terminal_it_says_what_to_do_instead(amltui):
    done = amltui("pick")
    assert (done.code, done.out) == (2, "")
    assert "amltui get" in done.err


def test_leaving_chooses_nothing(amltui):
    first = amltui("ls", "--json").json[0]
    terminal = Terminal(amltui, "pick", capture=True)
    terminal.wait_for(first["name"][:8].encode())
    terminal.type(b"q")
    assert terminal.end() == b""
    assert terminal.process.returncode == 130
