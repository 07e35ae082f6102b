"""What happens before any command runs."""

from __future__ import annotations

import subprocess
import sys

import pytest

import amltui as package
from tests.support.server import ROOT

HEAVY = ("textual", "pandas", "pyarrow", "sqlalchemy", "duckdb", "httpx", "rich", "asyncio")


def imported(*arguments: str, env: dict[str, str] | None = None) -> set[str]:
    """The modules that a run of amltui had imported when it ended."""
    code = (
        "import sys; sys.argv = ['amltui', *sys.argv[1:]]; from amltui.__main__ import main;"
        "code = main(); print(*sys.modules, file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=env,
        check=False,
    )
    return set(done.stderr.split())


def test_the_version_is_said_before_anything_is_imported():
    loaded = imported("--version")
    assert not loaded & {*HEAVY, "cyclopts", "platformdirs", "amltui.cli", "argparse"}


def test_help_imports_no_command():
    loaded = imported("--help")
    assert not [name for name in loaded if name.startswith("amltui.cli.commands.")]
    assert not loaded & {"textual", "pandas", "pyarrow", "sqlalchemy", "httpx"}


def test_a_list_needs_no_parser_of_arguments(alone, tmp_path):
    assert "cyclopts" not in imported("--at", str(tmp_path), "ls", env=alone.environment)


def test_rich_comes_only_where_help_is_drawn():
    assert "rich" in imported("--help")
    assert "rich" not in imported("help", "files")


def test_a_short_command_hardly_looks_for_cycles_to_free(alone, tmp_path):
    (tmp_path / "a.csv").write_text("a\n1\n")
    code = (
        "import gc, sys; sys.argv = ['amltui', *sys.argv[1:]]; from amltui.__main__ import main;"
        "gc.callbacks.append(lambda *_: print('looked', file=sys.stderr));"
        "main(); gc.callbacks.clear()"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, "--at", tmp_path, "sql", "a.csv", "select a from data"],
        capture_output=True,
        text=True,
        env=alone.environment,
        check=True,
    )
    assert done.stdout == "a\n1\n"
    assert done.stderr.count("looked") < 30


def test_the_version_is_the_packages(alone):
    assert alone("--version").out == f"amltui {package.__version__}\n"


def test_without_a_terminal_the_terminal_program_says_what_to_do_instead(alone):
    done = alone()
    assert (done.code, done.out) == (2, "")
    assert "amltui --help" in done.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["tokn"], 'Did you mean "token"'),
        (["serve", "--prot", "1"], "Did you mean --port?"),
        (["serve", "--port", "x"], "--port"),
        (["serve", "extra"], "Too many arguments: 'extra'"),
        (["serve", "--port"], "requires an argument"),
        (["serve", "--port", "70000"], "There is no port 70000"),
        (["help", "enviroment"], "Did you mean environment or"),
        (["help", "profile", "ad"], "Did you mean add?"),
        (["help", "ls", "mine"], 'There is no help on "mine"'),
    ],
)
def test_a_typing_error_is_said_with_what_was_meant(alone, arguments, said):
    done = alone(*arguments)
    assert done.code in {2, 3}
    assert said in done.err
    assert done.out == ""


def test_common_options_may_stand_before_the_command(alone):
    assert alone("--json", "profile", "list").json == []
    assert alone("--quiet", "help", "files").code == 0


@pytest.mark.parametrize("topic", ["exit-codes", "environment", "files", "output", "profiles"])
def test_there_is_help_on_each_topic(alone, topic):
    done = alone("help", topic)
    assert done.code == 0
    assert len(done.out.splitlines()) > 5


def test_help_on_a_command_of_a_group_is_that_commands_own(alone):
    assert alone("help", "profile", "add").out == alone("profile", "add", "--help").out
    assert "\nCommands:" in alone("profile").out
    assert "Datasets:" not in alone("help", "profile").out


def test_every_command_explains_itself_with_an_example_or_a_summary(alone):
    from amltui.cli.registry import COMMANDS

    for command in COMMANDS:
        for sub in command.commands or (command,):
            words = [command.name] if sub is command else [command.name, sub.name]
            assert sub.summary
            assert all("amltui " + " ".join(words) in example for example in sub.examples)
    assert "Examples:" in alone("profile", "add", "--help").out


@pytest.mark.parametrize(
    ("closed", "command", "code", "said"),
    [
        (">&-", "help files", 1, "Standard input or output is closed"),
        (">&-", "profile use local", 0, "is the default now"),
        ("<&-", "put - --name x", 2, "Standard input is closed"),
        ("<&-", "help files", 0, ""),
        ("2>&-", "help nonsense", 3, ""),
        (">/dev/full", "help files", 1, "No space left"),
        (">&-", "", 2, "needs a terminal"),
        ("<&- >&- 2>&-", "", 2, ""),
    ],
)
def test_a_standard_stream_that_is_closed_or_full_ends_with_a_sentence(
    alone, closed, command, code, said
):
    done = subprocess.run(
        ["sh", "-c", f'exec "$0" -m amltui {command} {closed}', sys.executable],
        env=alone.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr
