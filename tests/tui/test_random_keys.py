"""Keys that nobody would press in that order: the program stands, answers and harms nothing.

The keys follow from a seed. `AMLTUI_TEST_KEYS=20000` presses more of them than the gate does. A
failure prints the seed and the last keys.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import random
import sys
import threading
import time
import traceback
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from textual.events import Key

from amltui.errors import AmltuiError
from amltui.services.session import open_session
from amltui.tui.actions import datasets, listing
from amltui.tui.app import AmltuiApp
from amltui.tui.screens.main import MainScreen
from amltui.tui.screens.pane_layout import too_small
from amltui.tui.widgets.dialog import Dialog
from amltui.tui.widgets.palette import Palette
from tests.support.proxy import Fault, fault_proxy
from tests.support.server import RunningServer
from tests.tui.conftest import SECONDS, Driver

KEYS = int(os.environ.get("AMLTUI_TEST_KEYS", "3000"))
PROGRAMS = 4
"""Starts of the program over which the keys are spread, each with a seed of its own."""
FREEZE = 0.25
"""Seconds of processor time that one step of the program may take: no key is answered meanwhile.

A machine that does other work at the time counts more of them, see `slowness`."""
ROUND = 60
"""Keys after which everything has to be left by escape."""
SIZES = ((120, 40), (80, 24), (200, 60), (60, 20), (30, 8), (100, 15))

MOVES = (
    *("up", "down", "left", "right", "pageup", "pagedown", "home", "end"),
    *("tab", "shift+tab", "enter", "enter", "escape", "space"),
)
CONTROLS = (*(f"ctrl+{letter}" for letter in "sntrjdufbpl"), "f1", "f2")
LETTERS = "jkhlgGduUreDVzRSiwsImnNcoEFXyfvxCOW p1234Q"
SIGNS = {
    "/": "slash", "&": "ampersand", ":": "colon", "?": "question_mark", "[": "left_square_bracket",
    "]": "right_square_bracket", "-": "minus", "_": "underscore", "+": "plus", "=": "equals_sign",
    ">": "greater_than_sign", "<": "less_than_sign", "*": "asterisk", "$": "dollar_sign",
    "}": "right_curly_bracket", "{": "left_curly_bracket", " ": "space",
    ".": "full_stop", "~": "tilde", '"': "quotation_mark",
}  # fmt: skip
TEXTS = (
    "iris",
    "1200",
    "90%",
    "age>50",
    "nosuch>5",
    "a",
    "",
    "select * from data",
    "own.csv",
    "zz",
)
# Not pressed: q, which ends the program, and what gives the terminal away, which no test has (P).


def pressed(keys: random.Random) -> list[Key]:
    """What a person does next: a key, or a text."""
    kind = keys.random()
    if kind < 0.45:
        letter = keys.choice(LETTERS + "".join(SIGNS))
        return [key(letter)]
    if kind < 0.85:
        return [Key(keys.choice(MOVES), None)]
    if kind < 0.93:
        return [Key(keys.choice(CONTROLS), None)]
    return [key(letter) for letter in keys.choice(TEXTS)]


def key(letter: str) -> Key:
    return Key(SIGNS.get(letter, letter), letter)


def piece_of_work() -> float:
    """Seconds of processor time of some work that is always the same."""
    began = time.thread_time()
    sum(len(str(number)) for number in range(30_000))
    return time.thread_time() - began


ALONE = min(piece_of_work() for _ in range(20))


def slowness() -> float:
    """How many times longer work takes at this moment than the quickest time that was seen."""
    return max(1.0, piece_of_work() / ALONE)


@contextlib.contextmanager
def steps_measured() -> Iterator[list[tuple[float, str]]]:
    """The longest steps of the event loop, in processor time of its own thread."""
    found: list[tuple[float, str]] = []
    run = asyncio.events.Handle._run
    here, over = threading.get_ident(), threading.Event()
    step, stacks = [0.0], [""]

    def measured(handle: asyncio.events.Handle) -> None:
        stacks[0] = ""
        began, step[0] = time.thread_time(), time.monotonic()
        run(handle)
        step[0] = 0.0
        took = time.thread_time() - began
        if took > FREEZE and (took := took / slowness()) > FREEZE:
            found.append((took, f"{handle!r}\n{stacks[0]}"))

    def watch() -> None:
        """Note where a long step is."""
        while not over.wait(FREEZE / 5):
            if step[0] and time.monotonic() - step[0] > FREEZE / 2 and not stacks[0]:
                frame = sys._current_frames().get(here)
                stacks[0] = "".join(traceback.format_stack(frame, limit=14)) if frame else ""

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    asyncio.events.Handle._run = measured
    try:
        yield found
    finally:
        asyncio.events.Handle._run = run
        over.set()
        watcher.join()


async def contents() -> dict[str, str | None]:
    """The hash of what each family has."""
    async with open_session() as session:
        return {one.key: one.sha256 for one in (await session.current_list()).datasets}


class Person(Driver):
    """Presses keys, notes what was confirmed, and leaves everything by escape."""

    def __init__(self, app, pilot, seed: int) -> None:
        super().__init__(app, pilot)
        self.keys = random.Random(seed)
        self.said: list[str] = []
        self.confirmed: list[str] = []
        self.unexpected: list[str] = []
        self._heard: set[MainScreen] = set()
        report = app.report

        def reported(error: Exception, **where) -> None:
            if not isinstance(error, AmltuiError):
                self.unexpected.append("".join(traceback.format_exception(error)))
            report(error, **where)

        app.report = reported

    async def open_another(self, place: str) -> None:
        """Have a second workspace open, and the one that was seen before still seen."""
        if len(self.app.tabs.tabs) == 1:
            here, there = self.main, None if self.app.tabs.tabs[0].place else place
            self.app.tabs.open(there)
            await self.until(lambda: self.main is not here and self.names)
            self.listen()
            self.app.tabs.step(1)
            await self.until(lambda: self.main is here)

    def listen(self) -> None:
        """Note what dialogs are answered with, also in a workspace that was gone to."""
        main = next((s for s in self.app.screen_stack if isinstance(s, MainScreen)), None)
        if main is None or main in self._heard:
            return
        self._heard.add(main)
        ask = main.ask

        async def asked(dialog):
            answer = await ask(dialog)
            if answer is not None:
                title = getattr(dialog, "_title", "")
                chosen = answer if isinstance(answer, str) else ""
                self.confirmed.append(f"{type(dialog).__name__} {title}: {chosen}")
            return answer

        main.ask = asked

    async def press_some(self) -> int:
        self.listen()
        events = pressed(self.keys)
        for event in events:
            self.said.append(event.key)
            self.app.post_message(event)
        await self.pilot.pause(0.001)
        return len(events)

    async def resize(self, size: tuple[int, int]) -> None:
        self.said.append(f"{size[0]}x{size[1]}")
        await self.pilot.resize_terminal(*size)

    async def leave_all(self) -> None:
        """Escape, again and again, leaves every screen; the program still stands."""
        if too_small(*self.app.size):
            await self.resize((120, 40))
        async with asyncio.timeout(SECONDS):
            while not self.at_the_list():
                self.app.post_message(Key("escape", None))
                await self.pilot.pause(0.01)

    def waiting(self) -> str:
        """What keys wait for."""
        app = self.app
        work = [worker for worker in self.main.workers if not worker.is_finished]
        return (
            f"typed {len(app._typed)}, on its trip {app._in_flight} to {app._sent_to}, "
            f"held {app._held is not None}, focus {app.focused}, work {work}"
        )

    def at_the_list(self) -> bool:
        main = self.main
        return (
            self.app.screen is main
            and not any(d.display for d in main.query(Dialog).results())
            and not main.query_one(Palette).display
            and not main.preview.line.display
            and not main._panes.state.zoomed
            and main.datasets.list.has_focus
            and not main.datasets.filtering
            and not self.app._typed
        )


@pytest.fixture
async def own(place):
    """A dataset that could be deleted, and a file that could be overwritten."""
    (place / "own.csv").write_text("n,word\n" + "".join(f"{n},w{n % 7}\n" for n in range(3_000)))
    async with open_session() as session:
        made = await session.upload(place / "own.csv", name="own.csv", data_type_id="GenericCSV")
        yield made
        for dataset in (await session.current_list()).datasets:
            if not dataset.is_example:
                await session.edits.delete(dataset)


async def press_all(
    server: RunningServer, monkeypatch: pytest.MonkeyPatch, seed: int, another: str
) -> tuple[str, list[str]]:
    """A program from its start to its end: where it froze, if it did, and what was confirmed."""
    line = "good"
    faults = {
        "good": None,
        "away": Fault(lose_answer=True),
        "revoked": Fault(answer=(401, {}, b"{}")),
        "broken": Fault(answer=(500, {}, b"no JSON")),
    }
    async with fault_proxy(urlsplit(server.endpoint).port, lambda _: faults[line]) as proxy:
        monkeypatch.setenv("AMLTUI_ENDPOINT", proxy.endpoint)
        app = AmltuiApp()
        gc.collect()
        with steps_measured() as slow:
            async with app.run_test(size=(120, 40)) as pilot:
                person = Person(app, pilot, seed)
                await person.until(lambda: person.names)
                await person.open_another(another)
                slow.clear()  # the first frame has its own bound
                count = since = 0
                while count < KEYS // PROGRAMS:
                    done = await person.press_some()
                    count, since = count + done, since + done
                    chance = person.keys.random()
                    if chance < 0.01:
                        await person.resize(person.keys.choice(SIZES))
                        # It draws every cell anew: no key waits for more than that one frame.
                        slow[:] = [step for step in slow if step[0] > 3 * FREEZE]
                    elif chance < 0.02:
                        line = person.keys.choice(list(faults))
                        person.said.append(f"({line})")
                    if since >= ROUND:
                        since = 0
                        try:
                            await person.leave_all()
                        except TimeoutError:
                            pytest.fail(
                                f"Escape leads nowhere, seed {seed}, after {person.said[-80:]}\n"
                                f"{person.waiting()}\n"
                                f"{person.screen_text()}"
                            )
                        await person.open_another(another)
                told = f"seed {seed}: {person.said[-100:]}"
                assert not person.unexpected, told + "\n" + person.unexpected[0]
                froze = f"{max(slow)[0]:.2f} s in {max(slow)[1]}\n{told}" if slow else ""
    return froze, person.confirmed


@pytest.mark.slow  # some thousand keys, each with all that it brings about
@pytest.mark.parametrize("seed", range(PROGRAMS))
async def test_no_key_at_no_time_ends_freezes_or_harms(place, server, own, monkeypatch, seed):
    monkeypatch.setattr(listing, "POLL", 0.5)
    monkeypatch.setattr(listing, "RETRY", 0.2)
    monkeypatch.setattr(datasets, "TAKEN_BACK", 0.2)

    async def nothing(*_):
        return 0

    monkeypatch.setattr("amltui.tui.actions.copy_menu.show_plainly", nothing)
    before = await contents()
    file = (place / "own.csv").read_bytes()
    another = place.parent / "another"
    another.mkdir()
    (another / "words.csv").write_bytes(file)
    froze, said = await press_all(server, monkeypatch, seed, another.as_uri())
    if froze:
        # A busy machine may keep any step from going on, and what it takes from a virtual one is
        # counted as time of the step. What the program takes too long for comes again.
        froze, again = await press_all(server, monkeypatch, seed, another.as_uri())
        said += again
    assert not froze, froze
    confirmed = "\n".join(said)
    monkeypatch.setenv("AMLTUI_ENDPOINT", server.endpoint)
    after = await contents()
    if "AskLine Delete" not in confirmed:
        assert set(before) <= set(after)
    if "UploadScreen" not in confirmed and "VersionsScreen" not in confirmed:
        assert all(after[key] == digest for key, digest in before.items() if key in after)
    if "The file is there already: o" not in confirmed:
        assert (place / "own.csv").read_bytes() == file
