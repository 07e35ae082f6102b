"""Which colours the terminal program has.

theme = "light"      # beside `default` in config.toml, above the profiles
"""

from __future__ import annotations

from typing import Final

from amltui.config.profiles import profiles_file
from amltui.config.toml import read_toml
from amltui.errors import ConfigError

THEMES: Final = ("dark", "light", "contrast", "ansi", "auto")
"""`ansi`: the terminal's own 16 colours. `auto`: dark or light, as the terminal's background is."""


def theme() -> str | None:
    """One of `THEMES`; None: nobody chose one.

    Raises:
        ConfigError: what is set is none of them.
    """
    value = read_toml(profiles_file()).get("theme")
    if value is None or value in THEMES:
        return value
    raise ConfigError(
        f"`theme` in {profiles_file()} is none that there is: {value!r}",
        hint=f"Write one of {', '.join(THEMES)}.",
    )
