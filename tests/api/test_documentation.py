"""What the docstrings promise is what happens, and what a type checker sees is what there is."""

import doctest
import subprocess
import sys

import pytest

import amltui.api
import amltui.formats.frames
from tests.support.server import ROOT

pytestmark = pytest.mark.slow  # mypy reads the whole package


@pytest.mark.parametrize("names", [amltui.api.__all__, amltui.formats.frames.__all__])
def test_the_examples_in_docstrings_print_what_they_say(environment, names):
    finder, runner = doctest.DocTestFinder(), doctest.DocTestRunner()
    for name in names:
        offered = getattr(amltui, name, None) or getattr(amltui.formats.frames, name)
        globs = vars(amltui.formats.frames) | {
            name: getattr(amltui, name) for name in ["Workspace", "diff"]
        }
        for example in finder.find(offered, name, module=False, globs=globs):
            runner.run(example)
    assert runner.tries > 2
    assert runner.failures == 0


def test_what_the_package_offers_is_known_by_the_package_that_offers_them():
    for name in amltui.api.__all__:
        assert getattr(amltui, name).__module__ == "amltui"


def test_a_strict_type_checker_agrees_with_typical_uses():
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--warn-unreachable", "tests/api/consumer.py"],
        check=False,
        capture_output=True,
        text=True,
        cwd=ROOT,
    )
    assert done.returncode == 0, done.stdout + done.stderr
