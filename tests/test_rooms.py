"""The rooms of the program: what importing each one may bring in."""

import json
import pkgutil
import subprocess
import sys
from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path

import pytest

import amltui
from tests.support.forks import OF_COMMANDS, OF_SERVERS

ROOT = Path(amltui.__file__).parent.parent
MODULES = sorted(
    module.name
    for module in pkgutil.walk_packages(amltui.__path__, "amltui.")
    # Alembic runs this one itself, inside a migration.
    if not module.name.endswith(("__main__", "migrations.env"))
)

OWNERS = {
    "textual": "amltui.tui",
    "pandas": "amltui.formats.frames",
    "duckdb": "amltui.tables.queries",
    "pyspark": "amltui.tables.spark",
    "sqlalchemy": "amltui.server",
    "obstore": "amltui.server",
}
"""Heavy libraries, and the only rooms whose import may load them."""

ROOMS = {
    "everything else": [name for name in MODULES if not name.startswith(tuple(OWNERS.values()))],
    **{
        room: [name for name in MODULES if name.startswith(room)]
        for room in dict.fromkeys(OWNERS.values())
    },
}


def loaded_after_importing(modules: list[str], heavy: Iterable[str] = OWNERS) -> list[str]:
    """Each module after which a fresh interpreter holds a heavy library that it did not before."""
    code = (
        "import importlib, json, sys\n"
        "names, heavy = json.loads(sys.argv[1])\n"
        "found = []\n"
        "for name in names:\n"
        "    importlib.import_module(name)\n"
        "    new = [one for one in heavy if one in sys.modules]\n"
        "    heavy = [one for one in heavy if one not in new]\n"
        "    found += [f'{name} loads {one}' for one in new]\n"
        "print(json.dumps(found))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, json.dumps([modules, list(heavy)])],
        check=True,
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=240,
    )
    return json.loads(done.stdout)


@pytest.mark.parametrize("room", ROOMS)
def test_a_heavy_library_is_loaded_only_by_the_room_that_owns_it(room):
    assert ROOMS[room], "no module was found"
    own = {library for library, owner in OWNERS.items() if owner == room}
    strange = [one for one in loaded_after_importing(ROOMS[room]) if one.split()[-1] not in own]
    assert strange == []


def test_importing_the_package_loads_nothing_heavy():
    assert loaded_after_importing(["amltui"]) == []


def test_a_workspace_of_any_kind_is_opened_without_what_reads_rows():
    kinds = [
        "amltui.workspaces.studio.workspace",
        "amltui.workspaces.folder.workspace",
        "amltui.workspaces.folder.several",
        "amltui.workspaces.azureml.workspace",
    ]
    assert set(kinds) <= set(MODULES)
    assert loaded_after_importing(kinds, ["numpy", "pyarrow"]) == []


def test_what_is_imported_before_the_programs_of_tests_are_forked_is_there():
    assert [one for one in (*OF_COMMANDS, *OF_SERVERS) if find_spec(one) is None] == []
