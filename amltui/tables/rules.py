"""Rules for a dataset: what new contents may change, and what its columns must hold.

    fail-on = ["schema", "type", "missing=5%", "rows=-10%"]

    [columns.id]
    type = "int"
    required = true
    unique = true

    [columns.country]
    enum = ["de", "fr"]
    missing = "5%"

The terms of a column are those of Frictionless' Table Schema; `missing` is ours.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime, time
from typing import Any, Final, get_args

from amltui.errors import UsageError
from amltui.tables.rows import ColumnType
from amltui.text import visible

_PERCENT: Final = re.compile(r"([+-]?)(\d+(?:\.\d+)?) ?%")
_HINT: Final = "There are: schema, type, missing=5%, rows=-10%."
_TYPES: Final = get_args(ColumnType)


@dataclass(frozen=True, slots=True)
class Limits:
    """What new contents may not change."""

    schema: bool = False
    """Fail where columns were added, removed or renamed."""
    type: bool = False
    """Fail where a column has another type."""
    missing: float | None = None
    """Fail where the share of missing values in a column rose by more than this (0 to 1)."""
    fewer: float | None = None
    """Fail where there are fewer rows by more than this share of those before (0 to 1)."""
    more: float | None = None
    """Fail where there are more rows by more than this share of those before."""

    def __or__(self, other: Limits) -> Limits:
        """Both; where both say how much, the other does."""
        return Limits(
            self.schema or other.schema,
            self.type or other.type,
            *(
                getattr(self if getattr(other, name) is None else other, name)
                for name in ("missing", "fewer", "more")
            ),
        )


@dataclass(frozen=True, slots=True)
class ColumnRules:
    """What the values of a column must be. Missing values meet all but `required`, `missing`."""

    type: str | None = None
    required: bool = False
    """No value is missing."""
    missing: float | None = None
    """The largest share of missing values (0 to 1)."""
    unique: bool = False
    minimum: str | None = None
    """As a person would type it into a filter."""
    maximum: str | None = None
    enum: tuple[str, ...] | None = None
    """The only values."""
    pattern: str | None = None
    """A regular expression that whole values match."""


@dataclass(frozen=True, slots=True)
class Rules:
    """All rules of a dataset."""

    limits: Limits = Limits()
    columns: Mapping[str, ColumnRules] | None = None


def limits_of(words: Sequence[str]) -> Limits:
    """What `--fail-on` says: `schema`, `type`, `missing=5%`, `rows=-10%`, `rows=+50%`, `rows=10%`.

    Raises:
        UsageError: a word is none of these.
    """
    found = Limits()
    for word in words:
        name, separator, value = word.strip().partition("=")
        if name in {"schema", "type"} and not separator:
            found |= Limits(schema=name == "schema", type=name == "type")
        elif name == "missing":
            found |= Limits(missing=_share(value, word))
        elif name == "rows":
            share = _share(value, word, signed=True)
            found |= Limits(
                fewer=None if value.startswith("+") else share,
                more=None if value.startswith("-") else share,
            )
        else:
            raise UsageError(f'"{visible(word)}" is nothing to fail on', hint=_HINT)
    return found


def rules_in(text: str, name: str) -> Rules:
    """The rules of a TOML text; `name`: what it is called, for messages.

    Raises:
        UsageError: it is not TOML, or says what no rule says.
    """
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{visible(name)} is not valid TOML: {error}") from None
    for key in document:
        if key not in {"fail-on", "columns"}:
            raise UsageError(
                f'{visible(name)}: "{visible(key)}" is no rule', hint="There are: fail-on, columns."
            )
    words, columns = document.get("fail-on", []), document.get("columns", {})
    if not isinstance(words, list) or not all(isinstance(one, str) for one in words):
        raise UsageError(f"{visible(name)}: fail-on is a list of texts", hint=_HINT)
    if not isinstance(columns, dict):
        raise UsageError(f"{visible(name)}: columns are tables, such as [columns.id]")
    return Rules(
        limits_of(words),
        {column: _column(name, column, table) for column, table in columns.items()},
    )


def _column(name: str, column: str, table: Any) -> ColumnRules:
    where = f'{visible(name)}, column "{visible(column)}"'
    if not isinstance(table, dict):
        raise UsageError(f"{where}: its rules are a table", hint=f"Write [columns.{column}].")
    values: dict[str, Any] = {}
    for key, value in table.items():
        if key not in _READ:
            known = ", ".join(field.name for field in fields(ColumnRules))
            raise UsageError(f'{where}: "{visible(key)}" is no rule', hint=f"There are: {known}.")
        values[key] = _READ[key](value, f"{where}, {key}")
    return ColumnRules(**values)


def _type(value: Any, where: str) -> str:
    if value not in _TYPES:
        raise UsageError(f"{where}: there is no such type", hint=f"There are: {', '.join(_TYPES)}.")
    return str(value)


def _bool(value: Any, where: str) -> bool:
    if not isinstance(value, bool):
        raise UsageError(f"{where} is true or false")
    return value


def _text(value: Any, where: str) -> str:
    if not isinstance(value, str):
        raise UsageError(f"{where} is a text")
    return value


def _plain(value: Any, where: str) -> str:
    """A value of TOML as a cell would write it."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str | int | float):
        return str(value)
    if isinstance(value, date | datetime | time):
        return value.isoformat()
    raise UsageError(f"{where} is a number, a date or a text")


def _several(value: Any, where: str) -> tuple[str, ...]:
    if not isinstance(value, list) or not value:
        raise UsageError(f"{where} is a list of values")
    return tuple(_plain(one, where) for one in value)


def _part(value: Any, where: str) -> float:
    return _share(value if isinstance(value, str) else "", where)


_READ: Final = {
    "type": _type,
    "required": _bool,
    "missing": _part,
    "unique": _bool,
    "minimum": _plain,
    "maximum": _plain,
    "enum": _several,
    "pattern": _text,
}


def _share(text: str, where: str, *, signed: bool = False) -> float:
    found = _PERCENT.fullmatch(text.strip())
    if found is None or (found[1] and not signed):
        raise UsageError(f'"{visible(where)}" needs a percentage', hint=_HINT)
    return float(found[2]) / 100
