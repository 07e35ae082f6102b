"""Writing only what changed: the terminal must show what it would show if all were written."""

from __future__ import annotations

import os
import sys
from random import Random
from typing import BinaryIO

import pyte
import pytest
from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from textual._compositor import ChopsUpdate, LayoutUpdate
from textual.geometry import Region
from textual.strip import Strip

from amltui.tui.screen_diff import ScreenMemory
from tests.benchmarks.terminal import KEYS, Terminal
from tests.support.screens import same, shown
from tests.support.server import ROOT

CUTS = (0, 7, 20, 31, 36)
"""Where the pieces of a line begin, and its width. What is drawn too wide stays off the edge."""
HEIGHT = 4
CONSOLE = Console(color_system="truecolor", force_terminal=True, legacy_windows=False)
STYLES = [
    None,
    Style(color="red"),
    Style(color="#102030", bgcolor="#ffeedd"),
    Style(bgcolor="#ffeedd", bold=True),
    Style(reverse=True, color="blue"),
    Style(underline=True, italic=True, bgcolor="color(200)"),
    Style(strike=True),
    Style(bold=True, color="bright_white", bgcolor="black"),
]
PLAIN = [
    "a",
    "b",
    " ",
    "  ",
    "     ",
    "é",
    "│",
    "━",
    "●",
    "▂",
    "漢",
    "字",
    "한",
    "ﾊ",
    "\uff37",
    "、",
]
UNCERTAIN = ["e\u0301", "👍", "👍🏽", "👩\u200d👩\u200d👧", "⚠\ufe0f", "☺", "\u200d", "ก\u0e49"]


def strip(random: Random, parts: list[str], width: int) -> Strip:
    segments = [
        Segment("".join(random.choices(parts, k=random.randrange(9))), random.choice(STYLES))
        for _ in range(random.randrange(4))
    ]
    return Strip(segments).adjust_cell_length(width, STYLES[2])


def pieces(random: Random, parts: list[str]) -> dict[tuple[int, int], Strip]:
    """Some pieces of a screen, by line and number of the piece; the last is always plain."""
    last = len(CUTS) - 2
    return {
        (y, at): strip(random, parts if at < last else PLAIN[:3], CUTS[at + 1] - CUTS[at])
        for y in range(HEIGHT)
        for at in range(last + 1)
        if random.random() < 0.4
    }


class Emulated:
    def __init__(self) -> None:
        self.screen = pyte.Screen(CUTS[-1], HEIGHT)
        self.stream = pyte.Stream(self.screen)
        self.screen.reset_mode(7, private=True)  # Textual ends the wrapping of lines

    def feed(self, text: str) -> None:
        self.stream.feed(text)


def whole(frame: dict[tuple[int, int], Strip]) -> LayoutUpdate:
    lines = [[frame[y, at] for at in range(len(CUTS) - 1)] for y in range(HEIGHT)]
    return LayoutUpdate(list(lines), Region(0, 0, CUTS[-1], HEIGHT))


def part(changed: dict[tuple[int, int], Strip]) -> ChopsUpdate:
    chops = [{CUTS[at]: changed.get((y, at)) for at in range(len(CUTS) - 1)} for y in range(HEIGHT)]
    spans = [(y, CUTS[at], CUTS[at + 1]) for y, at in sorted(changed)]
    return ChopsUpdate(chops, spans, [list(CUTS[1:])] * HEIGHT)


EMPTY = {
    (y, at): Strip.blank(CUTS[at + 1] - CUTS[at])
    for y in range(HEIGHT)
    for at in range(len(CUTS) - 1)
}


@pytest.mark.parametrize("seed", range(100))
def test_a_screen_after_changes_is_the_one_written_anew(seed):
    random = Random(seed)
    memory, terminal, frame = ScreenMemory(), Emulated(), dict(EMPTY)
    terminal.feed(memory.changes(whole(frame), CONSOLE))
    for _ in range(6):
        changed = pieces(random, PLAIN + UNCERTAIN)
        frame |= changed
        update = part(changed) if changed and random.random() < 0.7 else whole(frame)
        terminal.feed(memory.changes(update, CONSOLE))
        anew = Emulated()
        anew.feed(ScreenMemory().changes(whole(frame), CONSOLE))
        assert shown(terminal.screen) == shown(anew.screen)


@pytest.mark.parametrize("seed", range(50))
def test_a_screen_of_certain_characters_is_the_one_that_textual_writes(seed):
    random = Random(seed)
    memory, terminal, frame = ScreenMemory(), Emulated(), dict(EMPTY)
    terminal.feed(memory.changes(whole(frame), CONSOLE))
    for _ in range(6):
        changed = pieces(random, PLAIN)
        frame |= changed
        terminal.feed(memory.changes(part(changed) if changed else whole(frame), CONSOLE))
        theirs = Emulated()
        theirs.feed(whole(frame).render_segments(CONSOLE))
        assert shown(terminal.screen) == shown(theirs.screen)


