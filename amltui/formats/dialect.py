"""Dialects of delimited text: all that can be said about how its fields are written.

A data type id means one dialect (`Dialect.of`), and so it is read by every client. Where a file is
written otherwise, a person can say so; see `dialect_detection` for what is found by itself.
"""

from __future__ import annotations

import codecs
import json
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Final

from amltui.errors import UsageError
from amltui.formats.registry import Format, format_of
from amltui.text import visible

_NAMES: Final = {"\t": "tab", " ": "blank", "": "none"}
_CHARACTERS: Final = {
    "tab": "\t", "\\t": "\t", "blank": " ", "space": " ", "comma": ",", "semicolon": ";",
    "pipe": "|", "none": "",
}  # fmt: skip
_THOUSANDS: Final = (",", ".", " ", "'", "_")
_WIDE: Final = ("utf-16", "utf-32")
_MOST_LINES: Final = 1_000_000
_MOST_HEADER_ROWS: Final = 20


@dataclass(frozen=True, slots=True)
class Dialect:
    """How fields, rows and numbers are written."""

    delimiter: str = ","
    """Between fields: one ASCII character."""
    quote: str = '"'
    """Around fields that hold delimiters or line ends, doubled inside; "" for none."""
    escape: str = ""
    """Before a character that is to be taken as it is; "" for none."""
    header: bool = True
    """Whether the first row names the columns."""
    header_rows: int = 1
    """Rows that name the columns together, where there is a header."""
    skip: int = 0
    """Lines before the header that are no rows."""
    comment: str = ""
    """What a line begins with that is no row; "" for none."""
    encoding: str = ""
    """A name that Python knows; "" where the bytes are to show it."""
    decimal: str = "."
    thousands: str = ""
    """Between each three digits; "" for none."""
    missing: tuple[str, ...] = ()
    """Spellings of a missing value, besides an empty field."""
    skip_space: bool = False
    """Whether blanks before a field do not count."""

    def __post_init__(self) -> None:
        """Check that rows can be read so.

        Raises:
            UsageError: they cannot; the message says why.
        """
        _one_ascii(self.delimiter, "delimiter", empty=False)
        _one_ascii(self.quote, "quote", empty=True)
        _one_ascii(self.escape, "escape character", empty=True)
        taken = [one for one in (self.delimiter, self.quote, self.escape) if one]
        if len(set(taken)) < len(taken):
            raise UsageError("Delimiter, quote and escape character must differ")
        if self.decimal not in {".", ","}:
            raise UsageError(f'The decimal separator is "." or ",", not "{visible(self.decimal)}"')
        if self.thousands and (self.thousands not in _THOUSANDS or self.thousands == self.decimal):
            raise UsageError(
                f'"{visible(self.thousands)}" cannot stand between thousands here',
                hint="There are: comma, point, blank, ' and _; not the decimal separator.",
            )
        if not 0 <= self.skip <= _MOST_LINES:
            raise UsageError(f"{self.skip} is no number of lines to skip")
        if not 1 <= self.header_rows <= _MOST_HEADER_ROWS:
            raise UsageError(f"A header has 1 to {_MOST_HEADER_ROWS} rows, not {self.header_rows}")
        if any(end in self.comment for end in "\r\n\0") or not self.comment.isascii():
            raise UsageError("A comment begins with one or more ASCII characters")
        if self.encoding:
            _known(self.encoding)

    @classmethod
    def of(cls, fmt: Format) -> Dialect:
        """What a format means, or the dialect that was given to it; of other formats CSV's."""
        if fmt.dialect is not None:
            return fmt.dialect
        if fmt.kind != "delimited":
            return CSV
        return cls(delimiter=fmt.delimiter, header=fmt.header, skip_space=fmt.skip_space)

    @classmethod
    def from_text(cls, text: str) -> Dialect:
        """What `to_text` gave.

        Raises:
            ValueError: it is not that.
        """
        try:
            found: Any = json.loads(text)
            if "missing" in found:
                found["missing"] = tuple(found["missing"])
            return cls(**found)
        except (TypeError, AttributeError, UsageError) as error:
            raise ValueError("not a dialect") from error

    def to_text(self) -> str:
        """The one text of this dialect, in JSON: what is not the default."""
        default = asdict(Dialect())
        changed = {key: value for key, value in asdict(self).items() if value != default[key]}
        return json.dumps(changed, sort_keys=True, separators=(",", ":"))

    def describe(self, other: Dialect | None = None) -> str:
        """What differs from `other` (None: from commas and a header), in one line."""
        base = Dialect(skip_space=self.skip_space) if other is None else other
        parts = [
            words
            for field in fields(self)
            if getattr(self, field.name) != getattr(base, field.name)
            and (words := self._words(field.name))
        ]
        return ", ".join(parts)

    def looks(self, other: Dialect) -> str:
        """What differs from `other`, to stand after "looks"."""
        words = self.describe(other)
        if words.startswith(("separated ", "in ")):
            return words
        return f"written {words if words.startswith('without ') else f'with {words}'}"

    def _words(self, name: str) -> str:
        value = getattr(self, name)
        shown = visible(word_of(value)) if isinstance(value, str) else ""
        return {
            "delimiter": f"separated by {shown}",
            "quote": f"quote {shown}",
            "escape": f"escape {shown}",
            "header": "with a header" if self.header else "without a header",
            "header_rows": f"header of {self.header_rows} row{'s' * (self.header_rows != 1)}",
            "skip": f"{self.skip:,} line{'s' * (self.skip != 1)} skipped",
            "comment": f"comments after {shown}" if self.comment else "without comments",
            "encoding": f"in {shown}" if self.encoding else "encoding as found",
            "decimal": "decimal comma" if self.decimal == "," else "decimal point",
            "thousands": f"thousands {shown}",
            "missing": f"missing: {', '.join(map(visible, self.missing))}",
        }.get(name, "")


