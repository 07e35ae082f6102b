"""`MLTable` files: which files make a table, how they are read, and what is done to their rows.

Only what the file itself says in the common ways is known here; the rest is named, so that nobody
takes the rows for something that they are not.
"""

from __future__ import annotations

import codecs
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, Final

from amltui.errors import ConfigError, Unreadable
from amltui.text import visible

FILE: Final = "MLTable"
LARGEST: Final = 1 << 20
"""Bytes of an MLTable file that are read at most."""
_READERS: Final = {"read_delimited", "read_parquet", "read_json_lines"}
_HEADERS: Final = {
    "no_header",
    "from_first_file",
    "all_files_same_headers",
    "all_files_different_headers",
}
_NO_MATTER: Final = {"support_multi_line", "empty_as_string", "partition_size"}
"""Options that change nothing here: a cell is text, and may go over several lines."""
_ENCODINGS: Final = {"iso88591": "iso-8859-1", "latin1": "iso-8859-1", "windows1252": "cp1252"}


@dataclass(frozen=True, slots=True)
class Step:
    """One change of the rows: `skip` and `take` by `count`, `keep` and `drop` by `columns`."""

    name: str
    count: int = 0
    columns: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class MLTable:
    """What an MLTable file says."""

    paths: tuple[tuple[str, str], ...]
    """`file`, `folder` or `pattern`, and the path or address."""
    reader: str = ""
    """How the files are read; "" where it does not say."""
    delimiter: str = ","
    header: str = "all_files_same_headers"
    encoding: str = "utf-8"
    steps: tuple[Step, ...] = ()
    ignored: tuple[str, ...] = ()
    """What it asks for beside that, and is not done here."""

    def chosen(self, names: Sequence[str]) -> list[int]:
        """Places of the columns that stay, in their order.

        Raises:
            Unreadable: a step names a column that is not there.
        """
        left = list(range(len(names)))
        for step in self.steps:
            for name in step.columns:
                if name not in names:
                    raise Unreadable(
                        f"The MLTable file names a column {visible(name)} that is not there"
                    )
            if step.name == "keep":
                left = [names.index(name) for name in step.columns if names.index(name) in left]
            elif step.name == "drop":
                left = [at for at in left if names[at] not in step.columns]
        return left


class RowsLeft:
    """What `skip` and `take` leave of rows that come one after the other."""

    def __init__(self, table: MLTable) -> None:
        counted = [step for step in table.steps if step.name in {"skip", "take"}]
        self._left = [[step.name == "take", step.count] for step in counted]

    @property
    def over(self) -> bool:
        """Whether no more rows are left."""
        return any(takes and not count for takes, count in self._left)

    def of(self, count: int) -> slice:
        """Which of the next `count` rows are left."""
        start, stop = 0, count
        for step in self._left:
            takes, left = step
            if takes:
                stop = min(stop, start + left)
                step[1] -= stop - start
            else:
                step[1] -= min(left, stop - start)
                start += min(left, stop - start)
        return slice(start, stop)


def read_mltable(data: bytes) -> MLTable:
    """What the bytes of an MLTable file say.

    Raises:
        Unreadable: it is no such file.
        ConfigError: the package that reads YAML is not installed.
    """
    try:
        import yaml
    except ImportError:
        raise ConfigError(
            "MLTable files need the package PyYAML", hint="pip install 'amltui[azure]'"
        ) from None
    try:
        document = yaml.safe_load(data)
    except (yaml.YAMLError, ValueError, RecursionError):
        raise Unreadable("The MLTable file is not YAML") from None
    if not isinstance(document, dict) or not isinstance(document.get("paths"), list):
        raise Unreadable("The MLTable file names no paths")
    paths = tuple(
        (kind, value)
        for one in document["paths"]
        if isinstance(one, dict)
        for kind, value in one.items()
        if kind in {"file", "folder", "pattern"} and isinstance(value, str)
    )
    if not paths:
        raise Unreadable("The MLTable file names no paths")
    values: dict[str, Any] = {}
    steps: list[Step] = []
    ignored: list[str] = []
    asked = document.get("transformations")
    for one in asked if isinstance(asked, list) else ():
        name, about = (one, {}) if isinstance(one, str) else _only(one)
        if name in _READERS:
            values["reader"] = name
            _read_options(name, about, values, ignored)
        elif (step := _step(name, about)) is not None:
            steps.append(step)
        else:
            ignored.append(name)
    return MLTable(paths, steps=tuple(steps), ignored=tuple(ignored), **values)


def _only(one: Any) -> tuple[str, Any]:
    if isinstance(one, dict) and len(one) == 1:
        (name, about) = next(iter(one.items()))
        return str(name), about
    return "something unnamed", None


def _read_options(name: str, about: Any, values: dict[str, Any], ignored: list[str]) -> None:
    options = about if isinstance(about, dict) else {}
    text = name != "read_parquet"
    for key, value in options.items():
        if value is None or value is False or value == "":
            continue  # it asks for nothing
        if key in _NO_MATTER or (key == "infer_column_types" and value is True):
            continue
        if text and key == "delimiter" and isinstance(value, str) and len(value) == 1:
            values["delimiter"] = value
        elif text and key == "header" and value in _HEADERS:
            values["header"] = value
        elif text and key == "encoding" and (encoding := _encoding(value)):
            values["encoding"] = encoding
        elif (key, value) != ("invalid_lines", "error"):
            ignored.append(f"{key} {value}" if isinstance(value, str) else str(key))


def _encoding(value: Any) -> str:
    """Its name in Python; "": there is none."""
    plain = str(value).lower().replace("-", "").replace("_", "")
    try:
        return codecs.lookup(_ENCODINGS.get(plain, str(value))).name
    except (LookupError, ValueError):
        return ""


def _step(name: str, about: Any) -> Step | None:
    if name in {"take", "skip"}:
        count = about.get("count") if isinstance(about, dict) else about
        whole = isinstance(count, int) and not isinstance(count, bool) and count >= 0
        return Step(name, count) if whole and isinstance(count, int) else None
    if name in {"keep_columns", "drop_columns"}:
        names = [about] if isinstance(about, str) else about
        if isinstance(names, list) and all(isinstance(one, str) for one in names):
            return Step(name.partition("_")[0], columns=tuple(names))
    return None


def matching(pattern: str, path: str) -> bool:
    """Whether a path below the table's folder fits: `*` stays in a folder, `**` does not."""
    wanted, there = pattern.split("/"), path.split("/")

    def fits(left: list[str], right: list[str]) -> bool:
        if not left:
            return not right
        if left[0] == "**":
            return any(fits(left[1:], right[at:]) for at in range(len(right) + 1))
        return bool(right) and fnmatchcase(right[0], left[0]) and fits(left[1:], right[1:])

    return fits(wanted, there)
