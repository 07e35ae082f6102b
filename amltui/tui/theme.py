"""The two looks of the program; style sheets use only the variables that they set."""

from __future__ import annotations

from typing import Final

from textual.app import App
from textual.color import Color
from textual.theme import Theme

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
        "border": "#3a4858",
        "foreground-muted": "#9ba8b7",
        "border-blurred": "#3a4858",
        "footer-key-foreground": "#f2b84b",
        "input-selection-background": "#4c9df3 40%",
        "block-cursor-background": "#2b5f99",
        "block-cursor-foreground": "#ffffff",
        "block-cursor-blurred-background": "#263545",
        "block-cursor-blurred-foreground": "#d6dde6",
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
        "border": "#a9b6c3",
        "foreground-muted": "#54616f",
        "border-blurred": "#a9b6c3",
        "footer-key-foreground": "#9a5b00",
        "block-cursor-background": "#1a62b0",
        "block-cursor-foreground": "#ffffff",
        "block-cursor-blurred-background": "#cfdcea",
        "block-cursor-blurred-foreground": "#1d2733",
    },
)


def colour(app: App[object], name: str) -> str:
    """The theme variable `name` as `#rrggbb` on the theme's background, for Rich renderables."""
    variables = app.theme_variables
    found = Color.parse(variables[name])
    if found.a < 1:
        found = Color.parse(variables["background"]).blend(found, found.a, 1.0)
    return found.hex6
