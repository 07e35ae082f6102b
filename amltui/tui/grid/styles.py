"""The grid's colours: its component classes, their default style, and the styles of a frame."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from rich.style import Style

COMPONENTS: Final = frozenset(
    {
        "grid--cursor",
        "grid--hover",
        "grid--fixed",
        "grid--fixed-cursor",
        "grid--header",
        "grid--header-cursor",
        "grid--header-hover",
        "grid--odd-row",
        "grid--even-row",
        "grid--label",
        "grid--line",
        "grid--type",
        "grid--misfit",
        "grid--summary",
        "grid--missing",
        "grid--empty",
        "grid--selection",
        "grid--match",
        "grid--malformed",
    }
)

CSS: Final = """
Grid {
    background: $surface;
    color: $foreground;
    height: 1fr;
    width: 1fr;
    scrollbar-size-vertical: 1;

    & > .grid--header {
        background: $panel;
        color: $foreground;
        text-style: bold;
    }
    & > .grid--header-cursor {
        background: $primary-muted;
        color: $text-primary;
    }
    & > .grid--header-hover {
        background: $accent-muted;
    }
    & > .grid--type {
        color: $text-secondary;
        text-style: not bold;
    }
    & > .grid--misfit {
        color: $text-warning;
        text-style: not bold;
    }
    & > .grid--summary {
        color: $text-accent;
        text-style: not bold;
    }
    & > .grid--label {
        color: $foreground-muted;
    }
    & > .grid--line {
        color: $foreground 40%;
    }
    & > .grid--fixed {
        background: $panel;
        color: $foreground;
    }
    & > .grid--fixed-cursor {
        background: $block-cursor-blurred-background;
        color: $foreground;
    }
    & > .grid--odd-row {
        background: $surface;
    }
    & > .grid--even-row {
        background: $surface-lighten-1;
    }
    & > .grid--cursor {
        background: $block-cursor-blurred-background;
        color: $block-cursor-blurred-foreground;
        text-style: $block-cursor-blurred-text-style;
    }
    & > .grid--hover {
        background: $block-hover-background;
    }
    & > .grid--missing {
        color: $foreground-muted;
        text-style: italic;
    }
    & > .grid--empty {
        color: $foreground-muted;
        text-style: italic;
    }
    & > .grid--selection {
        background: $secondary-muted;
        color: $foreground;
    }
    & > .grid--match {
        background: $warning-muted;
        color: $text-warning;
        text-style: bold underline;
    }
    & > .grid--malformed {
        color: $text-error;
    }
    &:focus > .grid--cursor, &:focus > .grid--fixed-cursor {
        background: $block-cursor-background;
        color: $block-cursor-foreground;
        text-style: $block-cursor-text-style;
    }
    &:nocolor {
        & > .grid--cursor, & > .grid--fixed-cursor {
            text-style: reverse;
        }
        & > .grid--header-cursor, & > .grid--selection {
            text-style: underline;
        }
        & > .grid--match {
            text-style: bold underline;
        }
        & > .grid--label, & > .grid--type, & > .grid--line {
            text-style: dim;
        }
    }
}
"""


@dataclass(frozen=True, slots=True)
class GridStyles:
    """Styles of a frame: some whole, some (marked so) to lay over another."""

    base: Style
    odd: Style
    even: Style
    header: Style
    cursor: Style
    fixed_cursor: Style
    fixed: Style
    """Over a row's style, as are all that follow."""
    label: Style
    line: Style
    header_cursor: Style
    header_hover: Style
    hover: Style
    kind: Style
    misfit: Style
    summary: Style
    missing: Style
    empty: Style
    selection: Style
    match: Style
    malformed: Style

    @classmethod
    def of(
        cls, base: Style, whole: Callable[[str], Style], part: Callable[[str], Style]
    ) -> GridStyles:
        """Styles in which `whole` and `part` give a component's style."""
        return cls(
            base=base,
            odd=whole("grid--odd-row"),
            even=whole("grid--even-row"),
            header=whole("grid--header"),
            cursor=whole("grid--cursor"),
            fixed_cursor=whole("grid--fixed-cursor"),
            fixed=part("grid--fixed"),
            label=part("grid--label"),
            line=part("grid--line"),
            header_cursor=part("grid--header-cursor"),
            header_hover=part("grid--header-hover"),
            hover=part("grid--hover"),
            kind=part("grid--type"),
            misfit=part("grid--misfit"),
            summary=part("grid--summary"),
            missing=part("grid--missing"),
            empty=part("grid--empty"),
            selection=part("grid--selection"),
            match=part("grid--match"),
            malformed=part("grid--malformed"),
        )
