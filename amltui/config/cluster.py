"""Which cluster is asked what is too large for this machine, and from which size on it is offered.

engine = "sc://spark.example.org:15002"     # beside `default` in config.toml, or in a profile
engine_above = "10 GiB"                     # beside `default`

No token is written there: an address with one is taken from the environment's `SPARK_REMOTE`.
"""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import urlsplit

from amltui.config.profiles import profiles_file, written_at
from amltui.config.quota import bytes_of
from amltui.config.toml import read_toml
from amltui.errors import ConfigError
from amltui.text import visible

PORT: Final = 15002
"""Where Spark Connect listens if nobody says otherwise."""
ABOVE: Final = 10 << 30
"""Bytes above which a cluster is offered, if nobody sets another limit."""


def configured_engine(profile: str | None) -> tuple[str, str] | None:
    """The address as it is written, and where; None: none is configured.

    Raises:
        ConfigError: the file cannot be read.
    """
    document = read_toml(profiles_file())
    tables: Any = document.get("profiles", {})
    table = tables.get(profile, {}) if profile and isinstance(tables, dict) else {}
    for place, where, keys in (
        (table, f"the profile {profile}", ("profiles", profile or "", "engine")),
        (document, "the settings", ("engine",)),
    ):
        if value := place.get("engine"):
            return str(value), f"{where} in {written_at(*keys).place}"
    return None


def engine_above() -> int:
    """Bytes above which a cluster is offered.

    Raises:
        ConfigError: what is set is no size.
    """
    value = read_toml(profiles_file()).get("engine_above")
    return ABOVE if value is None else bytes_of(str(value), written_at("engine_above"))


def engine_address(text: str, *, source: object) -> str:
    """The address of a cluster, `sc://host:port`, as a person wrote it.

    Args:
        text: it; options after the host, like `/;use_ssl=true`, are Spark's own.
        source: who says so, for the error.

    Raises:
        ConfigError: it is none, or a token is in it, which others would see there.
    """
    try:
        parts = urlsplit(text)
        known = parts.scheme == "sc" and parts.hostname and (parts.port or PORT)
    except ValueError:
        known = False
    if not known:
        raise ConfigError(
            f'The engine from {source} is no address of a cluster: "{visible(text)}"',
            hint="Write sc://host:port; Spark Connect listens on port 15002.",
        )
    if "token=" in text.lower() or parts.username:
        raise ConfigError(
            f"The address of the engine from {source} holds a token",
            hint="Put the address with its token into the environment, as SPARK_REMOTE.",
        )
    return text
