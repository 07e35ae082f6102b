"""Numbers and missing values as a dialect spells them, to those that all others write."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Self

import pyarrow as pa

from amltui.formats.arrays import strings
from amltui.formats.dialect import Dialect

_BLANKS = "[ \u00a0\u202f]"


@dataclass(frozen=True, slots=True)
class Values:
    """What is changed in cells; all others stay as they are."""

    decimal: str
    thousands: str
    """A pattern; "" for none."""
    pattern: str
    """Of the numbers that have one of the two."""
    missing: Any
    """Spellings of a missing value; None: there are none."""

    @classmethod
    def of(cls, dialect: Dialect) -> Self | None:
        """What a dialect asks for; None: nothing."""
        comma, grouped = dialect.decimal == ",", dialect.thousands
        if not (comma or grouped or dialect.missing):
            return None
        thousands = _BLANKS if grouped == " " else re.escape(grouped)
        groups = f"[0-9]{{1,3}}(?:{thousands}[0-9]{{3}})+" if grouped else ""
        whole = f"(?:{groups}|[0-9]*)" if grouped else "[0-9]*"
        point = re.escape(dialect.decimal)
        pattern = rf"^\s*[+-]?{whole}(?:{point}[0-9]+)?(?:[eE][+-]?[0-9]+)?\s*$"
        missing = strings(dialect.missing) if dialect.missing else None
        return cls(dialect.decimal, thousands, pattern if comma or grouped else "", missing)

    def read(self, array: Any) -> Any:
        """A string array: `1.234,5` as `1234.5`, and null for what is missing."""
        import pyarrow.compute as pc  # the first rows of most texts do without it

        if self.missing is not None:
            gone = pc.is_in(pc.ascii_trim_whitespace(array), value_set=self.missing)
            array = pc.if_else(gone, pa.nulls(len(array), array.type), array)
        if not self.pattern:
            return array
        numbers = pc.match_substring_regex(array, self.pattern)
        plain = array
        if self.thousands:
            plain = pc.replace_substring_regex(plain, self.thousands, "")
        if self.decimal == ",":
            plain = pc.replace_substring(plain, ",", ".")
        return pc.if_else(numbers, plain, array)
