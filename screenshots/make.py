"""Make the pictures of the README: the real program over the sample datasets, in a fresh place.

    python screenshots/make.py [--check | DIRECTORY [SCENE...]]

writes one SVG for each scene of the README, or of those named behind it, into DIRECTORY (default:
beside this script). `--check` writes none: it makes them anew and says where the text of one is
another than beside this script. What a clock, a network or chance decides is the same each time.
"""

from __future__ import annotations

import asyncio
import html
import os
import re
import shutil
import sqlite3
import sys
import tempfile
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from functools import partial
from itertools import zip_longest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from amltui.services.session import open_session
from amltui.transfers import Options
from amltui.tui.app import AmltuiApp
from amltui.tui.screens.main import MainScreen
from amltui.tui.theme import LIGHT
from amltui.tui.widgets.header import Header
from amltui.tui.widgets.transfers import TransfersPane

HERE = Path(__file__).absolute().parent
SECONDS = 60
"""How long a scene may take to come to rest."""

WAIT = "wait: "
"""Among the keys of a scene: a text that must be on the screen before the next key."""
PLACE = "amltui-pictures"
"""What is shown of the place where pictures are made, which is another each time."""
CREATED = 1_767_603_600_000_000
"""When all datasets were made, in microseconds: 2026-01-05 09:00."""
FAMILY = "7ccf6e10c7bb134ea6300a9cbbae3834"
INSTANCE = f"596313b501d22fda8dc0da27b28c7b2c.{FAMILY}.54cd86e05e99545a4bef7047770d6f2c"
FIGURES = {
    "running": {"done": 34 << 20, "rate": 4.0 * 1024**2, "eta": 40.5},
    "paused": {"done": 8 << 20},
}
"""How far transfers are on pictures, by their state."""
README = ("main", "80x24", "profile", "sql", "compare", "light", "transfers")
"""The scenes that the README shows; the others are to be looked at."""

SCENES: dict[str, tuple[tuple[int, int], tuple[str, ...], str]] = {
    # name: terminal size, keys, what must be on the screen before the picture is taken
    "main": ((120, 40), ("enter", f"{WAIT}16 values"), "complete"),
    "80x24": ((80, 24), ("enter", f"{WAIT}16 va"), "complete"),
    "narrow": ((80, 24), ("i",), "3 Details"),
    "filter": ((120, 40), ("enter", "ampersand", *"age>80", "enter"), "& age>80"),
    "sorted": ((120, 40), ("enter", "right_square_bracket"), "▼ age"),
    "column": ((120, 40), ("enter", "I"), "Profile of age"),
    "profile": ((120, 40), ("enter", "C"), "all columns"),
    "sql": (
        (120, 40),
        (
            *("enter", "s", f"{WAIT}sql", "ctrl+u"),
            *"select education, count(*) as people, round(avg(age), 1) as age,",
            "ctrl+j",
            *"  round(100 * avg((income = '>50K')::int), 1) as above_50k",
            "ctrl+j",
            *"from data group by all order by above_50k desc",
            *("enter", f"{WAIT}SQL select", "s"),
        ),
        "from data group by all",
    ),
    "compare": (
        (120, 40),
        (
            *("slash", *"airp", "enter", f"{WAIT}● Airport Codes Dataset ", "asterisk", "c"),
            *(f"{WAIT}esc shows the rows", "escape", f"{WAIT}Lansdowne Field"),
        ),
        "changed",
    ),
    "transfers": (
        (120, 40),
        (
            *(f"{WAIT}16 values", "u", f"{WAIT}Upload a file", *"visits.csv", "enter"),
            *(f"{WAIT}guessed", "ctrl+s", f"{WAIT}left", "w", "p", f"{WAIT}paused"),
            *("u", f"{WAIT}Upload a file", *"clicks.csv", "enter"),
            *(f"{WAIT}guessed", "ctrl+s"),
        ),
        "left",
    ),
    "upload": ((120, 40), ("u",), "Upload a file"),
    "marks": ((80, 24), ("space", "j", "space", "d"), "Download 2 datasets"),
    "workspaces": ((80, 24), ("W",), "(open)"),
    "copy": ((120, 40), ("enter", "y"), "enter choose"),
    "light": ((120, 40), ("enter", f"{WAIT}16 values"), "complete"),
    "palette": ((120, 40), ("colon",), "Commands"),
    "help": ((120, 40), ("question_mark",), "Keys"),
    "single": ((60, 20), ("enter",), "complete"),
    "narrow-plain": ((80, 24), (), "complete"),
    "small": ((40, 10), (), "too small"),
}


async def picture(name: str, place: Path) -> str:
    """Take one picture, as SVG."""
    size, keys, wanted = SCENES[name]
    # What is sent is never all sent, however long the keys take.
    app = AmltuiApp(options=Options(rate_limit=4 << 20 if name == "transfers" else None))
    if name == "light":
        app.theme = LIGHT.name
    async with app.run_test(size=size) as pilot:

        async def until(condition: Callable[[], bool]) -> None:
            try:
                async with asyncio.timeout(SECONDS):
                    while not condition():
                        await pilot.pause(0.02)
            except TimeoutError:
                raise SystemExit(f"{name} did not come to that:\n{text()}") from None

        def text() -> str:
            strips = app.screen._compositor.render_strips()
            return "\n".join("".join(part.text for part in strip) for strip in strips)

        def listed() -> bool:
            return any(isinstance(s, MainScreen) and s.dataset for s in app.screen_stack)

        await until(listed)
        if size[0] >= 70:
            await until(lambda: "complete" in text() and "online" in text())
        for key in keys:
            if key.startswith(WAIT):
                await until(partial(lambda sought: sought in text(), key.removeprefix(WAIT)))
            else:
                await pilot.press(key)
        await until(lambda: wanted in text())
        await pilot.pause(0.3)
        say_the_same(app)
        shown = app.export_screenshot(title="amltui")
        # Blanks at the beginning of a text are kept only where that is said.
        shown = shown.replace("<text ", '<text xml:space="preserve" ')
        return shown.replace(place.name, PLACE)


