"""Each screen and dialog as it is drawn: on both sizes, in the dark, in the light, without colours,
and in ASCII.

What stands there is kept as text beside this file (`looks/`). Of the looks only the styles are
kept, where they are not those of the dark one. To take them anew:

    AMLTUI_LOOKS=new python -m pytest tests/tui/test_looks.py
"""

from __future__ import annotations

import asyncio
import contextlib
import difflib
import importlib
import inspect
import os
import pkgutil
import re
import sqlite3
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, Final

import pytest
from textual.screen import Screen

import amltui.tui
from amltui.config.settings import read_settings
from amltui.services.copying import CopyStep, Way
from amltui.tables.queries.checks import Checked
from amltui.tui import theme as themes
from amltui.tui.actions.file_uploads import _guess, _look_at
from amltui.tui.dialogs.changes import ChangesScreen
from amltui.tui.dialogs.copies import CopiesScreen
from amltui.tui.dialogs.describe import DescribeScreen
from amltui.tui.dialogs.dialect import DialectScreen
from amltui.tui.dialogs.help import HelpScreen
from amltui.tui.dialogs.menu import Menu
from amltui.tui.dialogs.prompts import AskLine, AskText, Confirm
from amltui.tui.dialogs.record import RecordScreen
from amltui.tui.dialogs.settings import SettingsScreen
from amltui.tui.dialogs.show import ShowText
from amltui.tui.dialogs.upload import GivenUploadScreen, UploadScreen
from amltui.tui.dialogs.versions import VersionsScreen
from amltui.tui.plain_glyphs import ascii_of
from amltui.tui.screens.main import MainScreen
from amltui.tui.screens.too_small import TooSmallScreen
from amltui.tui.widgets.dialog import Dialog, DialogLayer, Modal
from amltui.tui.widgets.header import Header
from amltui.tui.widgets.palette import Palette
from tests.support.server import RunningServer, running_server
from tests.support.studio import Studio
from tests.tui.conftest import Driver, at_the_screen

SIZES: Final = ((120, 40), (80, 24))
KEPT: Final = Path(__file__).with_name("looks")
ANEW: Final = os.environ.get("AMLTUI_LOOKS") == "new"
CREATED: Final = 1_767_603_600_000_000
"""When all datasets were made, in microseconds: 2026-01-05 09:00."""
DATASET: Final = "towns"
FAMILY: Final = "7ccf6e10c7bb134ea6300a9cbbae3834"
WORKSPACE: Final = "596313b501d22fda8dc0da27b28c7b2c"
INSTANCE: Final = "54cd86e05e99545a4bef7047770d6f2c"
CONTENT: Final = "code,name,altitude\nABE,Lehigh Valley,393\nACT,Waco,516\n"

Open = str | Callable[[Driver], Dialog[Any]]


async def _plan(user: Driver) -> list[CopyStep]:
    dataset = user.main.dataset
    assert dataset is not None
    return [
        CopyStep(dataset, dataset.name, None, Way.MACHINE),
        CopyStep(dataset, "taken", dataset, Way.MACHINE),
    ]


async def _checked() -> Checked:
    return Checked((2, 3), (), ())


async def _changed(_key: str, _value: str | None) -> Any:
    return read_settings()


def _dataset(user: Driver) -> Any:
    return user.main.dataset


def _given(user: Driver) -> Dialog[Any]:
    file = Path("new.csv")
    return GivenUploadScreen(
        _guess, _look_at, taken=lambda _: None, title="A copy", path=file, proposed="new"
    )


