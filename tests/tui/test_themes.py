"""Colours: each text is readable in each theme, and the settings choose one."""

from __future__ import annotations

import os
import sys

import pytest
from rich.color import Color as RichColor
from rich.style import Style
from textual.color import Color

from amltui.config import look
from amltui.errors import ConfigError
from amltui.tui import theme as themes
from amltui.tui.app import AmltuiApp
from amltui.tui.terminal_background import light_in
from tests.benchmarks.terminal import Terminal
from tests.support.server import ROOT
from tests.tui.conftest import Driver, at_the_screen

READABLE = 4.5
"""The least contrast of a text, as WCAG 2 (AA) computes it."""
XTERM = (
    "000000 cd0000 00cd00 cdcd00 0000ee cd00cd 00cdcd e5e5e5 "
    "7f7f7f ff0000 00ff00 ffff00 5c5cff ff00ff 00ffff ffffff"
)
VGA = (
    "000000 aa0000 00aa00 aa5500 0000aa aa00aa 00aaaa aaaaaa "
    "555555 ff5555 55ff55 ffff55 5555ff ff55ff 55ffff ffffff"
)
KEYS = {"1": "here", "colon": "Commands", "question_mark": "Keys", "u": "Upload a file"}


def luminance(color: Color) -> float:
    parts = (v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in color.normalized)
    return sum(v * share for v, share in zip(parts, (0.2126, 0.7152, 0.0722), strict=True))


def contrast(first: Color, second: Color) -> float:
    dark, light = sorted((luminance(first), luminance(second)))
    return (light + 0.05) / (dark + 0.05)


def seen(color: RichColor | None, default: str, palette: str) -> Color:
    if color is None or color.is_default:
        return Color.parse(default)
    if color.triplet is None:
        return Color.parse(f"#{palette.split()[color.number or 0]}")
    return Color.from_rich_color(color)


def hard_to_read(user: Driver, palette: str) -> list[str]:
    """Texts on the screen whose contrast is too low."""
    dark = user.app.current_theme.dark
    default = ("#ffffff", "#000000") if dark else ("#000000", "#ffffff")
    found = []
    for strip in user.app.screen._compositor.render_strips():
        for text, given, _ in strip:
            style = given or Style()
            if any(letter.isalnum() for letter in text):
                ratio = contrast(
                    seen(style.color, default[0], palette), seen(style.bgcolor, default[1], palette)
                )
                if ratio < READABLE:
                    found.append(f"{text.strip()!r}: {ratio:.2f} ({style})")
    return found


@pytest.mark.parametrize(
    ("name", "palette"),
    [(one.name, XTERM) for one in themes.ALL] + [(one.name, VGA) for one in themes.ALL if one.ansi],
)
async def test_each_text_can_be_read_in_each_theme(place, name, palette):
    async with at_the_screen() as user:
        user.app.theme = name
        await user.choose("Adult Census Income Binary Classification dataset")
        await user.press("enter")
        await user.until(lambda: "complete" in user.screen_text())
        await user.press("right", "down", "space")
        await user.until(lambda: "9 values" in user.screen_text())
        assert not hard_to_read(user, palette)
        for key, text in KEYS.items():
            await user.press(key)
            await user.until(lambda text=text: text in user.screen_text())
            assert not hard_to_read(user, palette), key
            await user.press("escape")
            await user.until(lambda: not list(user.main.query("Dialog")))
        for severity in ("information", "warning", "error"):
            user.app.notify(f"a note, {severity}", severity=severity)
            await user.until(lambda: "a note" in user.screen_text())
            assert not hard_to_read(user, palette)


