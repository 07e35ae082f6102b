"""ARFF: Weka's attribute-relation files, dense and sparse rows.

Blocks without quotes, escapes, comments and sparse rows go to pyarrow's parser; all others are
read row by row. A sparse row's omitted values are what Weka takes them for: 0, or a nominal
attribute's first value; for strings and dates they are missing.

Values are separated as Weka's tokenizer does it, by blanks and tabs as well as commas, except that
an unquoted value may hold blanks where commas alone give the right number of values. A `%` outside
quotes begins a comment anywhere. Dates in a pattern of their own are given in ISO 8601. The
weight of a row is not shown; a relational attribute is one column of text.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv

from amltui.errors import Unreadable
from amltui.formats.arrow import batch_of, one_batch, oversized_row, schema
from amltui.formats.blocks import TEXT_KEPT, Block, Malformed, Parsed
from amltui.formats.encoding import decode, to_utf8
from amltui.formats.java_dates import DEFAULT, reader_of
from amltui.formats.registry import Format
from amltui.formats.row_fields import unique_names
from amltui.formats.scan import Positions, Scan, as_array, line_ends

_LINE: Final = re.compile(rb"[^\r\n]*(?:\r\n|\n|\r(?!\Z)|\r\Z)")
_ATTRIBUTE: Final = re.compile(
    r"""(?is)@attribute\s+('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|[^\s{]+)\s*(.*)"""
)
_TOKEN: Final = re.compile(
    r"""\s*(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)"|([^,\t]*?))\s*(?:([,\t])|\Z)""", re.DOTALL
)
_PAIR: Final = re.compile(r"\s*(\d+)\s+")
_ESCAPE: Final = re.compile(r"\\(u[0-9a-fA-F]{4}|.)", re.DOTALL)
_ESCAPED: Final = {"n": "\n", "r": "\r", "t": "\t"}
_WORD: Final = re.compile(
    r"""[\s,]*(?:'((?:[^'\\]|\\.)*)'(?=[\s,]|\Z)|"((?:[^"\\]|\\.)*)"(?=[\s,]|\Z)|([^\s,'"][^\s,]*))""",
    re.DOTALL,
)
_UNCOMMENTED: Final = re.compile(
    r"""(?:(?<![^\s,{}])'(?:[^'\\]|\\.)*+'|(?<![^\s,{}])"(?:[^"\\]|\\.)*+"|[^%])*+""", re.DOTALL
)
"""What stands before the first `%` outside quotes."""
_DATA: Final = re.compile(rb"(?i)\s*@data(?=[^%\r\n\S]*[^%\s])")
"""`@data` with the first row on its line."""
_WEIGHT: Final = re.compile(r"[,\s]\s*\{\s*[^{}]*\}\s*\Z")
_SLOW: Final = re.compile(
    "['\"{%\\\\\t\v\f\x1c-\x1f\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]"
)
"""What the fast parser does not read as the other does: any space but one among them."""
_SPACE, _PERCENT, _DELETE = b" %\x7f"
_HEADER_LIMIT: Final = 8 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Attribute:
    """A column as the header declares it."""

    name: str
    kind: str
    """`numeric`, `nominal`, `string`, `date` or another word that stood there."""
    values: tuple[str, ...] = ()
    """Of a nominal attribute, in the header's order."""
    detail: str = ""
    """The type as it stands in the header: `integer`, or a date with its format."""

    @property
    def read_date(self) -> Callable[[str], str] | None:
        """What turns a date of this attribute into ISO 8601, where it is not that already."""
        if self.kind != "date":
            return None
        pattern = self.detail[4:].strip()
        if len(pattern) > 1 and pattern[0] in "'\"":
            pattern = pattern[1:].partition(pattern[0])[0] if pattern[0] == '"' else pattern[1:-1]
        return reader_of(pattern or DEFAULT)

    @property
    def omitted(self) -> str | None:
        """The value of an attribute that a sparse row leaves out."""
        if self.kind == "numeric":
            return "0"
        return self.values[0] if self.values else None


