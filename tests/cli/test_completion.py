"""Completion in the shells that are here, with a real list on the disk."""

from __future__ import annotations

import shutil
import subprocess
import sys

import pytest

BASH = """
t() {{ COMP_WORDS=(amltui "$@"); COMP_CWORD=$#; _amltui; printf '%s\\n' "${{COMPREPLY[@]}}"; }}
t {words}
"""
FISH = "complete -C {line} | cut -f1"


@pytest.fixture
def shell(amltui):
    """Runs a completion in a shell that knows the list of the shared server."""
    script = amltui.home / "bin" / "amltui"
    script.parent.mkdir()
    script.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m amltui "$@"\n')
    script.chmod(0o700)
    amltui.environment["PATH"] = f"{script.parent}:{amltui.environment['PATH']}"
    assert amltui("ls").code == 0

    def complete(name: str, *words: str) -> set[str]:
        (amltui.home / "script").write_text(amltui("completion", name).out)
        quoted = " ".join(f"'{word}'" for word in words)
        code = {
            "bash": "source ./script\n" + BASH.format(words=quoted),
            "fish": "source ./script\n" + FISH.format(line=f"'amltui {' '.join(words)}'"),
        }[name]
        done = subprocess.run(
            [name, "-c", code],
            env=amltui.environment,
            cwd=amltui.home,
            capture_output=True,
            text=True,
            check=True,
        )
        return {line.replace("\\ ", " ") for line in done.stdout.splitlines() if line}

    return complete


@pytest.mark.parametrize("name", [one for one in ("bash", "fish") if shutil.which(one)])
def test_commands_options_choices_and_names_are_completed(shell, name):
    assert {"profile", "ls", "serve"} <= shell(name, "")
    assert shell(name, "profile", "") == {"add", "list", "use", "remove", "test"}
    assert {"--mine", "--examples"} <= shell(name, "ls", "--")
    assert {"amltui", "azureml", "pandas", "cli"} <= shell(name, "snippet", "Iris", "--for", "")
    assert {"Iris", "Airport Codes Dataset"} <= shell(name, "get", "")
    assert {"GenericCSV", "ARFF"} <= shell(name, "put", "x", "--type", "")
    assert "Iris" not in shell(name, "sql", "Iris", "")
    assert shell(name, "get", "x", "--profile", "") == {"local"}


@pytest.mark.skipif(not shutil.which("fish"), reason="needs fish")
def test_fish_says_what_each_value_of_an_option_means_and_not_what_the_option_is(amltui):
    script = amltui("completion", "fish").out
    done = subprocess.run(
        ["fish", "-c", "source; complete -C 'amltui snippet Iris --for '"],
        input=script,
        env=amltui.environment,
        capture_output=True,
        text=True,
        check=True,
    )
    told = dict(line.partition("\t")[::2] for line in done.stdout.splitlines())
    assert set(told) == {"amltui", "azureml", "pandas", "cli", "az"}
    assert len(set(told.values())) == len(told)


def test_bash_quotes_what_it_completes(shell):
    assert shell("bash", "get", "Airp") == {"Airport Codes Dataset"}
    assert shell("bash", "get", '"Airp') == {"Airport Codes Dataset"}


def test_names_are_given_without_a_parser_a_session_or_a_network(amltui):
    assert amltui("ls", "--quiet").code == 0
    code = (
        "import sys; sys.argv = ['amltui', '__complete', 'datasets']; "
        "from amltui.__main__ import main; main(); print(*sys.modules, file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=amltui.environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "Iris\n" in done.stdout
    loaded = set(done.stderr.split())
    assert not loaded & {"cyclopts", "httpx", "asyncio", "rich", "textual", "pyarrow", "filelock"}


def test_a_broken_setting_completes_nothing_and_says_nothing(alone):
    (alone.home / "config").mkdir()
    (alone.home / "config" / "config.toml").write_text("nonsense")
    done = alone("__complete", "datasets")
    assert (done.out, done.err) == ("", "")
