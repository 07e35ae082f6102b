"""TOML files that people edit: read by the standard library, edited with comments kept."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from amltui.config.private import read_settings
from amltui.errors import ConfigError

if TYPE_CHECKING:
    from tomlkit import TOMLDocument

_PLACE = re.compile(r" \(at (?:line (?P<line>\d+), column (?P<column>\d+)|end of document)\)$")
_TWICE = re.compile(r"Cannot declare \('profiles', '(?P<name>.*)'\) twice")


def read_toml(path: Path) -> dict[str, Any]:
    """The file as plain values; {} when it is not there.

    Raises:
        ConfigError: it cannot be read or is not TOML; the text names line and column.
    """
    text = read_settings(path)
    if text is None:
        return {}
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise _wrong(path, text, str(error)) from None


def edit_toml(path: Path) -> TOMLDocument:
    """The file for editing: what is not touched is written back as it was, comments included.

    Raises:
        ConfigError: as `read_toml`.
    """
    read_toml(path)
    import tomlkit

    return tomlkit.parse(read_settings(path) or "")


def _wrong(path: Path, text: str, message: str) -> ConfigError:
    place = _PLACE.search(message)
    what = message[: place.start()] if place else message
    if place and place["line"]:
        where = f"line {place['line']}, column {place['column']}"
    else:
        where = f"line {text.count(chr(10)) + 1}, at the end of the file"
    if twice := _TWICE.match(what):
        return ConfigError(
            f'Two profiles are named "{twice["name"]}" in {path}, {where}',
            hint="Rename or remove one of them.",
        )
    return ConfigError(f"{path} is not valid TOML: {what}, {where}", hint="Correct that line.")
