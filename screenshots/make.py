"""Make the pictures of the README: the real program over the sample datasets, in a fresh place.

    python screenshots/make.py [DIRECTORY]

writes one SVG for each scene into DIRECTORY (default: beside this script).
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from amltui.tui.app import AmltuiApp
from amltui.tui.screens.main import MainScreen

SECONDS = 60
"""How long a scene may take to come to rest."""

SCENES: dict[str, tuple[tuple[int, int], tuple[str, ...], str]] = {
    # name: terminal size, keys, what must be on the screen before the picture is taken
    "main": ((120, 40), ("enter",), "complete"),
    "narrow": ((80, 24), ("i",), "3 Details"),
    "filter": ((120, 40), ("enter", "ampersand", *"age>80", "enter"), "& age>80"),
    "sorted": ((120, 40), ("enter", "right_square_bracket"), "▼ age"),
    "profile": ((120, 40), ("enter", "I"), "Profile of age"),
    "sql": ((120, 40), ("enter", "s", "enter"), "SQL"),
    "upload": ((120, 40), ("u",), "Upload a file"),
    "copy": ((120, 40), ("enter", "y"), "enter choose"),
    "light": ((120, 40), ("colon", *"light", "enter", "2"), "complete"),
    "palette": ((120, 40), ("colon",), "Commands"),
    "help": ((120, 40), ("question_mark",), "Keys"),
    "transfers": ((120, 40), ("d", "w"), "done"),
    "single": ((60, 20), ("enter",), "complete"),
    "narrow-plain": ((80, 24), (), "complete"),
    "small": ((40, 10), (), "too small"),
}


async def picture(name: str, directory: Path) -> None:
    """Take one picture."""
    size, keys, wanted = SCENES[name]
    app = AmltuiApp()
    async with app.run_test(size=size) as pilot:

        async def until(condition: Callable[[], bool]) -> None:
            async with asyncio.timeout(SECONDS):
                while not condition():
                    await pilot.pause(0.02)

        def text() -> str:
            strips = app.screen._compositor.render_strips()
            return "\n".join("".join(part.text for part in strip) for strip in strips)

        def listed() -> bool:
            return any(isinstance(s, MainScreen) and s.dataset for s in app.screen_stack)

        await until(listed)
        if size[0] >= 70:
            await until(lambda: "complete" in text() and "online" in text())
        for key in keys:
            await pilot.press(key)
        await until(lambda: wanted in text())
        await pilot.pause(0.3)
        (directory / f"{name}.svg").write_text(app.export_screenshot(title="amltui"), "utf-8")


async def main(directory: Path, names: list[str]) -> None:
    """Take the pictures one after the other."""
    for name in names or SCENES:
        await picture(name, directory)
        sys.stdout.write(f"{name}.svg\n")


if __name__ == "__main__":
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent
    target = target.absolute()
    target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as place:
        for variable in ("CONFIG", "CACHE", "DATA"):
            os.environ[f"AMLTUI_{variable}_DIR"] = f"{place}/{variable.lower()}"
        work = Path(place) / "home"
        work.mkdir()
        (work / "flights-2013.csv").write_text("carrier,delay\nUA,11\n")
        os.chdir(work)
        asyncio.run(main(target, sys.argv[2:]))