class ArffCodec:
    """A header of attributes, then rows."""

    quotes = False
    skip_space = True
    delimiter = b""

    def __init__(self, fmt: Format) -> None:
        del fmt
        self.attributes: tuple[Attribute, ...] = ()
        self.columns: tuple[str, ...] = ()
        self.declared: tuple[str | None, ...] = ()
        self._convert: Any = None
        self._omitted: list[str | None] = []
        self._dates: list[tuple[int, Callable[[str], str]]] = []

    def header(self, data: bytes, encoding: str | None, *, final: bool) -> int | None:
        """See `Codec.header`.

        Raises:
            Unreadable: there is no `@data` where one would have to be.
        """
        attributes: list[Attribute] = []
        position = inside = 0
        while True:
            match = _LINE.match(data, position)
            if match is None:
                if not final and len(data) < _HEADER_LIMIT:
                    return None
                line, end = data[position:], len(data)
            else:
                line, end = match.group(), match.end()
            text = without_comment(decode(line, encoding)).strip()
            lower = text.lower()
            if lower.startswith("@attribute"):
                attribute = parse_attribute(text)
                if not inside:
                    attributes.append(attribute)
                inside += attribute.kind == "relational"
            elif lower.startswith("@data") or (match is None and not text):
                self._take(tuple(attributes))
                row = _DATA.match(line)
                return position + row.end() if row else end
            elif lower.startswith("@end"):
                inside = max(0, inside - 1)
            elif text and not lower.startswith("@relation"):
                raise Unreadable(
                    f"Not an ARFF file: {text[:60]!r} stands where the header should",
                    hint="Show it as plain text, or give it the right data type.",
                )
            position = end

    def _take(self, attributes: tuple[Attribute, ...]) -> None:
        self.attributes = attributes
        self.columns = unique_names([attribute.name for attribute in attributes])
        self.declared = tuple(
            "text" if attribute.kind in {"nominal", "string", "relational"} else None
            for attribute in attributes
        )
        self._omitted = [attribute.omitted for attribute in attributes]
        readers = [(at, attribute.read_date) for at, attribute in enumerate(attributes)]
        self._dates = [(at, read) for at, read in readers if read is not None]
        self._convert = pacsv.ConvertOptions(
            column_types=schema(self.columns), strings_can_be_null=True, null_values=["?", ""]
        )

    def row_ends(self, data: bytes, found: Scan, encoding: str | None) -> Positions:
        """See `Codec.row_ends`."""
        del found
        array = as_array(data)
        after = line_ends(data, array) + 1
        if len(data) and (not len(after) or after[-1] < len(data)):
            after = np.append(after, len(data))
        starts = np.empty_like(after)
        starts[:1], starts[1:] = 0, after[:-1]
        first = array[starts]
        rows = (first > _SPACE) & (first < _DELETE) & (first != _PERCENT)
        # Spaces before a value or a comment, and blank lines: seldom enough to look at each.
        for line in np.flatnonzero(~rows).tolist():
            text = decode(data[int(starts[line]) : int(after[line])], encoding).strip()
            rows[line] = bool(text) and not text.startswith("%")
        found_ends: Positions = after[rows]
        return found_ends

    def parse(self, block: Block, encoding: str | None) -> Parsed:
        """See `Codec.parse`."""
        if block.oversized is not None:
            block.oversized.reasons.append("line too long for ARFF")
            return oversized_row(block.oversized, self.columns, encoding)
        data, recoded = block.data, 0
        if encoding is not None:
            data, recoded = to_utf8(data, encoding)
        text = data.decode()
        batch = None if self._dates or _SLOW.search(text) else self._fast(data)
        if batch is not None:
            lines = data.count(b"\n") + data.count(b"\r") - data.count(b"\r\n")
            return Parsed(batch, (), lines, recoded)
        return self._slow(text, recoded)

    def _fast(self, data: bytes) -> Any:
        """The block by pyarrow; None when a row does not fit."""
        if b" " in data:
            data = re.sub(rb" *([,\r\n]) *", rb"\1", data.strip(b" "))
        if not data.strip(b"\r\n"):
            return batch_of([], self.columns)
        fits = True

        def note(_row: Any) -> str:
            nonlocal fits
            fits = False
            return "skip"

        read = pacsv.ReadOptions(
            column_names=self.columns, use_threads=False, block_size=len(data) + 1
        )
        parse = pacsv.ParseOptions(quote_char=False, invalid_row_handler=note)
        table = pacsv.read_csv(pa.BufferReader(data), read, parse, self._convert)
        return one_batch(table) if fits else None

    def _slow(self, text: str, recoded: int) -> Parsed:
        lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
        count = len(lines) - (not lines[-1])
        rows: list[list[str | None]] = []
        malformed: list[Malformed] = []
        for number, line in enumerate(lines, 1):
            stripped = line.strip()
            if not stripped or stripped.startswith("%"):
                continue
            cells, reason = self.row(stripped)
            if reason:
                malformed.append(Malformed(len(rows), number, reason, line[:TEXT_KEPT]))
            rows.append(cells)
        return Parsed(batch_of(rows, self.columns), malformed, count, recoded)

    def row(self, line: str) -> tuple[list[str | None], str]:
        """One row's values, as many as there are attributes, and what is wrong with it or ""."""
        line = without_comment(line).rstrip()
        cells, reason = self._sparse(line) if line.startswith("{") else self._dense(line)
        for at, read in self._dates:
            text = cells[at]
            cells[at] = None if text is None else read(text)
        return cells, reason

    def _dense(self, line: str) -> tuple[list[str | None], str]:
        wanted = len(self.columns)
        cells, starts, reason = _tokens(line)
        if len(cells) != wanted:
            unweighted = _WEIGHT.sub("", line) if line.endswith("}") else line
            for found in (_tokens(unweighted)[0], _words(line), _words(unweighted)):
                if len(found) == wanted:
                    return found, ""
            reason = f"{len(cells):,} fields, {wanted:,} expected"
            if len(cells) > wanted > 0:
                cells[wanted - 1 :] = [line[starts[wanted - 1] :]]
            cells = cells[:wanted] + [None] * (wanted - len(cells))
        return cells, reason

    def _sparse(self, line: str) -> tuple[list[str | None], str]:
        cells = self._omitted.copy()
        end = line.find("}")
        if "'" in line or '"' in line:
            end = _WEIGHT.sub("", line).rfind("}")
        if end < 0:
            return cells, "sparse row never closed"
        body, position = line[1:end], 0
        while body[position:].strip():
            pair = _PAIR.match(body, position)
            token = _TOKEN.match(body, pair.end()) if pair else None
            if pair is None or token is None:
                return cells, "not a pair of column number and value"
            column = int(pair.group(1))
            if column >= len(cells):
                return cells, f"column {column:,} of {len(cells):,}"
            cells[column] = _value(token)
            position = token.end()
        return cells, ""


