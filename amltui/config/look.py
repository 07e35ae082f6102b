"""How the terminal program looks.

theme = "light"      # beside `default` in config.toml, above the profiles
missing_sign = "NA"
low_traffic = true
"""

from __future__ import annotations

from typing import Any, Final

from rich.cells import cell_len

from amltui.config.profiles import profiles_file, written_at
from amltui.config.toml import read_toml
from amltui.errors import ConfigError
from amltui.text import visible

THEMES: Final = {
    "dark": "",
    "light": "",
    "contrast": "black and white with few colours",
    "ansi": "the terminal's own 16 colours",
    "auto": "dark or light, as the terminal's background is",
}
"""What there is, and what each is."""
LOW_TRAFFIC: Final = {
    "yes": "no previews and distributions unasked, transfers once a second",
    "no": "",
}
MISSING: Final = "∅"
"""What stands for a missing value, if nobody chose another sign."""
SIGN_WIDTH: Final = 4
"""Cells that such a sign may take: a column may be as narrow."""


def theme() -> str | None:
    """One of `THEMES`; None: nobody chose one.

    Raises:
        ConfigError: what is set is none of them.
    """
    value = read_toml(profiles_file()).get("theme")
    return None if value is None else theme_of(value, written_at("theme"))


def theme_of(value: Any, source: object) -> str:
    """A theme that somebody wrote, as one of `THEMES`.

    Raises:
        ConfigError: it is none of them; `source` says who wrote it.
    """
    if isinstance(value, str) and value in THEMES:
        return value
    raise ConfigError(
        f"{source} is none that there is: {value!r}",
        hint=f"Write one of {', '.join(THEMES)}.",
    )


def missing_sign() -> str:
    """What stands for a missing value. Blocks on the disk.

    Raises:
        ConfigError: what is set cannot.
    """
    value = read_toml(profiles_file()).get("missing_sign")
    return MISSING if value is None else sign_of(value, written_at("missing_sign"))


def sign_of(value: Any, source: object) -> str:
    """A sign for a missing value that somebody wrote.

    Raises:
        ConfigError: it is too wide or cannot be seen; `source` says who wrote it.
    """
    if (
        isinstance(value, str)
        and value.strip()
        and visible(value) == value
        and cell_len(value) <= SIGN_WIDTH
    ):
        return value
    raise ConfigError(
        f"{source} is no sign of 1 to {SIGN_WIDTH} cells: {value!r}", hint="Write NA, or null."
    )


def low_traffic() -> bool:
    """Whether a slow line is to be spared. Blocks on the disk.

    Raises:
        ConfigError: what is set is neither yes nor no.
    """
    value = read_toml(profiles_file()).get("low_traffic")
    return value is not None and low_traffic_of(value, written_at("low_traffic"))


def low_traffic_of(value: Any, source: object) -> bool:
    """What somebody wrote, `true`, `false`, `"yes"` or `"no"`.

    Raises:
        ConfigError: it is none of these; `source` says who wrote it.
    """
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value in LOW_TRAFFIC:
        return value == "yes"
    raise ConfigError(f"{source} is neither yes nor no: {value!r}", hint='Write "yes" or "no".')
