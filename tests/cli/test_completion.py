"""Completion in the shells that are here, with a real list on the disk."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys

import pytest

BASH = """
t() {{ COMP_WORDS=(amltui "$@"); COMP_CWORD=$#; COMP_LINE="amltui $*"; _amltui; show; }}
show() {{ printf '%s\\n' "${{COMPREPLY[@]}}"; }}
t {words}
"""
FISH = "complete -C {line} | cut -f1"


@pytest.fixture
def shell(amltui, completion):
    """Runs a completion in a shell that knows the list of the shared server."""
    script = amltui.home / "bin" / "amltui"
    script.parent.mkdir()
    script.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m amltui "$@"\n')
    script.chmod(0o700)
    amltui.environment["PATH"] = f"{script.parent}:{amltui.environment['PATH']}"
    assert amltui("ls").code == 0

    def complete(name: str, *words: str) -> set[str]:
        (amltui.home / "script").write_text(completion(name))
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
def test_fish_says_what_each_value_of_an_option_means_and_not_what_the_option_is(
    amltui, completion
):
    script = completion("fish")
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


def test_behind_a_name_and_an_at_sign_its_versions_are_offered(shell):
    for name in ("bash", "fish"):
        if shutil.which(name):
            assert shell(name, "get", "Iris@") == {"Iris@latest", "Iris@-1", "Iris@1"}
            assert shell(name, "get", "no such@") == set()


def test_bash_quotes_what_it_completes(shell):
    assert shell("bash", "get", "Airp") == {"Airport Codes Dataset"}
    assert shell("bash", "get", '"Airp') == {"Airport Codes Dataset"}


def modules_after_tab(amltui):
    """All modules that were imported when names had been given."""
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
    assert "\nIris\tGenericCSV, 3.9 KiB\n" in done.stdout
    return set(done.stderr.split())


def test_a_list_that_is_not_noted_is_read_without_a_parser_a_session_or_a_network(amltui):
    assert amltui("ls", "--quiet").code == 0
    loaded = modules_after_tab(amltui)
    assert not loaded & {"cyclopts", "httpx", "asyncio", "rich", "textual", "pyarrow", "filelock"}


def test_from_the_second_time_nothing_slow_is_imported(amltui):
    assert amltui("ls", "--quiet").code == 0
    modules_after_tab(amltui)
    loaded = modules_after_tab(amltui)
    assert not loaded & {"pathlib", "dataclasses", "msgspec", "tomllib", "platformdirs", "keyring"}


def test_what_is_offered_follows_the_settings_and_the_list(amltui, tmp_path):
    def offered(*profile, **environment):
        with_all = dict(amltui.environment)
        amltui.environment.update(environment)
        done = amltui("__complete", "datasets", *profile)
        amltui.environment = with_all
        return done.out

    unnamed = {"AMLTUI_ENDPOINT": "", "AMLTUI_WORKSPACE_ID": "", "AMLTUI_TOKEN": ""}
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "one.csv").write_text("a\n1\n")
    assert amltui("ls").code == 0
    for _ in range(2):
        assert "Iris\t" in offered()
        assert offered(**unnamed) == ""
    assert amltui("profile", "add", "here", "--url", str(folder), "--use").code == 0
    assert amltui("ls", "--profile", "here").code == 0
    for _ in range(2):
        assert offered(**unnamed) == "one.csv\tGenericCSV, 4 B\n"
        assert offered("here") == "one.csv\tGenericCSV, 4 B\n"
    (folder / "two.csv").write_text("a\n")
    assert amltui("ls", "--profile", "here").code == 0
    assert "two.csv\t" in offered("here")
    assert amltui("cache", "clear", "--quiet").code == 0
    assert offered("here") == ""


def test_the_cache_is_looked_for_where_the_platform_has_it(monkeypatch, tmp_path):
    from amltui.cli.candidates import _cache_dir
    from amltui.config.paths import cache_dir

    for name, value in (
        ("AMLTUI_CACHE_DIR", None),
        ("XDG_CACHE_HOME", str(tmp_path)),
        ("AMLTUI_CACHE_DIR", "~/cache"),
        ("AMLTUI_CACHE_DIR", "relative"),
    ):
        monkeypatch.delenv(name, raising=False)
        if value is not None:
            monkeypatch.setenv(name, value)
        assert _cache_dir() == str(cache_dir())


def test_the_powershell_script_holds_all_commands_and_no_end_of_its_own_table(amltui):
    script = amltui("completion", "powershell").out
    assert script.count("\n'@\n") == 1
    table = json.loads(script.partition("@'\n")[2].partition("\n'@\n")[0])
    assert table["groups"]["cache"]["verify"] == "Compare contents with their hashes."
    assert table["commands"]["put"]["choices"]["--type"]["ARFF"] == "Weka's format"
    assert {"--json", "--profile"} <= set(table["commands"]["ls"]["options"])


def test_a_broken_setting_completes_nothing_and_says_nothing(alone):
    (alone.home / "config").mkdir()
    (alone.home / "config" / "config.toml").write_text("nonsense")
    done = alone("__complete", "datasets")
    assert (done.out, done.err) == ("", "")