async def test_without_colours_none_is_written_and_the_cursor_is_reversed(place, monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    async with at_the_screen() as user:
        await user.press("1")
        await user.pilot.pause()
        strips = user.app.screen._compositor.render_strips()
        styles = [(part.text, part.style) for strip in strips for part in strip if part.style]
        for _, style in styles:
            assert style.color is None or style.color.is_default
            assert style.bgcolor is None or style.bgcolor.is_default
        assert any("Adult" in text and style.reverse for text, style in styles)


@pytest.mark.parametrize(
    ("setting", "colours", "light", "expected"),
    [
        (None, "truecolor", None, themes.DARK),
        (None, "256", None, themes.DARK),
        (None, "standard", True, themes.ANSI_DARK),
        ("dark", "standard", True, themes.DARK),
        ("light", "truecolor", None, themes.LIGHT),
        ("contrast", "truecolor", None, themes.CONTRAST),
        ("ansi", "truecolor", None, themes.ANSI_DARK),
        ("ansi", "truecolor", True, themes.ANSI_LIGHT),
        ("auto", "truecolor", True, themes.LIGHT),
        ("auto", "truecolor", False, themes.DARK),
        ("auto", "truecolor", None, themes.DARK),
    ],
)
def test_a_setting_names_a_theme(setting, colours, light, expected):
    assert themes.named(setting, colours, lambda: light) is expected


def test_the_settings_are_asked_and_a_wrong_one_says_what_there_is(place, tmp_path):
    file = tmp_path / "config" / "config.toml"
    file.parent.mkdir()
    assert look.theme() is None
    file.write_text('theme = "light"\n')
    app = AmltuiApp()
    app.look_at_settings()
    assert app.theme == themes.LIGHT.name
    file.write_text('theme = "pink"\n')
    with pytest.raises(ConfigError, match="pink") as raised:
        look.theme()
    assert "contrast" in str(raised.value.hint)


async def test_a_wrong_theme_is_told_and_the_program_runs(place, tmp_path):
    file = tmp_path / "config" / "config.toml"
    file.parent.mkdir()
    file.write_text('theme = "pink"\n')
    app = AmltuiApp()
    app.look_at_settings()
    async with app.run_test() as pilot:
        await pilot.pause()
        assert "pink" in app.notes.said[0].text


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (b"\x1b]11;rgb:ffff/ffff/ffff\x1b\\\x1b[?62;c", True),
        (b"\x1b]11;rgb:00/10/20\x07\x1b[?1;2c", False),
        (b"\x1b]11;rgba:fdfd/f6f6/e3e3/ffff\x1b\\", True),
        (b"\x1b[?62;c", None),
    ],
)
def test_a_terminal_says_whether_it_is_light(answer, expected):
    assert light_in(answer) is expected


@pytest.mark.parametrize(
    ("answer", "expected"), [(b"ffff/ffff/ffff", themes.LIGHT), (b"0000/0000/0000", themes.DARK)]
)
def test_the_program_looks_as_its_terminal_does(place, tmp_path, answer, expected):
    file = tmp_path / "config" / "config.toml"
    file.parent.mkdir()
    file.write_text('theme = "auto"\n')
    terminal = Terminal([sys.executable, "-m", "amltui"], {"PYTHONPATH": str(ROOT)})
    try:
        asked = b""
        while not asked.endswith(b"\x1b]11;?\x1b\\\x1b[c"):
            asked += os.read(terminal.fd, 1)
        os.write(terminal.fd, b"\x1b]11;rgb:" + answer + b"\x1b\\\x1b[?62;c")
        terminal.until("Iris")
        background = terminal.screen.buffer[0][0].bg
        assert background == expected.panel.removeprefix("#")
        assert "rgb" not in "".join(terminal.screen.display)
    finally:
        terminal.close()


async def test_other_colours_leave_nothing_in_the_old_ones(place):
    async with at_the_screen() as user:
        await user.until(lambda: "complete" in user.screen_text())
        await user.press("w", "colon")
        await user.type("other colours")
        await user.press("enter")
        await user.until(lambda: user.app.theme == themes.LIGHT.name)

        def old() -> list[str]:
            """Texts that stand on dark ground."""
            strips = user.app.screen._compositor.render_strips()
            parts = [part for strip in strips for part in strip if part.style]
            grounds = [(part.text, part.style.bgcolor) for part in parts if part.style.bgcolor]
            return [text for text, of in grounds if of.triplet and max(of.triplet) < 100]

        await user.until(lambda: not old())