SCENES: Final[dict[str, tuple[type, Open, str]]] = {
    # name: what is seen, the key that opens it or how it is made, a text that it has then
    "main": (MainScreen, "", "complete"),
    "palette": (Palette, "colon", "Commands"),
    "help": (HelpScreen, "question_mark", "Keys"),
    "upload": (UploadScreen, "u", "Upload a file"),
    "rename": (AskLine, "r", "Rename"),
    "describe": (AskText, "e", "Description of"),
    "copy": (Menu, "y", "enter choose"),
    "versions": (VersionsScreen, "V", "esc"),
    "settings": (
        SettingsScreen,
        lambda _: SettingsScreen("/home/ann/config.toml", read_settings(), _changed),
        "low_traffic",
    ),
    "record": (RecordScreen, "o", "Lehigh"),
    "cell": (ShowText, "enter", "esc"),
    "dialect": (DialectScreen, "X", "delimiter"),
    "confirm": (
        Confirm,
        lambda _: Confirm("Fetch all?", "The whole content has 2.0 GiB.", yes="fetch"),
        "2.0 GiB",
    ),
    "tags": (DescribeScreen, lambda user: DescribeScreen(_dataset(user), {}), "KEY=VALUE"),
    "copies": (
        CopiesScreen,
        lambda user: CopiesScreen(2, "team", lambda: _plan(user)),
        "taken",
    ),
    "changes": (
        ChangesScreen,
        lambda _: ChangesScreen(DATASET, _checked, must=False, at_once=True),
        "3",
    ),
    "given": (GivenUploadScreen, _given, "A copy"),
}
"""All that can lie on the screen; `test_each_screen_is_looked_at` says what lacks."""


def test_each_screen_is_looked_at():
    for module in pkgutil.walk_packages(amltui.tui.__path__, "amltui.tui."):
        importlib.import_module(module.name)
    known = {
        kind
        for base in (Screen, Modal)
        for kind in _below(base)
        if kind.__module__.startswith("amltui.tui.") and not inspect.isabstract(kind)
    }
    looked_at = {kind for kind, _, _ in SCENES.values()} | {TooSmallScreen}
    assert known - {Dialog} == looked_at


def _below(kind: type) -> Iterator[type]:
    for one in kind.__subclasses__():
        yield one
        yield from _below(one)


@pytest.fixture(scope="module")
def server(tmp_path_factory) -> Iterator[RunningServer]:
    """With datasets of one day, that of these tests with ids that it had once."""
    with running_server(tmp_path_factory.mktemp("workspace")) as running:
        studio = Studio(running)
        made = studio.create(DATASET, CONTENT.encode(), Owner="Ann")
        studio.close()
        with closing(sqlite3.connect(running.data / "workspace.sqlite", timeout=60)) as database:
            database.execute("UPDATE families SET id = ? WHERE id = ?", (FAMILY, made["FamilyId"]))
            database.execute(
                "UPDATE instances SET id = ?, family_id = ? WHERE id = ?",
                (f"{running.workspace_id}.{FAMILY}.{INSTANCE}", FAMILY, made["Id"]),
            )
            database.execute("UPDATE instances SET created = ?", (CREATED,))
            database.commit()
        yield running


