"""How much of the disk the cache may take, and how much a preview fetches without being asked.

cache_quota = "20 GiB"      # beside `default` in config.toml, above the profiles
fetch_limit = "1 GiB"

`AMLTUI_CACHE_QUOTA` and `AMLTUI_FETCH_LIMIT` go before them.
"""

from __future__ import annotations

import os
import re
from typing import Final

from amltui.config.profiles import profiles_file, written_at
from amltui.config.toml import read_toml
from amltui.errors import ConfigError

VARIABLE: Final = "AMLTUI_CACHE_QUOTA"
FETCH_VARIABLE: Final = "AMLTUI_FETCH_LIMIT"
_SIZE: Final = re.compile(r"\s*(\d+(?:\.\d+)?)\s*(?:([kmgt])(i?)b?|b)?\s*", re.IGNORECASE)
_POWERS: Final = {"k": 1, "m": 2, "g": 3, "t": 4}


def cache_quota() -> int | None:
    """The quota in bytes; None: nobody set one.

    Raises:
        ConfigError: what is set is no size.
    """
    return _size(VARIABLE, "cache_quota")


def fetch_limit() -> int | None:
    """Bytes up to which a preview fetches all of a content unasked; None: nobody set a limit.

    Raises:
        ConfigError: what is set is no size.
    """
    return _size(FETCH_VARIABLE, "fetch_limit")


def _size(variable: str, key: str) -> int | None:
    if text := os.environ.get(variable, "").strip():
        return bytes_of(text, variable)
    value = read_toml(profiles_file()).get(key)
    return None if value is None else bytes_of(str(value), written_at(key))


def bytes_of(text: str, source: object) -> int:
    """`20 GiB` (powers of 1024), `20 GB` (of 1000) or a number of bytes."""
    match = _SIZE.fullmatch(text)
    if match is None:
        raise ConfigError(f"{source} is no size: {text!r}", hint="A size looks like 20 GiB.")
    number, unit, binary = match.groups()
    return int(float(number) * (1024 if binary else 1000) ** (_POWERS[unit.lower()] if unit else 0))
