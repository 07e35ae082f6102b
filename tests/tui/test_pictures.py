"""The pictures of the README are of the program as it is."""

import subprocess
import sys

import pytest

from tests.support.server import ROOT


@pytest.mark.slow  # seven programs, one for each picture
def test_the_pictures_of_the_readme_show_what_the_program_shows():
    made = subprocess.run(
        [sys.executable, ROOT / "screenshots" / "make.py", "--check"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert made.returncode == 0, made.stdout + made.stderr


def test_the_readme_shows_each_of_them():
    readme = (ROOT / "README.md").read_text("utf-8")
    pictures = [one.name for one in (ROOT / "screenshots").glob("*.svg")]
    assert pictures
    assert [one for one in pictures if f"screenshots/{one}" not in readme] == []
