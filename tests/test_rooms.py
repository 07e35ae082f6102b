"""The rooms of the program: what importing each one may bring in."""

import json
import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest

import amltui

ROOT = Path(amltui.__file__).parent.parent
MODULES = sorted(m.name for m in pkgutil.walk_packages(amltui.__path__, "amltui."))

OWNERS = {
    "textual": ("amltui.tui",),
    "pandas": ("amltui.formats.frames",),
    "duckdb": ("amltui.tables.queries",),
    "sqlalchemy": ("amltui.server",),
    "obstore": ("amltui.server",),
}
"""Heavy libraries, and the only rooms whose import may load them."""


def loaded_after_importing(modules: list[str]) -> dict[str, list[str]]:
    """For each module, the heavy libraries that a fresh interpreter holds after importing it."""
    code = (
        "import sys, json, os, importlib\n"
        "answer = {}\n"
        "for name in json.loads(sys.argv[1]):\n"
        "    read, write = os.pipe()\n"
        "    if not os.fork():\n"
        "        importlib.import_module(name)\n"
        "        found = [h for h in json.loads(sys.argv[2]) if h in sys.modules]\n"
        "        os.write(write, json.dumps(found).encode())\n"
        "        os._exit(0)\n"
        "    os.close(write)\n"
        "    os.wait()\n"
        "    answer[name] = json.loads(os.read(read, 65536) or 'null')\n"
        "    os.close(read)\n"
        "print(json.dumps(answer))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, json.dumps(modules), json.dumps(list(OWNERS))],
        check=True,
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=240,
    )
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def loaded() -> dict[str, list[str]]:
    return loaded_after_importing([name for name in MODULES if not name.endswith("__main__")])


@pytest.mark.parametrize("library", OWNERS)
def test_a_heavy_library_is_loaded_only_by_the_room_that_owns_it(library, loaded):
    assert loaded, "no module was found"
    broken = [name for name, found in loaded.items() if found is None]
    assert not broken, f"cannot be imported: {broken}"
    strangers = [
        name
        for name, found in loaded.items()
        if library in found and not name.startswith(OWNERS[library])
    ]
    assert strangers == []


def test_importing_the_package_loads_nothing_heavy():
    found = loaded_after_importing(["amltui"])
    assert found == {"amltui": []}