def test_what_stands_there_already_is_not_written():
    memory = ScreenMemory()
    frame = EMPTY | {(1, 1): Strip([Segment("Iris", STYLES[1])]).adjust_cell_length(13)}
    assert "Iris" in memory.changes(whole(frame), CONSOLE)
    assert memory.changes(whole(frame), CONSOLE) == ""
    frame |= {(1, 1): Strip([Segment("Iron", STYLES[1])]).adjust_cell_length(13)}
    assert memory.changes(whole(frame), CONSOLE) == "\x1b[2;10H\x1b[31mon\x1b[m"
    memory.forget()
    assert "Iron" in memory.changes(whole(frame), CONSOLE)


def test_a_line_is_written_to_its_end_behind_a_character_of_uncertain_width():
    memory = ScreenMemory()
    frame = EMPTY | {
        (1, 1): Strip([Segment("a👍🏽")]).adjust_cell_length(13),
        (1, 2): Strip([Segment("behind")]).adjust_cell_length(11),
    }
    memory.changes(whole(frame), CONSOLE)
    frame |= {(1, 1): Strip([Segment("a👍")]).adjust_cell_length(13)}
    written = memory.changes(part({(1, 1): frame[1, 1]}), CONSOLE)
    assert written.startswith("\x1b[2;8Ha")
    assert "behind" in written
    before = {(1, 0): Strip([Segment("before")]).adjust_cell_length(7)}
    assert memory.changes(part(before), CONSOLE) == "\x1b[2Hbefore"


def test_what_cuts_a_wide_character_in_half_clears_its_other_half():
    memory, terminal = ScreenMemory(), Emulated()
    frame = EMPTY | {(1, 0): Strip([Segment("     漢")]).adjust_cell_length(7)}
    terminal.feed(memory.changes(whole(frame), CONSOLE))
    chops = [{0: None, 6: Strip([Segment("x")], 1)} for _ in range(HEIGHT)]
    update = ChopsUpdate(chops, [(1, 6, 7)], [[6, 7, CUTS[-1]]] * HEIGHT)
    terminal.feed(memory.changes(update, CONSOLE))
    assert terminal.screen.display[1].rstrip() == "      x"


RECORDER = """
import os, sys
from amltui.tui.app import AmltuiApp
from amltui.tui.screen_diff import ScreenMemory

changes = ScreenMemory.changes
anew = open(os.environ["ANEW"], "a", encoding="utf-8", newline="")

def record(self, update, console):
    anew.write(update.render_segments(console))
    anew.flush()
    return changes(self, update, console)

ScreenMemory.changes = record
AmltuiApp().run()
"""
"""The program, which also writes each update to a file as Textual would."""

SCRIPT: list[bytes] = [
    *(KEYS["down"], KEYS["down"], b"k", b"+", b"+", b"/", b"i", b"r", b"\x1b"),
    *(b"\r", KEYS["down"], KEYS["page down"], KEYS["right"], b"]", b"\x1b", b"y", b"\x1b"),
    *(b"I", b"\x1b", b"i", b"i", b"?", KEYS["page down"], b"\x1b", b":", b"c", b"o", b"\x1b"),
    *(b"&", b"3", b"\r", b"\x1b", b"X", b"\x1b", b"1", b"u", b"x", b"\x1b", b"r", b"\x1b"),
    *(b"e", b"\x1b", b"w", b"1", b"D", b"\x1b", b"V", b"\x1b", b"2", b"\x0c"),
]


@pytest.mark.parametrize("size", [(120, 40), (80, 24)])
def test_each_key_leaves_the_screen_that_whole_repaints_would(place, tmp_path, size):
    record = tmp_path / "anew"
    record.touch()
    terminal = Terminal(
        [sys.executable, "-c", RECORDER],
        {"PYTHONPATH": str(ROOT), "ANEW": str(record)},
        size=size,
    )
    try:
        with record.open("rb") as updates:
            theirs = Recorded(updates, size)
            terminal.until("Iris")
            for number, key in enumerate(SCRIPT):
                os.write(terminal.fd, key)
                assert same(terminal, theirs.read), f"after key {number}, {key!r}"
    finally:
        terminal.close()


class Recorded:
    """The screen that the recorder's updates make."""

    def __init__(self, updates: BinaryIO, size: tuple[int, int]) -> None:
        self.file = updates
        self.screen = pyte.Screen(*size)
        self.screen.reset_mode(7, private=True)
        self.stream = pyte.ByteStream(self.screen)

    def read(self) -> pyte.Screen:
        self.stream.feed(self.file.read())
        return self.screen