def _tokens(line: str) -> tuple[list[str | None], list[int], str]:
    cells: list[str | None] = []
    starts: list[int] = []
    reason, position = "", 0
    while True:
        match = _TOKEN.match(line, position)
        if match is None:  # text after a closing quote
            stop = re.compile(r"[,\t]|\Z").search(line, position)
            assert stop is not None
            reason = "quote never closed or text after it"
            cells.append(line[position : stop.start()].strip())
            starts.append(position)
            position, more = stop.end(), bool(stop.group())
        else:
            plain = match.group(3)
            if plain and plain[0] in "'\"":
                reason = "quote never closed or text after it"
            cells.append(_value(match))
            starts.append(position)
            position, more = match.end(), bool(match.group(4))
        if not more:
            return cells, starts, reason


def _words(line: str) -> list[str | None]:
    """The values as Weka's tokenizer takes them: blanks, tabs and commas are all the same."""
    found: list[str | None] = []
    position = 0
    while match := _WORD.match(line, position):
        found.append(_value(match))
        position = match.end()
    return [] if line[position:].strip(" \t,") else found


def without_comment(line: str) -> str:
    """A line up to a `%` outside quotes."""
    if "%" not in line:
        return line
    match = _UNCOMMENTED.match(line)
    assert match is not None
    return match.group()


def _value(match: re.Match[str]) -> str | None:
    single, double, plain = match.group(1), match.group(2), match.group(3)
    if plain is not None:
        return None if plain in {"?", ""} else plain
    return unescape(single if single is not None else double)


def unescape(text: str) -> str:
    """The text that stood in quotes, its backslash escapes undone."""
    if "\\" not in text:
        return text

    def undo(match: re.Match[str]) -> str:
        char = match.group(1)
        if len(char) == 5:
            return chr(int(char[1:], 16))
        return _ESCAPED.get(char, char)

    return _ESCAPE.sub(undo, text)


def parse_attribute(line: str) -> Attribute:
    """An `@attribute` line.

    Raises:
        Unreadable: it has no name.
    """
    match = _ATTRIBUTE.match(line)
    if match is None:
        raise Unreadable(f"Not an ARFF attribute: {line[:80]!r}")
    name, kind = match.group(1), match.group(2).strip()
    if name[0] in "'\"":
        name = unescape(name[1:-1])
    if kind.startswith("{"):
        body = kind[1:].rsplit("}", 1)[0]
        cells = _tokens(body)[0] if "," in body else _words(body)
        return Attribute(name, "nominal", tuple(cell or "" for cell in cells))
    match = re.match(r"\w+", kind)
    word = match.group().lower() if match else "string"
    number = word in {"numeric", "real", "integer"}
    return Attribute(name, "numeric" if number else word, detail=kind)
