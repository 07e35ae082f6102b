"""The manual pages and completion scripts that are shipped."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from amltui.cli.app import app
from amltui.cli.manual import shared_files
from amltui.cli.registry import COMMANDS

SHARE = Path(__file__).parents[2] / "amltui" / "share"


@pytest.fixture(scope="module")
def made():
    return shared_files(app())


def test_what_is_shipped_is_what_the_commands_are_now(made):
    shipped = {
        str(path.relative_to(SHARE)): path.read_text("utf-8")
        for path in SHARE.rglob("*")
        if path.is_file()
    }
    old = sorted(name for name in {*made, *shipped} if made.get(name) != shipped.get(name))
    assert old == [], (
        "Delete what has no command, and run: python -m amltui.cli.manual amltui/share"
    )


def test_each_command_has_a_page_with_its_options(made):
    for command in COMMANDS:
        page = made[f"man/man1/amltui-{command.name}.1"]
        assert r"\fB\-\-help\fR" in page
    assert "\nOne of: error, skip, update.\n" in made["man/man1/amltui-put.1"]
    assert all(f"amltui\\-{command.name}" in made["man/man1/amltui.1"] for command in COMMANDS)


@pytest.mark.skipif(not shutil.which("groff"), reason="needs groff")
def test_a_page_is_set_without_a_warning(made):
    pages = "\n".join(text for place, text in made.items() if place.endswith(".1"))
    done = subprocess.run(
        ["groff", "-man", "-ww", "-Tutf8"], input=pages, capture_output=True, text=True, check=True
    )
    assert done.stderr == ""
    assert "'sales-*'" in done.stdout
