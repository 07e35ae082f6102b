"""How much of the disk the cache may take: `AMLTUI_CACHE_QUOTA`, or `cache_quota` in the settings.

cache_quota = "20 GiB"      # beside `default` in config.toml, above the profiles
"""

from __future__ import annotations

import os
import re
from typing import Final

from amltui.config.profiles import profiles_file
from amltui.config.toml import read_toml
from amltui.errors import ConfigError

VARIABLE: Final = "AMLTUI_CACHE_QUOTA"
_SIZE: Final = re.compile(r"\s*(\d+(?:\.\d+)?)\s*(?:([kmgt])(i?)b?|b)?\s*", re.IGNORECASE)
_POWERS: Final = {"k": 1, "m": 2, "g": 3, "t": 4}


def cache_quota() -> int | None:
    """The quota in bytes; None: nobody set one.

    Raises:
        ConfigError: what is set is no size.
    """
    if text := os.environ.get(VARIABLE, "").strip():
        return _bytes(text, VARIABLE)
    value = read_toml(profiles_file()).get("cache_quota")
    return None if value is None else _bytes(str(value), f"`cache_quota` in {profiles_file()}")


def _bytes(text: str, source: str) -> int:
    """`20 GiB` (powers of 1024), `20 GB` (of 1000) or a number of bytes."""
    match = _SIZE.fullmatch(text)
    if match is None:
        raise ConfigError(f"{source} is no size: {text!r}", hint="A size looks like 20 GiB.")
    number, unit, binary = match.groups()
    return int(float(number) * (1024 if binary else 1000) ** (_POWERS[unit.lower()] if unit else 0))
