"""`MLTable` files: which files make a table, how they are read, and what is done to their rows.

Only what the file itself says in the common ways is known here; the rest is named, so that nobody
takes the rows for something that they are not.
"""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import AsyncGenerator, AsyncIterable
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
_ENCODINGS: Final = {"iso88591": "iso-8859-1", "latin1": "iso-8859-1", "windows1252": "cp1252"}


@dataclass(frozen=True, slots=True)
class Step:
    """One change of the rows: `skip`, `take`, `keep` or `drop`."""

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
    for key, value in options.items():
        if name == "read_parquet" or not isinstance(value, str):
            continue
        if key == "delimiter" and len(value) == 1:
            values["delimiter"] = value
        elif key == "header" and value in _HEADERS:
            values["header"] = value
        elif key == "encoding":
            try:
                plain = value.lower().replace("-", "").replace("_", "")
                values["encoding"] = codecs.lookup(_ENCODINGS.get(plain, value)).name
            except (LookupError, ValueError):
                ignored.append(f"encoding {value}")
        elif key in {"delimiter", "header"}:
            ignored.append(f"{key} {value}")


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


class Rows:
    """Rows of delimited files as they should be, written as CSV in UTF-8, piece by piece."""

    def __init__(self, table: MLTable) -> None:
        self._table = table
        self._columns: list[int] | None = None
        """Which columns stay. None: not known yet."""
        self._left = [step.count for step in table.steps]
        self._first = True

    @property
    def has_header(self) -> bool:
        """Whether the first row that comes out names the columns."""
        return self._table.header != "no_header"

    async def of(self, files: AsyncIterable[AsyncIterable[bytes]]) -> AsyncGenerator[bytes]:
        """What comes out.

        Raises:
            Unreadable: a file is not in its encoding.
        """
        async for file in files:
            begins = True
            async for text in self._whole_lines(file):
                rows = list(csv.reader(io.StringIO(text), delimiter=self._table.delimiter))
                if begins and rows and self._drops_header():
                    rows = rows[1:]
                begins = begins and not rows
                out = io.StringIO()
                writer = csv.writer(out, lineterminator="\n")
                for row in rows:
                    made = self._changed(row)
                    if made is not None:
                        writer.writerow(made)
                if out.tell():
                    yield out.getvalue().encode()
                if self._over:
                    return

    def _drops_header(self) -> bool:
        return not self._first and self._table.header in {
            "all_files_same_headers",
            "all_files_different_headers",
        }

    @property
    def _over(self) -> bool:
        return any(
            step.name == "take" and not left
            for step, left in zip(self._table.steps, self._left, strict=True)
        )

    def _changed(self, row: list[str]) -> list[str] | None:
        if not row:
            return None
        if self._columns is None:
            self._columns = self._chosen(row)
        if self._first:
            self._first = False
            if self.has_header:
                return [row[at] for at in self._columns if at < len(row)]
        for number, step in enumerate(self._table.steps):
            if step.name == "skip" and self._left[number]:
                self._left[number] -= 1
                return None
            if step.name == "take":
                if not self._left[number]:
                    return None
                self._left[number] -= 1
        return [row[at] for at in self._columns if at < len(row)]

    def _chosen(self, first: list[str]) -> list[int]:
        names = first if self.has_header else [f"Column{at + 1}" for at in range(len(first))]
        chosen = list(range(len(names)))
        for step in self._table.steps:
            for name in step.columns:
                if name not in names:
                    raise Unreadable(
                        f"The MLTable file names a column {visible(name)} that is not there"
                    )
            if step.name == "keep":
                chosen = [names.index(name) for name in step.columns if names.index(name) in chosen]
            elif step.name == "drop":
                chosen = [at for at in chosen if names[at] not in step.columns]
        return chosen

    async def _whole_lines(self, file: AsyncIterable[bytes]) -> AsyncGenerator[str]:
        """The text in pieces that end where a row does."""
        decoder = codecs.getincrementaldecoder(self._table.encoding)()
        kept, first = "", True
        try:
            async for piece in file:
                text = decoder.decode(piece)
                if first and text:
                    text, first = text.removeprefix("\ufeff"), False
                kept += text
                end = kept.rfind("\n") + 1
                while end and kept.count('"', 0, end) % 2:
                    end = kept.rfind("\n", 0, end - 1) + 1
                if end:
                    yield kept[:end]
                    kept = kept[end:]
            kept += decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            raise Unreadable(f"A file of the table is not {self._table.encoding}") from None
        if kept:
            yield kept
