"""Reading what is typed after `&`: a text for any column, or conditions on columns."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from amltui.tables.queries import Condition, Operator
from amltui.tables.rows import Column

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
    that some cell must contain.
    """
    names = {column.name.strip().casefold(): index for index, column in enumerate(columns)}
    found = []
    for part in text.split("&"):
        match = _CONDITION.fullmatch(part)
        index = names.get(match.group(1).casefold()) if match else None
        if match is None or index is None:
            return [Condition(None, "contains", text)]
        sign, value = match.group(2), match.group(3)
        if not value and sign in {"=", "!="}:
            found.append(Condition(index, "is missing" if sign == "=" else "is not missing"))
        else:
            found.append(Condition(index, _OPERATORS[sign], value))
    return found