@pytest.fixture
def place(place: Path, server: RunningServer, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where nothing says where it is."""
    for name in ("SSH_CONNECTION", "LC_ALL", "LC_CTYPE"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {"LANG": "C.UTF-8", "TZ": "UTC", "COLORTERM": "truecolor"}.items():
        monkeypatch.setenv(name, value)
    (place / "new.csv").write_text(CONTENT)
    return place


async def test_each_screen_looks_as_it_did_in_the_dark_and_in_the_light(place):
    async with ready() as user:
        for size in SIZES:
            await user.pilot.resize_terminal(*size)
            text, styles = await looks(user)
            compare("text", size, text)
            compare("dark", size, styles)
        user.app.theme = themes.LIGHT.name
        for size in SIZES:
            await user.pilot.resize_terminal(*size)
            text, styles = await looks(user)
            compare("text", size, text, other=True)
            compare("light", size, styles)


async def test_each_screen_looks_as_it_did_in_ascii_without_colours(place, monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("LC_ALL", "C")
    async with ready() as user:
        for size in SIZES:
            await user.pilot.resize_terminal(*size)
            text, styles = await looks(user)
            compare("ascii", size, differences(size, text))
            compare("plain", size, styles)


async def test_a_terminal_that_is_too_small_says_so(place):
    async with at_the_screen((40, 10)) as user:
        await user.until(lambda: isinstance(user.app.screen, TooSmallScreen))
        await user.until(lambda: "too small" in user.screen_text())
        compare("text", (40, 10), {"too small": shown(user)[0]})


@contextlib.asynccontextmanager
async def ready() -> AsyncIterator[Driver]:
    """The program with the dataset of these tests open, and nothing under way."""
    async with at_the_screen(SIZES[0]) as user:
        await user.choose(DATASET)
        await user.press("enter")
        await user.until(
            lambda: "complete" in user.screen_text() and "2 values" in user.screen_text()
        )
        yield user


async def looks(user: Driver) -> tuple[dict[str, str], dict[str, str]]:
    """Open each in turn: the texts, and the styles with how many cells have them."""
    texts: dict[str, str] = {}
    styles: dict[str, str] = {}
    layer, palette = user.main.query_one(DialogLayer), user.main.query_one(Palette)
    for scene, (kind, opens, wanted) in SCENES.items():
        asking = None
        if callable(opens):
            asking = asyncio.create_task(user.main.ask(opens(user)))
        elif opens:
            await user.press(opens)
        if issubclass(kind, Dialog):
            await user.until(lambda kind=kind: type(layer.shown) is kind)
        await user.until(lambda wanted=wanted: wanted in user.screen_text())
        texts[scene], styles[scene] = await settled(user)
        while layer.shown is not None or palette.display:
            await user.press("escape")
        if asking is not None:
            await asking
    return texts, styles


async def settled(user: Driver) -> tuple[str, str]:
    """What is seen once nothing changes any more."""
    before, same = shown(user), 0
    while same < 2:
        await user.pilot.pause(0.05)
        now = shown(user)
        before, same = now, same + 1 if now == before else 0
    return before


def shown(user: Driver) -> tuple[str, str]:
    """The text on the screen, and which cells have which style."""
    for header in user.app.screen.query(Header):
        header.change(latency=0.003, cache_used=5_200_000)
    lines, styles = [], Counter[str]()
    strips = user.app.screen._compositor.render_strips()
    over = [one for one in user.app.screen.query(Modal) if one.display]
    if over:  # what lies behind is seen without it
        place = over[-1].region
        strips = [strips[y].crop(place.x, place.right) for y in place.line_range] + strips[-1:]
    for strip in strips:
        lines.append("".join(part.text for part in strip).rstrip())
        for part in strip:
            if part.style is not None:
                styles[str(part.style)] += part.cell_length
    own = os.environ["AMLTUI_WORKSPACE_ID"]

    def of_once(found: re.Match[str]) -> str:
        """The id of a workspace that was made just now, of which a line may hold a piece."""
        at = own.find(found[0])
        return found[0] if at < 0 else WORKSPACE[at : at + len(found[0])]

    text = re.sub(r"[0-9a-f]{6,}", of_once, "\n".join(lines))
    text = re.sub(r"127\.0\.0\.1:\d{5}", "127.0.0.1:50000", text)
    return text, "\n".join(f"{count:>5} {style}" for style, count in sorted(styles.items()))


def differences(size: tuple[int, int], found: dict[str, str]) -> dict[str, str]:
    """Lines that have other words in ASCII; of all others the signs only are others."""
    kept = re.split(r"^=== (.*)\n", kept_file("text", size).read_text("utf-8"), flags=re.MULTILINE)
    texts = dict(zip(kept[1::2], kept[2::2], strict=True))
    other = {}
    for name, text in found.items():
        pairs = zip(ascii_lines(texts[name]), ascii_lines(text), strict=True)
        other[name] = "\n".join(now for usual, now in pairs if now != usual)
        assert other[name].isascii(), name
    return other


def ascii_lines(text: str) -> list[str]:
    """As `plain_glyphs` sends them to the terminal."""
    return ["".join(map(ascii_of, line)) for line in text.rstrip("\n").split("\n")]


def kept_file(look: str, size: tuple[int, int]) -> Path:
    """Where a look is kept."""
    return KEPT / f"{look}-{size[0]}x{size[1]}.txt"


def compare(
    look: str, size: tuple[int, int], found: dict[str, str], *, other: bool = False
) -> None:
    """Hold it against what is kept, or keep it. `other`: of another look, which keeps none."""
    file = kept_file(look, size)
    now = "".join(f"=== {name}\n{text}\n" for name, text in found.items())
    if ANEW and not other:
        KEPT.mkdir(exist_ok=True)
        file.write_text(now, "utf-8")
    kept = file.read_text("utf-8")
    lines = difflib.unified_diff(
        kept.splitlines(), now.splitlines(), "kept", "now", n=2, lineterm=""
    )
    assert not (said := "\n".join(lines)), f"{file.name}\n{said}"
