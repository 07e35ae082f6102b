"""The looks of the program; style sheets use only the variables that they set."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from textual.app import App
from textual.color import Color
from textual.theme import Theme

Cursors = tuple[str, str, str, str]
"""Background and foreground of the cursor; and both where the focus is elsewhere."""


def _lines(*, border: str, key: str, cursors: Cursors) -> dict[str, str]:
    """The colours of frames, of keys in the footer and of the cursor."""
    return {
        "border": border,
        "border-blurred": border,
        "footer-key-foreground": key,
        "block-cursor-background": cursors[0],
        "block-cursor-foreground": cursors[1],
        "block-cursor-blurred-background": cursors[2],
        "block-cursor-blurred-foreground": cursors[3],
    }


DARK: Final = Theme(
    name="amltui-dark",
    primary="#4c9df3",
    secondary="#8fb8de",
    accent="#f2b84b",
    foreground="#d6dde6",
    background="#10151c",
    surface="#161d26",
    panel="#222c38",
    success="#5fbf7f",
    warning="#e0a33c",
    error="#f0736a",
    dark=True,
    variables={
        **_lines(
            border="#3a4858", key="#f2b84b", cursors=("#2b5f99", "#ffffff", "#263545", "#d6dde6")
        ),
        "foreground-muted": "#9ba8b7",
        "input-selection-background": "#4c9df3 40%",
        "scrollbar": "#3a4858",
        "scrollbar-background": "#161d26",
        "scrollbar-corner-color": "#161d26",
    },
)

LIGHT: Final = Theme(
    name="amltui-light",
    primary="#1a62b0",
    secondary="#3d6a96",
    accent="#9a5b00",
    foreground="#1d2733",
    background="#f5f7f9",
    surface="#ffffff",
    panel="#e4eaf0",
    success="#1d7a3d",
    warning="#8f5a00",
    error="#b3261e",
    dark=False,
    variables={
        **_lines(
            border="#a9b6c3", key="#8a5000", cursors=("#1a62b0", "#ffffff", "#cfdcea", "#1d2733")
        ),
        "foreground-muted": "#4a5663",
    },
)


CONTRAST: Final = Theme(
    name="amltui-contrast",
    primary="#6cc7ff",
    secondary="#9fe0ff",
    accent="#ffd75f",
    foreground="#ffffff",
    background="#000000",
    surface="#000000",
    panel="#1c1c1c",
    success="#7dff9b",
    warning="#ffd75f",
    error="#ff9a8f",
    dark=True,
    variables={
        **_lines(
            border="#c0c0c0", key="#ffd75f", cursors=("#ffd75f", "#000000", "#3a3a3a", "#ffffff")
        ),
        "foreground-muted": "#e0e0e0",
        "input-selection-background": "#ffd75f 40%",
        "scrollbar": "#c0c0c0",
        "scrollbar-background": "#1c1c1c",
        "scrollbar-corner-color": "#1c1c1c",
    },
)


def _ansi(name: str, *, dark: bool, accents: dict[str, str], cursors: Cursors) -> Theme:
    """The terminal's own colours: texts are its foreground on its background."""
    plain = "ansi_default"
    shades = [f"{role}-muted" for role in ("primary", "secondary", "warning", "foreground")]
    return Theme(
        name=name,
        ansi=True,
        dark=dark,
        foreground=plain,
        background=plain,
        surface=plain,
        panel=plain,
        boost=plain,
        primary=accents["primary"],
        secondary=accents["primary"],
        accent=accents["accent"],
        success=accents["success"],
        warning=accents["accent"],
        error=accents["error"],
        variables={
            **dict.fromkeys(shades, plain),
            **dict.fromkeys(("text", "text-muted", "text-disabled", "surface-lighten-1"), plain),
            "ansi-background": "ansi_black" if dark else "ansi_white",
            "ansi-foreground": "ansi_white" if dark else "ansi_black",
            **_lines(border="ansi_bright_black", key=accents["accent"], cursors=cursors),
            "input-selection-background": cursors[2],
            "input-selection-foreground": cursors[3],
            "scrollbar": accents["primary"],
            "scrollbar-hover": accents["primary"],
            "scrollbar-active": accents["primary"],
            "scrollbar-background": plain,
            "scrollbar-background-hover": plain,
            "scrollbar-background-active": plain,
            "scrollbar-corner-color": plain,
        },
    )


ANSI_DARK: Final = _ansi(
    "amltui-ansi",
    dark=True,
    accents={
        "primary": "ansi_bright_cyan",
        "accent": "ansi_bright_yellow",
        "success": "ansi_bright_green",
        "error": "ansi_bright_red",
    },
    cursors=("ansi_white", "ansi_black", "ansi_blue", "ansi_bright_white"),
)
ANSI_LIGHT: Final = _ansi(
    "amltui-ansi-light",
    dark=False,
    accents={
        "primary": "ansi_blue",
        "accent": "ansi_magenta",
        "success": "ansi_blue",
        "error": "ansi_red",
    },
    cursors=("ansi_blue", "ansi_bright_white", "ansi_white", "ansi_black"),
)
ALL: Final = (DARK, LIGHT, CONTRAST, ANSI_DARK, ANSI_LIGHT)


def named(setting: str | None, colours: str | None, light: Callable[[], bool | None]) -> Theme:
    """The theme of a setting.

    Args:
        setting: one of `amltui.config.look.THEMES`; None where nobody chose.
        colours: what the terminal has, as Rich names it. With 16 colours ours would become other
            ones, so the terminal's own stand in for those that nobody chose.
        light: asks whether the terminal's background is light.
    """
    if setting is None:
        return DARK if colours in {"truecolor", "256"} else ANSI_DARK
    if setting == "auto":
        return LIGHT if light() else DARK
    if setting == "ansi":
        return ANSI_LIGHT if light() else ANSI_DARK
    return {"dark": DARK, "light": LIGHT, "contrast": CONTRAST}[setting]


def next_of(name: str) -> Theme:
    """The theme after the one of this name."""
    names = [theme.name for theme in ALL]
    return ALL[(names.index(name) + 1) % len(ALL)]


def colour(app: App[object], name: str) -> str:
    """The theme variable `name` on the theme's background, as Rich names colours."""
    variables = app.theme_variables
    found = Color.parse(variables[name])
    if found.ansi is not None:
        return found.rich_color.name
    if found.a < 1:
        found = Color.parse(variables["background"]).blend(found, found.a, 1.0)
    return found.hex6
