"""What is said of arguments that make no sense, to people and to programs; and how help looks."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from amltui import help as documentation
from amltui.cli.exit_codes import MEANINGS
from amltui.cli.registry import COMMANDS
from tests.cli.terminal import Terminal


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("get -weird", "amltui get -- -weird"),
        ("put file.csv --name -x", "--name=-x"),
        ("token revoke x --yes", "amltui token revoke --help"),
        ("token list --all --json", "amltui token list --help"),
        ("transfers --all", "amltui transfers list --help"),
        ("cat Iris", "amltui get NAME -o -"),
        ("ls Iris", "amltui ls --filter TEXT"),
        ("info Iris", "amltui show NAME"),
        ("mv a b", "amltui rename NAME NEW"),
        ("get Iris --forse", "Did you mean --force?"),
        ("put file.csv --type csv", "Did you mean GenericCSV?"),
        ("put file.csv --type .tsv", "Did you mean GenericTSV?"),
        ("put file.csv --type genericcsv", "Did you mean GenericCSV?"),
    ],
)
def test_a_mistake_is_answered_with_what_to_write(alone, arguments, words):
    (alone.home / "file.csv").write_text("a\n")
    done = alone(*arguments.split())
    assert (done.code, done.out) == (2, "")
    assert words in done.err


def test_an_option_that_is_not_there_is_no_name(alone):
    assert " -- " not in alone("get", "x", "--unheard-of").err
    assert " -- " not in alone("ls", "-l").err, "ls takes no names"


@pytest.mark.parametrize(
    ("arguments", "code"),
    [("get nothing-like-it", 3), ("get", 2), ("ls --mine --examples", 2), ("cache pin nope", 3)],
)
def test_with_json_an_error_is_one_line_that_programs_read(amltui, arguments, code):
    done = amltui(*arguments.split(), "--json")
    assert (done.code, done.out) == (code, "")
    error = json.loads(done.err)
    assert error.keys() == {"code", "message", "hint"}
    assert error["code"] == code
    assert error["message"]


@pytest.mark.parametrize("arguments", [["--version"], ["--help"]])
def test_an_output_that_takes_nothing_ends_in_a_sentence(alone, arguments):
    command = [sys.executable, "-m", "amltui", *arguments]
    with open("/dev/full", "w") as full:  # noqa: PTH123  it is no file
        done = subprocess.run(
            command, env=alone.environment, stdout=full, stderr=subprocess.PIPE, check=False
        )
    assert (done.returncode, done.stderr) == (1, b"amltui: No space left on device\n")
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        command, env=alone.environment, stdout=writing, stderr=subprocess.PIPE, check=False
    )
    os.close(writing)
    assert (done.returncode, done.stderr) == (141, b"")


def test_help_says_all_that_a_command_does_and_indents_broken_lines(alone):
    alone.environment["COLUMNS"] = "60"
    help_ = alone("get", "--help").out
    assert "Download datasets, and print the path of each file." in help_
    assert "What was begun and cut before goes on where it stopped." in help_
    assert (
        "  --output, -o STR: Of one dataset: a file, a directory that\n"
        "      is there, or - for standard output; else a file named\n"
        "      after the dataset here.\n"
    ) in help_
    assert max(map(len, help_.splitlines())) <= 60


def test_a_narrow_terminal_shows_names_and_says_what_it_leaves_out(amltui):
    (amltui.home / "file.csv").write_text("a\n")
    assert amltui("put", "file.csv", "--name", "narrow-name").code == 0
    amltui.environment["COLUMNS"] = "40"
    terminal = Terminal(amltui, "ls", "--filter", "narrow-name")
    terminal.wait_for(b"narrow-name")
    terminal.wait_for(b"Too narrow for: ")
    terminal.wait_for(b"OWNER.")
    terminal.end()


def test_all_commands_are_listed_for_programs_with_what_may_follow_them(alone):
    listed = alone("help", "--json").json
    words = {one["command"]: one for one in listed["commands"]}
    known = {
        f"{command.name} {one.name}" if command.commands else command.name
        for command in COMMANDS
        for one in command.commands or (command,)
    }
    assert set(words) == known
    assert [(one["code"], one["meaning"]) for one in listed["exit_codes"]] == list(MEANINGS)
    options = {one["names"][0]: one for one in words["put"]["options"]}
    assert options["--exists"]["values"] == ["error", "skip", "update"]
    assert options["--exists"]["default"] == "error"
    assert (options["--jobs"]["type"], options["--convert"]["type"]) == ("integer", "flag")
    assert [one["kind"] for one in words["rename"]["arguments"]] == ["dataset", "any"]
    narrow = alone("help", "token", "--json").json["commands"]
    assert [one["command"] for one in narrow] == sorted(
        (one for one in known if one.startswith("token ")), key=list(words).index
    )


def test_completion_knows_all_topics_of_the_documentation():
    (place,) = next(one for one in COMMANDS if one.name == "help").places
    assert sorted(place.split(",")) == sorted([*documentation.topics(), "topics"])
