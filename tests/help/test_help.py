"""The documentation that is shipped: it is whole, and what it says of the code is true."""

import re

import pytest

from amltui import help as documentation
from amltui.cli.exit_codes import MEANINGS
from amltui.cli.registry import COMMANDS
from tests.support.server import ROOT


@pytest.mark.parametrize("topic", documentation.topics())
def test_every_topic_begins_with_its_title_and_fits_a_terminal(topic):
    text = documentation.read(topic)
    assert text.startswith("# ")
    prose = [line for line in text.splitlines() if not line.startswith(("|", "    "))]
    assert [line for line in prose if len(line) > 140] == []


def test_a_topic_that_has_the_name_of_a_command_says_where_that_is_explained():
    for name in {one.name for one in COMMANDS} & set(documentation.topics()):
        assert f"`amltui {name} --help`" in documentation.read(name)


def test_the_topic_of_exit_codes_lists_them_and_no_others():
    rows = documentation.read("exit-codes").splitlines()[4:]
    assert rows == [f"| {code} | {meaning} |" for code, meaning in MEANINGS]


def test_every_path_of_the_architecture_is_there():
    text = documentation.read("architecture")
    paths = set(re.findall(r"`((?:amltui|tests)/[\w./]*|pyproject\.toml)`", text))
    assert len(paths) > 30
    assert [path for path in sorted(paths) if not (ROOT / path).exists()] == []


def test_the_architecture_names_every_room():
    text = documentation.read("architecture")
    rooms = [one.name for one in (ROOT / "amltui").iterdir() if (one / "__init__.py").exists()]
    assert [room for room in rooms if f"`amltui/{room}/`" not in text] == []
