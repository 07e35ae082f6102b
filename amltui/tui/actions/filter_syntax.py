"""Reading what is typed after `&`: a text for any column, or conditions on columns."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from amltui.errors import QueryError
from amltui.tables.queries import Condition, Operator
from amltui.tables.rows import Column
from amltui.text import near_names, visible

_OPERATORS: Final[dict[str, Operator]] = {
    "!=": "!=",
    "<=": "<=",
    ">=": ">=",
    "=": "=",
    "<": "<",
    ">": ">",
    "~": "regex",
}
_CONDITION: Final = re.compile(r"\s*(.+?)\s*(!=|<=|>=|=|<|>|~)\s*(.*?)\s*", re.DOTALL)


def conditions(text: str, columns: Sequence[Column]) -> list[Condition]:
    """What `text` asks for.

    `age>50`, `sex = Male` and `name~^A.*z$` are conditions on columns of these names (letter
    case ignored), several joined by `&`; `name=` asks for missing values. Anything else is a text
    that some cell must contain, as is what stands in double quotes.

    Raises:
        QueryError: it reads as a condition on a column that is not there.
    """
    if len(text) > 2 and text[0] == text[-1] == '"':
        return [Condition(None, "contains", text[1:-1])]
    names = {column.name.strip().casefold(): index for index, column in enumerate(columns)}
    found = []
    for part in text.split("&"):
        match = _CONDITION.fullmatch(part)
        index = names.get(match.group(1).casefold()) if match else None
        if match is None:
            return [Condition(None, "contains", text)]
        if index is None:
            raise _no_such_column(match.group(1), text, columns)
        sign, value = match.group(2), match.group(3)
        if not value and sign in {"=", "!="}:
            found.append(Condition(index, "is missing" if sign == "=" else "is not missing"))
        else:
            found.append(Condition(index, _OPERATORS[sign], value))
    return found


def _no_such_column(name: str, text: str, columns: Sequence[Column]) -> QueryError:
    near = near_names(name, (column.name for column in columns))
    meant = f"Did you mean {near}? " if near else ""
    return QueryError(
        f'No column is named "{visible(name)}".',
        hint=f'{meant}To look for it as a text, put it in quotes: "{visible(text)}".',
    )
