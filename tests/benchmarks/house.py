"""Figures of the house: names that are used twice, and the hops of some trips.

`python -m tests.benchmarks.house` counts, in `amltui/`, the names of classes (nested ones too) and
of files (but `__init__.py`) that stand more than once, and the distinct files and functions that
run on each trip in this process, the server's not among them: by `sys.setprofile`, in all threads,
in a fresh embedded workspace, each trip for the first time. Class bodies are no functions.
"""

from __future__ import annotations

import ast
import asyncio
import contextlib
import os
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import amltui

ROOT = Path(amltui.__file__).parent
ROWS = 60_000


class Profiler:
    """Notes which functions of amltui run while a trip is on."""

    def __init__(self) -> None:
        self._seen: set[tuple[str, str]] | None = None

    def begin(self) -> None:
        """Look at this thread, and at those that begin from now on."""
        threading.setprofile(self._see)
        sys.setprofile(self._see)

    def _see(self, frame: FrameType, event: str, _argument: Any) -> None:
        code = frame.f_code
        if self._seen is None or event != "call" or not code.co_flags & 1:
            return
        if code.co_filename.startswith(f"{ROOT}/"):
            self._seen.add((code.co_filename, code.co_qualname))

    @contextlib.contextmanager
    def trip(self, name: str) -> Iterator[None]:
        """What runs within the block is the trip."""
        seen = self._seen = set()
        try:
            yield
        finally:
            self._seen = None
        files = {file for file, _ in seen}
        print(f"{name}: {len(files)} files, {len(seen)} functions")


def print_names() -> None:
    """Print how many names of classes and of files stand more than once."""
    classes: Counter[str] = Counter()
    files: Counter[str] = Counter()
    for path in ROOT.rglob("*.py"):
        files[path.name] += path.name != "__init__.py"
        tree = ast.walk(ast.parse(path.read_text("utf-8")))
        classes.update(node.name for node in tree if isinstance(node, ast.ClassDef))
    for what, found in (("classes", classes), ("files", files)):
        twice = sorted(name for name, count in found.items() if count > 1)
        print(f"{len(twice)} names of {what} stand more than once: {', '.join(twice)}")


async def print_trips(directory: Path) -> None:
    """Print the hops of an upload, a rename, a preview and a window of 50 rows."""
    from amltui.services.session import open_session

    source = directory / "rows.csv"
    lines = (f"{row},{row / 3:.3f},n{row}\n" for row in range(ROWS))
    source.write_text("id,price,name\n" + "".join(lines))
    profiler = Profiler()
    profiler.begin()
    async with open_session() as session:
        await session.current_list()
        with profiler.trip("upload"):
            dataset = await session.upload(source, name="Rows", data_type_id="GenericCSV")
        with profiler.trip("rename"):
            dataset = await session.edits.rename(dataset, "Same rows")
        with profiler.trip("preview"):
            preview = await session.previews.open(dataset)
            async for _ in preview.changes():
                pass
        with profiler.trip("50 rows of the grid"):
            preview.rows.window(5_000, 5_050, range(3))
        preview.close()


def main() -> None:
    """Count."""
    print_names()
    with tempfile.TemporaryDirectory() as directory:
        for name in ("CONFIG", "CACHE", "DATA"):
            os.environ[f"AMLTUI_{name}_DIR"] = f"{directory}/{name.lower()}"
        asyncio.run(print_trips(Path(directory)))


if __name__ == "__main__":
    main()