def say_the_same(app: AmltuiApp) -> None:
    """Show times, rates and sizes of one run: what is drawn next has them."""
    for screen in app.screen_stack:
        for header in screen.query(Header):
            header.change(latency=0.003, cache_used=5_200_000)
        for pane in screen.query(TransfersPane):
            pane.show([replace(row, **FIGURES[row.state]) for row in pane.rows])


async def fill(directory: Path) -> None:
    """Make what some scenes show beside the samples."""
    async with open_session() as session:
        listed = (await session.current_list()).datasets
        airports = next(one for one in listed if one.name.startswith("Airport"))
        content = b"".join([chunk async for chunk in session.stream(airports)]).decode()
        rows = content.replace(",Lansdowne Airport,", ",Lansdowne Field,").splitlines()
        rows[3] = rows[3].replace(",801,", ",812,")
        file = directory / "airports.csv"
        file.write_text(
            "\n".join([*rows[:8], *rows[9:], "ZZV,Zanesville Heliport,39.9,-81.9,900,-5,A,"])
        )
        await session.upload(file, name="Airport codes, corrected", data_type_id="GenericCSV")
    lines = "".join(f"{row},{row * 7919 % 100_003},/page/{row % 500}\n" for row in range(10_000))
    for name in ("clicks.csv", "visits.csv"):
        with (directory / name).open("w") as written:
            written.write("id,visitor,page\n")
            written.writelines(lines for _ in range(1_000))


def settle(data: Path) -> None:
    """Let the datasets be of one day, and that of this script have the ids that it had once."""
    with closing(sqlite3.connect(data / "workspace.sqlite")) as database, database:
        own = "select family_id from instances where name = 'Airport codes, corrected'"
        (family,) = database.execute(own).fetchone()
        database.execute("update families set id = ? where id = ?", (FAMILY, family))
        database.execute(
            "update instances set family_id = ?, id = ? where family_id = ?",
            (FAMILY, INSTANCE, family),
        )
        database.execute("update instances set created = ?", (CREATED,))


async def make(names: list[str], place: Path) -> dict[str, str]:
    """Take the pictures, each from the same beginning, in an empty place."""
    work, fresh = place / "home", place / "fresh"
    work.mkdir()
    os.environ.update(LANG="C.UTF-8", TZ="UTC", HOME=str(work), COLORTERM="truecolor")
    for name in ("LC_ALL", "LC_CTYPE", "NO_COLOR", "TMUX", "STY", "SSH_CONNECTION"):
        os.environ.pop(name, None)
    for name in [name for name in os.environ if name.startswith("AMLTUI_")]:
        del os.environ[name]
    for variable in ("CONFIG", "CACHE", "DATA"):
        os.environ[f"AMLTUI_{variable}_DIR"] = f"{place}/now/{variable.lower()}"
    (work / "flights-2013.csv").write_text("carrier,delay\nUA,11\n")
    os.chdir(work)
    await fill(work)
    settle(place / "now" / "data")
    shutil.rmtree(place / "now" / "cache")  # it holds the list as it was
    (place / "now").rename(fresh)
    pictures = {}
    for name in names:
        shutil.copytree(fresh, place / "now")
        pictures[name] = await picture(name, place)
        shutil.rmtree(place / "now")
    return pictures


def texts(picture: str) -> list[str]:
    """What stands on each line of a picture, and where; not in which font."""
    found = re.findall(
        r'<text [^>]*x="([\d.]+)" y="([\d.]+)"[^>]*>(.*?)</text>', picture, re.DOTALL
    )
    return [f"{y:>7} {x:>7} {html.unescape(text)}" for x, y, text in found]


def differences(name: str, picture: str) -> list[str]:
    """Where a picture says something else than the one beside this script."""
    file = HERE / f"{name}.svg"
    there = texts(file.read_text("utf-8")) if file.exists() else []
    pairs = zip_longest(there, texts(picture), fillvalue="")
    return [f"{name}.svg\n  was {old}\n  now {new}" for old, new in pairs if old != new]


def main(arguments: list[str]) -> int:
    """Write the pictures, or compare them."""
    check = arguments[:1] == ["--check"]
    target = HERE if check or not arguments else Path(arguments[0]).absolute()
    # The name of the place is on some pictures: it is always of the same length.
    place = Path(tempfile.mkdtemp(prefix="amltui-", dir="/tmp"))
    try:
        made = asyncio.run(make(arguments[1:] or list(README), place))
    finally:
        os.chdir("/")
        shutil.rmtree(place)
    if check:
        other = [line for name, picture in made.items() for line in differences(name, picture)]
        sys.stdout.write("\n".join(other))
        if other:
            sys.stdout.write(f"\n\nIf that is right: python screenshots/{Path(__file__).name}\n")
        return 1 if other else 0
    target.mkdir(parents=True, exist_ok=True)
    for name, picture in made.items():
        (target / f"{name}.svg").write_text(picture, "utf-8")
        sys.stdout.write(f"{name}.svg\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
