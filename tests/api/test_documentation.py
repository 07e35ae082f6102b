"""What the docstrings promise is what happens, and what a type checker sees is what there is."""

import doctest
import importlib
import subprocess
import sys

import pytest

from tests.support.server import ROOT


@pytest.mark.parametrize("module", ["amltui.api.sync", "amltui.formats.frames"])
def test_the_examples_in_docstrings_print_what_they_say(environment, module):
    loaded = importlib.import_module(module)
    failed, tried = doctest.testmod(loaded)
    assert tried > 2
    assert failed == 0


def test_a_strict_type_checker_agrees_with_typical_uses():
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--warn-unreachable", "tests/api/consumer.py"],
        check=False,
        capture_output=True,
        text=True,
        cwd=ROOT,
    )
    assert done.returncode == 0, done.stdout + done.stderr
