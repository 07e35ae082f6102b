"""CSV and TSV: pyarrow's parser for what is well formed, our own for the rows that are not.

No row is dropped. One with too few fields is filled up with missing values; one with too many
keeps the surplus joined in its last column; one whose quote is never closed ends at its line's
end, the quote taken as a character. Each of them is reported with its line and its text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv

from amltui.formats.arrow import batch_of, merge, one_batch, oversized_row, schema
from amltui.formats.blocks import MOST_COLUMNS, TEXT_KEPT, Block, Malformed, Parsed
from amltui.formats.dialect import Dialect
from amltui.formats.encoding import decode, to_utf8
from amltui.formats.registry import Format, format_of
from amltui.formats.row_fields import fit, split_row, unique_names
from amltui.formats.scan import (
    Positions,
    Scan,
    as_array,
    count_lines,
    field_counts,
    line_ends,
    row_spans,
    scan,
)
from amltui.formats.spellings import Values
from amltui.formats.translation import translation_of

_SPACE: Final = 32
_SEPARATOR: Final = re.compile(
    rb'(?i)"?sep=([\t -/:-@\[-`{-~])"?[ \t]*(?:\r\n|\n|\r(?=.))', re.DOTALL
)
"""A line for Excel that says what the delimiter is."""
_SHORT_SEPARATOR: Final = re.compile(rb'(?i)"?s?e?p?=?[^\r\n]{0,4}\r?')
_LINE: Final = re.compile(rb"[^\r\n]*(?:\r\n|\n|\r(?!\Z))")
_LOOK_ROWS: Final = 100
_LOOK_BYTES: Final = 64 * 1024
"""What is looked at to see whether the first row is short: so many rows, and bytes after it. As
much is waited for, so that the answer does not depend on how the bytes arrive."""


@dataclass(frozen=True, slots=True)
class _Rows:
    """Where the rows of a block are; blank lines are none."""

    starts: Positions
    ends: Positions
    """After the last byte, without the line end."""
    counts: Positions
    """Fields of each."""


class DelimitedCodec:
    """Rows of fields between a delimiter, with or without a header."""

    quotes = True

    def __init__(self, fmt: Format) -> None:
        self.has_header = fmt.header
        self.skip_space = fmt.skip_space
        self.delimiter = fmt.delimiter.encode()
        dialect = Dialect.of(fmt)
        self._hint = 0
        self.before = 0
        """Bytes before the header: of the line that names the delimiter, and of lines to skip."""
        self._hint_read = fmt.dialect is not None and dialect != Dialect.of(
            format_of(fmt.data_type_id)
        )
        self._skip = dialect.skip
        self._header_rows = dialect.header_rows if fmt.header else 1
        self._comment = dialect.comment.encode()
        self._translation = translation_of(fmt)
        self._values = Values.of(dialect)
        self.short = False
        """Whether most rows have more fields than the first, with or without a header."""
        self.columns: tuple[str, ...] = ()
        self.declared: tuple[str | None, ...] = ()
        self._convert: Any = None
        self._read: Any = None

    def header(self, data: bytes, encoding: str | None, *, final: bool) -> int | None:
        """See `Codec.header`. Without a header the first rows say how many columns there are."""
        known = self._take_hint(data, final=final)
        before = self._skipped(data, final=final) if known else None
        if before is None:
            return None
        data = data[before:]
        found = self._scan(data)
        rows = self._rows(data, found)
        if not len(rows.ends) and final:
            self.name([])
            return before + len(data)
        more = not final or found.unclosed is not None
        count = self._header_rows
        if more and (len(rows.ends) < count or rows.ends[count - 1] >= len(data) - 1):
            return None
        count = min(count, len(rows.ends))
        names = joined([self._texts(data, rows, row, encoding) for row in range(count)])
        end = int(rows.ends[count - 1])
        end += data.startswith(b"\r\n", end) + 1
        whole = int(np.searchsorted(rows.ends, min(end + _LOOK_BYTES, len(data) - 1)))
        if final and found.unclosed is None and len(data) <= end + _LOOK_BYTES:
            whole = len(rows.ends)
        elif not final and whole < _LOOK_ROWS + count and len(data) <= end + _LOOK_BYTES:
            return None
        below = range(count, min(whole, _LOOK_ROWS + count))
        complete = self._complete(names, data, rows, below)
        self.short = len(complete) > len(names)
        self.name(complete)
        return before + min(end, len(data)) if self.has_header else before

    def _take_hint(self, data: bytes, *, final: bool) -> bool:
        """Take the delimiter from a `sep=` line, if there is one; False: more bytes are needed."""
        match = _SEPARATOR.match(data)
        if self._hint_read or (match is None and not final and _SHORT_SEPARATOR.fullmatch(data)):
            return self._hint_read
        self._hint_read = True
        if match is not None:
            self.delimiter, self._hint = match.group(1), match.end()
        return True

    def _skipped(self, data: bytes, *, final: bool) -> int | None:
        """Find where the header's line begins; None: more bytes are needed."""
        self.before = self._hint
        for _ in range(self._skip):
            line = _LINE.match(data, self.before)
            if line is None:
                # A carriage return at the end may be half of a line end.
                self.before = len(data)
                return len(data) if final else None
            self.before = line.end()
        return self.before

    def _back(self, text: str) -> str:
        return text if self._translation is None else self._translation.back(text)

    def _texts(self, data: bytes, rows: _Rows, row: int, encoding: str | None) -> list[str]:
        text = data[int(rows.starts[row]) : int(rows.ends[row])]
        fields = split_row(text, self.delimiter, skip_space=self.skip_space)
        return [self._back(decode(one or b"", encoding)) for one in fields.texts]

    def _complete(self, names: list[str], data: bytes, rows: _Rows, below: range) -> list[str]:
        """The first row's names, with empty ones for columns that only the rows below have."""
        counts = rows.counts[below.start : below.stop]
        if not len(counts):
            return names
        width = int(np.bincount(counts).argmax())
        missing = width - len(names)
        if missing <= 0 or np.count_nonzero(counts == width) * 2 <= len(counts):
            return names
        if missing > 1:
            return names + [""] * missing
        for row in np.flatnonzero(counts == width) + below.start:
            text = data[int(rows.starts[row]) : int(rows.ends[row])]
            if split_row(text, self.delimiter, skip_space=self.skip_space).texts[-1]:
                return ["", *names]
        return [*names, ""]

    def name(self, fields: list[str]) -> None:
        """Take the first row's fields as column names, or only their number without a header."""
        fields = fields[:MOST_COLUMNS]
        if self.has_header:
            self.columns = unique_names(fields)
        else:
            self.columns = tuple(f"Col{number}" for number in range(1, len(fields) + 1))
        self.declared = (None,) * len(self.columns)
        self._read = schema(self.columns)
        self._convert = pacsv.ConvertOptions(
            column_types=self._read,
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
            null_values=[""],
            check_utf8=False,  # `parse` has made it UTF-8
        )

    def parse(self, block: Block, encoding: str | None) -> Parsed:
        """See `Codec.parse`."""
        if block.oversized is not None:
            return self._finish(oversized_row(block.oversized, self.columns, encoding))
        data, recoded, found = block.data, 0, block.scan
        if encoding is not None:
            data, recoded = to_utf8(data, encoding)
            found = None if recoded else found
        if found is None:
            found = self._scan(data)
        lines = count_lines(data, as_array(data))
        rows = data
        if self._comment and (commented := self._comments(data, found)):
            rows = blanked(data, commented)
            found = self._scan(rows)
        batch, bad = self._fast(rows, found)
        malformed: list[Malformed] = []
        if bad or len(found.broken):
            batch, malformed = self._repair(rows, found, batch, line_ends(data, as_array(data)))
        return self._finish(Parsed(batch, malformed, lines, recoded))

    def _finish(self, parsed: Parsed) -> Parsed:
        """Rows as the dialect means them: quotes and escapes undone, numbers and gaps read."""
        if self._translation is None and self._values is None:
            return parsed
        columns = parsed.batch.columns
        if self._translation is not None:
            columns = [self._translation.column(column) for column in columns]
        if self._values is not None:
            columns = [self._values.read(column) for column in columns]
        batch = pa.RecordBatch.from_arrays(columns, schema=parsed.batch.schema)
        malformed = [replace(bad, text=self._back(bad.text)) for bad in parsed.malformed]
        return replace(parsed, batch=batch, malformed=malformed)

    def _comments(self, data: bytes, found: Scan) -> list[tuple[int, int]]:
        """Where comments begin and end."""
        starts, ends, _ = self._spans(data, found)
        chosen = self._is_comment(data, starts)
        return list(zip(starts[chosen].tolist(), ends[chosen].tolist(), strict=True))

    def _is_comment(self, data: bytes, starts: Positions) -> Any:
        """Which rows are comments."""
        array = as_array(data)
        chosen = np.ones(len(starts), dtype=np.bool_)
        for offset, char in enumerate(self._comment):
            chosen &= array[np.minimum(starts + offset, len(array) - 1)] == char
        return chosen & (starts + len(self._comment) <= len(array))

    def _spans(self, data: bytes, found: Scan) -> tuple[Positions, Positions, Positions]:
        return row_spans(data, as_array(data), found, skip_space=self.skip_space)

    def _scan(self, data: bytes) -> Scan:
        return scan(as_array(data), self.delimiter[0], skip_space=self.skip_space)

    def _fast(self, data: bytes, found: Scan) -> tuple[Any, int]:
        """What pyarrow makes of a block, and how many rows it would not take."""
        bad = 0

        def skip(_row: Any) -> str:
            nonlocal bad
            bad += 1
            return "skip"

        if data[-1:] not in {b"\r", b"\n"}:
            # pyarrow takes the empty field at the very end of `"",` for a quoted one.
            data += b"\n"
        if self.skip_space:
            data = self._drop_spaces(data, found)
        if not data.strip(b"\r\n"):
            return batch_of([], self.columns), 0
        options = pacsv.ParseOptions(
            delimiter=self.delimiter.decode(),
            newlines_in_values=True,
            invalid_row_handler=skip,
        )
        read = pacsv.ReadOptions(
            column_names=self.columns, use_threads=False, block_size=len(data) + 1
        )
        table = pacsv.read_csv(pa.BufferReader(data), read, options, self._convert)
        return one_batch(table), bad

    def _drop_spaces(self, data: bytes, found: Scan) -> bytes:
        """Without the spaces at the start of fields, those in quotes excepted."""
        array = as_array(data)
        spaces = np.flatnonzero(array == _SPACE)
        # The byte before the first is the last one, which ends a row as a start of the block does.
        before = array[spaces - 1]
        spaces = spaces[(before == self.delimiter[0]) | (before == 10) | (before == 13)]
        spaces = spaces[found.outside(spaces)]
        if not len(spaces):
            return data
        keep = np.ones(len(array), dtype=np.bool_)
        while len(spaces):
            keep[spaces] = False
            spaces = spaces[spaces + 1 < len(array)] + 1
            spaces = spaces[array[spaces] == _SPACE]
        return array[keep].tobytes()

    def row_ends(self, data: bytes, found: Scan, encoding: str | None) -> Positions:
        """See `Codec.row_ends`."""
        del encoding
        starts, _, after = self._spans(data, found)
        return after[~self._is_comment(data, starts)] if self._comment else after

    def _rows(self, data: bytes, found: Scan) -> _Rows:
        array = as_array(data)
        starts, ends, _ = self._spans(data, found)
        if self._comment:
            rows = ~self._is_comment(data, starts)
            starts, ends = starts[rows], ends[rows]
        return _Rows(starts, ends, field_counts(array, self.delimiter[0], found, starts, ends))

    def _repair(
        self, data: bytes, found: Scan, batch: Any, lines: Positions
    ) -> tuple[Any, list[Malformed]]:
        """The block with the rows that pyarrow left out, and a report of all that are malformed.

        `lines`: where lines end.
        """
        rows = self._rows(data, found)
        ragged = np.flatnonzero(rows.counts != len(self.columns))
        if batch.num_rows + len(ragged) != len(rows.starts):
            # The two parsers see different rows: ours takes them all, slowly.
            batch, ragged = batch.slice(0, 0), np.arange(len(rows.starts))
        reasons: dict[int, list[str]] = {}
        for row in np.flatnonzero(rows.counts != len(self.columns)).tolist():
            count = int(rows.counts[row])
            reasons[row] = [f"{count:,} fields, {len(self.columns):,} expected"]
        for at in found.broken.tolist():
            row = int(np.searchsorted(rows.starts, at, side="right")) - 1
            if "text after a closing quote" not in reasons.setdefault(row, []):
                reasons[row].append("text after a closing quote")
        made = [self._row(data, rows, row) for row in ragged.tolist()]
        if made:
            batch = merge(batch, batch_of(made, self.columns), ragged)
        malformed = []
        for row, why in sorted(reasons.items()):
            start, end = int(rows.starts[row]), int(rows.ends[row])
            line = int(np.searchsorted(lines, start)) + 1
            text = decode(data[start : min(end, start + TEXT_KEPT * 4)], None)[:TEXT_KEPT]
            malformed.append(Malformed(row, line, "; ".join(why), text))
        return batch, malformed

    def _row(self, data: bytes, rows: _Rows, row: int) -> list[str | None]:
        text = data[int(rows.starts[row]) : int(rows.ends[row])]
        fields = split_row(text, self.delimiter, skip_space=self.skip_space)
        texts = fit(fields, text, len(self.columns))
        return [None if cell is None else decode(cell, None) for cell in texts]


def joined(rows: list[list[str]]) -> list[str]:
    """Names of columns of the rows of a header.

    An empty cell above another takes the name to its left, as merged cells are written.

    >>> joined([["", "2023", "", "2024"], ["city", "a", "b", "a"]])
    ['city', '2023_a', '2023_b', '2024_a']
    """
    names: list[list[str]] = [[] for _ in range(max(map(len, rows)))]
    for row in rows:
        text = ""
        for at, parts in enumerate(names):
            given = row[at] if at < len(row) else ""
            text = given if given or row is rows[-1] else text
            if text:
                parts.append(text)
    return ["_".join(parts) for parts in names]


def blanked(data: bytes, spans: list[tuple[int, int]]) -> bytes:
    """`data` with line ends in place of some parts, which are blank lines then."""
    changed = bytearray(data)
    for start, end in spans:
        changed[start:end] = b"\n" * (end - start)
    return bytes(changed)
