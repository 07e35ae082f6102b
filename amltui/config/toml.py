"""TOML files that people edit: read by the standard library, edited with comments kept."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from amltui.config.private import read_settings, write_private
from amltui.disk import alone
from amltui.errors import ConfigError

if TYPE_CHECKING:
    from tomlkit import TOMLDocument

_PLACE = re.compile(r" \(at (?:line (?P<line>\d+), column (?P<column>\d+)|end of document)\)$")
_WORD = r"""(?:"[^"\n]*"|'[^'\n]*'|[\w-]+)"""
_ASSIGNED = re.compile(
    rf"^[ \t]*(?P<key>{_WORD}(?:[ \t]*\.[ \t]*{_WORD})*)[ \t]*=[ \t]*",
    re.MULTILINE | re.ASCII,
)
"""What may be the beginning of `key = value`, or a line within a text."""
_HERE = "amltui-is-here"
_TWICE = re.compile(r"Cannot declare \('profiles', '(?P<name>.*)'\) twice")


def read_toml(path: Path) -> dict[str, Any]:
    """The file as plain values; {} when it is not there.

    Raises:
        ConfigError: it cannot be read or is not TOML; the text names line and column.
    """
    text = read_settings(path)
    if text is None:
        return {}
    import tomllib  # few starts find such a file

    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise _wrong(path, text, str(error)) from None


@dataclass(frozen=True, slots=True)
class WrittenAt:
    """A value in a file, as errors name it: "`theme` in /x/config.toml, line 3, column 9"."""

    path: Path
    keys: tuple[str, ...]
    """From the top level down to it."""
    of_key: bool = False
    """Whether the key is meant, and not its value."""

    def __str__(self) -> str:
        """Name and place; the file is read again for that, so only errors ask."""
        return f"`{self.keys[-1]}` in {self.place}"

    @property
    def place(self) -> str:
        """File, line and column in words."""
        return ", ".join(filter(None, (str(self.path), self.line)))

    @property
    def line(self) -> str:
        """Line and column in words; "": it is not found any more."""
        try:
            place = place_of(read_settings(self.path) or "", self.keys, of_key=self.of_key)
        except ConfigError:
            place = None
        return "line {}, column {}".format(*place) if place else ""


def place_of(text: str, keys: tuple[str, ...], *, of_key: bool = False) -> tuple[int, int] | None:
    """Line and column, from 1 on, of a value in TOML; of what holds it where that is one line.

    Args:
        text: valid TOML.
        keys: from the top level down to the value.
        of_key: find the beginning of its line and not the value.
    """
    import tomllib

    for found in _ASSIGNED.finditer(text):
        # tomllib keeps no places, but reads what stands before, where a key beside it is put.
        try:
            table = _way_to(tomllib.loads(f'{text[: found.start()]}\n"{_HERE}" = 0'))
            key = _way_to(tomllib.loads(f"{found['key']}.{_HERE} = 0"))
        except tomllib.TOMLDecodeError:
            continue  # it is a line of a longer value
        way = (*(table or ()), *(key or ()))
        if way == keys[: len(way)]:
            at = found.start("key") if of_key and way == keys else found.end()
            return text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at)
    return None


def _way_to(document: Mapping[str, Any]) -> tuple[str, ...] | None:
    """The keys of the tables down to the one that holds the mark; None: none does."""
    for key, value in document.items():
        if key == _HERE:
            return ()
        inner = value[-1] if isinstance(value, list) and value else value
        if isinstance(inner, dict) and (way := _way_to(inner)) is not None:
            return (key, *way)
    return None


def edit_toml(path: Path, change: Callable[[TOMLDocument], TOMLDocument | None]) -> None:
    """Read the file, change it and write it: what is not touched stays as it was, with comments.

    Of several programs at once each waits for the one before, so that no change is lost.

    Args:
        path: the file; it need not be there.
        change: changes the document, or makes another one. What it raises leaves the file alone.

    Raises:
        ConfigError: as `read_toml`, or the file cannot be written.
    """
    import tomlkit

    with alone(path.parent) as mine:
        if not mine:
            raise ConfigError(
                f"Another program is editing {path}", hint="Try again once it is done."
            )
        read_toml(path)
        document = tomlkit.parse(read_settings(path) or "")
        write_private(path, (change(document) or document).as_string())


def with_key(document: TOMLDocument, key: str, value: str) -> TOMLDocument:
    """The document with a text as this key of its top level; the comment beside it stays."""
    if key in document:
        document[key] = value
        return document
    import tomlkit

    # It has to stand before the first table, and not between that and a comment about it.
    fresh = tomlkit.document()
    fresh[key] = value
    if not document.body or document.body[0][0] is None or document.body[0][1].is_table():
        fresh.add(tomlkit.nl())
    return tomlkit.parse(fresh.as_string() + document.as_string())


def without_key(document: TOMLDocument, key: str) -> None:
    """Take a key off the top level, if it is there; the comment beside it stays, as a line."""
    import tomlkit
    from tomlkit.items import Comment

    for at, (name, item) in enumerate(document.body):
        if name is not None and name.key == key:
            words = item.trivia.comment
            del document[key]
            if words:
                line = tomlkit.comment(words.removeprefix("#").strip())
                assert isinstance(line, Comment)
                document.body[at] = (None, line)
            return


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
