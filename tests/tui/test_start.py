"""The first frame: what it does without, and that it is whole although it is made once."""

from __future__ import annotations

import asyncio
import subprocess
import sys

import pytest

from amltui.tui.app import AmltuiApp
from tests.support.server import ROOT
from tests.tui.conftest import SECONDS, at_the_screen


async def test_the_first_frame_that_is_made_is_shown_and_no_empty_screen_lies_below_it(
    place, monkeypatch
):
    let_through = []
    display = AmltuiApp._display

    def watched(app, screen, renderable):
        if renderable is not None:
            let_through.append(not app._batch_count)  # what it asks before it writes
        display(app, screen, renderable)

    monkeypatch.setattr(AmltuiApp, "_display", watched)
    async with at_the_screen() as user:
        assert let_through[0]
        assert user.app.screen_stack == [user.main]


@pytest.mark.parametrize("size", [(120, 40), (80, 24), (60, 20), (170, 50)])
async def test_what_is_seen_first_has_all_styles_that_a_second_look_finds(place, size):
    app = AmltuiApp()
    async with app.run_test(size=size), asyncio.timeout(SECONDS):
        await app.tabs.drawn.wait()
        first = styles(app)
        app.stylesheet.update(app)
        assert len(first) > 20
        assert styles(app) == first


def styles(app):
    return {
        widget: (
            dict(widget.styles.base.get_rules()),
            {name: dict(of.base.get_rules()) for name, of in widget._component_styles.items()},
        )
        for widget in app.screen.walk_children(with_self=True)
    }


def test_the_first_frame_imports_nothing_of_datasets_and_of_files_that_few_have():
    code = "import sys, amltui.tui.app; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True
    )
    loaded = set(done.stdout.split())
    late = {"amltui.models", "amltui.services.session", "msgspec", "tomllib", "dateutil", "pyarrow"}
    assert not loaded & late