def with_dialect(fmt: Format, dialect: Dialect | None) -> Format:
    """A format that reads its bytes so; text of any kind becomes delimited text. None: as it is."""
    if dialect is None or fmt.kind not in {"delimited", "plain"}:
        return fmt
    if fmt.kind == "delimited" and dialect == Dialect.of(fmt):
        return fmt
    return replace(
        fmt,
        kind="delimited",
        preview="table",
        delimiter=dialect.delimiter,
        header=dialect.header,
        skip_space=dialect.skip_space and dialect.delimiter != " ",
        dialect=dialect,
    )


def dialect_text(fmt: Format) -> str:
    """The text of a dialect that was given to a format; "" where it has its type's own."""
    return "" if fmt.dialect is None else fmt.dialect.to_text()


def format_with(data_type_id: str, text: str) -> Format:
    """The format of a data type id with the dialect that `dialect_text` gave.

    Raises:
        ValueError: the text is no dialect.
    """
    fmt = format_of(data_type_id)
    return with_dialect(fmt, Dialect.from_text(text)) if text else fmt


def character(word: str) -> str:
    r"""A character as people write it: itself, or a word.

    >>> character("tab"), character(";"), character("none")
    ('\t', ';', '')
    """
    return _CHARACTERS.get(word.lower(), word)


def word_of(char: str) -> str:
    """How a character is written so that it can be seen."""
    return _NAMES.get(char, char)


def wide(encoding: str) -> bool:
    """Whether an encoding has no byte of its own for ASCII's characters: UTF-16 and UTF-32."""
    return codecs.lookup(encoding).name.startswith(_WIDE)


def _one_ascii(char: str, what: str, *, empty: bool) -> None:
    if char == "" and empty:
        return
    if len(char) != 1 or not char.isascii() or char in "\r\n\0" or char.isalnum():
        raise UsageError(
            f'"{visible(char)}" cannot be the {what}',
            hint="It is one ASCII character that is no letter or digit; also: tab, blank"
            + ", none." * empty
            + "." * (not empty),
        )


def _known(encoding: str) -> None:
    """See that an encoding exists and keeps line ends and delimiters in their places."""
    try:
        plain = "".join(map(chr, range(128)))
        kept = wide(encoding) or plain.encode(encoding) == plain.encode("ascii")
        kept = kept and not codecs.lookup(encoding).name.startswith(("iso2022", "hz", "utf-7"))
    except (LookupError, UnicodeError):
        kept = False
    if not kept:
        raise UsageError(
            f'"{visible(encoding)}" is no encoding that rows can be read in',
            hint="For example utf-8, cp1252, cp1251, gb18030, cp932, utf-16.",
        )


CSV: Final = Dialect(skip_space=True)
"""What GenericCSV means."""
