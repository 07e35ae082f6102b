"""Which dialect delimited text is in, by its first rows.

Each likely delimiter and quote is tried with the parser of Python's `csv`. The best one cuts all
rows into the same number of fields and leaves fields that look like values: numbers, dates, words.
`Detected.certain` is said only where nothing speaks for another reading.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from amltui.formats.dialect import Dialect
from amltui.formats.encoding import decide, decode, sniff
from amltui.formats.registry import Format

LOOK: Final = 64 * 1024
"""Bytes that are looked at."""
_ROWS: Final = 200
_DELIMITERS: Final = (",", "\t", ";", "|", ":", "^", "~", "\x1f", " ")
_USUAL: Final = frozenset(",\t;|")
_COMMENTS: Final = ("#", "%", "//", "--", "!")
_MOST_BEFORE: Final = 40
"""Rows before the header at most."""
_MOST_TITLES: Final = 4
_SEPARATOR_LINE: Final = re.compile(r'(?i)"?sep=[^\r\n]"?[ \t]*[\r\n]')
_NUMBER: Final = re.compile(
    r"[-+]?(\d{1,3}([.,' ]\d{3})+|\d+)?([.,]\d+)?([eE][-+]?\d+)?%?(?<=[\d%])"
)
_DAY: Final = r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}"
_CLOCK: Final = r"\d{1,2}:\d{2}(:\d{2}([.,]\d+)?)?(Z|[-+]\d{2}:?\d{2})?"
_MOMENT: Final = re.compile(rf"{_DAY}([T ]{_CLOCK})?|{_CLOCK}")
_COLONS: Final = re.compile(rf"(?<![\d:.,])[T ]?{_CLOCK}(?![\d:])|://")
_WORDS: Final = re.compile(r"[^\W_][\w .'\u2019()&/+%#@*-]*[.!?]?")
_PROSE: Final = re.compile(r"[^\W_]\S*([ ]+\S+)*")
_ABSENT: Final = frozenset(
    {"", "NA", "N/A", "n/a", "NULL", "null", "None", "NaN", "nan", "-", "?", "."}
)
_COMMA_DECIMAL: Final = re.compile(r"[-+]?(\d{1,3}([. '\u00a0\u202f]\d{3})+|\d*)(,\d+)?")
_POINT_DECIMAL: Final = re.compile(r"[-+]?(\d{1,3}([, '\u00a0\u202f]\d{3})+|\d*)(\.\d+)?")
_MAYBE_GROUP: Final = re.compile(r"[-+]?[1-9]\d{0,2}([.,])\d{3}")


@dataclass(frozen=True, slots=True)
class Detected:
    """What text seems to be written in."""

    dialect: Dialect
    certain: bool


@dataclass(slots=True)
class _Try:
    """Text read in one way."""

    dialect: Dialect
    rows: list[list[str]]
    """From the header on."""
    score: float = 0.0
    values: float = 0.0
    """Share of the cells that look like values."""
    typed: float = 0.0
    """Share of the cells below the first row that are numbers, times or missing."""
    even: bool = False
    """Whether all rows have as many fields as the header."""
    titles: bool = False
    """Whether rows were left out that have as many fields."""


def detect(head: bytes, *, whole: bool) -> Detected:
    r"""The dialect of a text.

    >>> detect(b"day;rain\n2024-01-01;1,5\n2024-01-02;0,25\n", whole=True).dialect.describe()
    'separated by ;, decimal comma'

    Args:
        head: its first bytes; 64 KiB are enough.
        whole: these are all of it.
    """
    text = _text(head[:LOOK], whole=whole and len(head) <= LOOK)
    tries = sorted(_tries(text), key=lambda one: -one.score)
    if not tries or not tries[0].score:
        return Detected(Dialect(skip_space=True), certain=False)
    # What leaves numbers only is right, however few fields: `1,5 2,5` has no value `5 2`.
    best = next((one for one in tries if one.even and one.typed == 1), tries[0])
    rivals = [one for one in tries if one.rows != best.rows]
    clear = all(one.score < 0.8 * best.score and one.typed <= best.typed for one in rivals)
    certain = clear and best.even and len(best.rows) > 2 and best.values >= 0.9
    if best.dialect.delimiter not in _USUAL:
        certain = certain and best.values >= 0.99 and len(best.rows) > 4
    if best.dialect.delimiter == " " or best.titles:
        certain = False  # words of a title are fields too
    header, sure = _header(best.rows)
    body = best.rows[1:] if header else best.rows
    decimal, thousands, known = _separators(body, best.dialect.delimiter)
    dialect = replace(best.dialect, header=header, decimal=decimal, thousands=thousands)
    return Detected(dialect, certain and sure and known)


def offer(head: bytes, fmt: Format, *, whole: bool) -> Dialect | None:
    """Another dialect than its format's that a text is surely in; None: nothing speaks for one."""
    if fmt.kind != "delimited" or fmt.dialect is not None:
        return None
    encoding, mark = sniff(head)
    if _SEPARATOR_LINE.match(decode(head[mark:64], None) if encoding == "utf-8" else ""):
        return None
    own = Dialect.of(fmt)
    found = detect(head, whole=whole)
    if not found.certain:
        return None
    dialect = replace(found.dialect, skip_space=own.skip_space or found.dialect.skip_space)
    return dialect if dialect != own else None


def _text(head: bytes, *, whole: bool) -> str:
    """The text of whole lines."""
    encoding, mark = sniff(head)
    data = head[mark:]
    if encoding == "utf-8":
        if not whole:
            data = data[: data.rfind(b"\n") + 1] or data
        text = decode(data, None if data.isascii() else _encoding(data))
    else:
        text = data.decode(encoding, "replace")
        text = text if whole else text[: text.rfind("\n") + 1] or text
    return text.replace("\0", "")


def _encoding(data: bytes) -> str:
    return decide(data)


def _tries(text: str) -> list[_Try]:
    lines = text.splitlines(keepends=True) if "\r" in text else text.split("\n")
    lines = [line.rstrip("\r\n") + "\n" for line in lines]
    while lines and lines[-1] == "\n":
        lines.pop()
    # What stands between the parts of a time or of an address separates no fields.
    bare = [_COLONS.sub("", line) for line in lines[:_ROWS]]
    found = []
    for delimiter in _DELIMITERS:
        if sum(delimiter in line for line in bare) * 3 < len(bare):
            continue
        for quote in _quotes("".join(lines), delimiter):
            escapes = ["", "\\"] if quote and f"\\{quote}" in text else [""]
            for escape in escapes:
                space = delimiter == "," or f"{delimiter} {quote}" in text
                dialect = Dialect(
                    delimiter,
                    quote,
                    escape,
                    skip_space=space and delimiter != " ",
                )
                found += [_read(lines, dialect), *_without_comments(lines, dialect)]
    return found


def _quotes(text: str, delimiter: str) -> list[str]:
    """Quotes that stand around fields somewhere; the usual one where none does."""
    at = re.escape(delimiter)
    found = [
        quote
        for quote in ('"', "'")
        if quote in text
        and re.search(rf"(?:^|{at}) ?{quote}", text, re.MULTILINE)
        and re.search(rf"{quote}(?:$|{at})", text, re.MULTILINE)
    ]
    if '"' in text and '"' not in found:
        found.append("")
    return found or ['"']


def _without_comments(lines: list[str], dialect: Dialect) -> list[_Try]:
    found = []
    for prefix in _COMMENTS:
        kept = [line for line in lines if not line.startswith(prefix)]
        if not 0 < len(lines) - len(kept) <= len(kept):
            continue
        one = _read(kept, replace(dialect, comment=prefix))
        width = len(one.rows[0]) if one.rows else 0
        comments = [line for line in lines if line.startswith(prefix)]
        prose = len(comments) > 1 and all(line.startswith(f"{prefix} ") for line in comments)
        same = any(len(row) == width for row in _parse(comments, dialect))
        if prose or not same:
            found.append(one)
    return found


def _parse(lines: Sequence[str], dialect: Dialect) -> list[list[str]]:
    return [row for row, _ in _numbered(lines, dialect)]


def _numbered(lines: Sequence[str], dialect: Dialect) -> list[tuple[list[str], int]]:
    """Rows that are not blank, each with the number of lines before it."""
    reader = csv.reader(
        lines,
        delimiter=dialect.delimiter,
        quotechar=dialect.quote or None,
        quoting=csv.QUOTE_MINIMAL if dialect.quote else csv.QUOTE_NONE,
        escapechar=dialect.escape or None,
        skipinitialspace=dialect.skip_space,
    )
    rows: list[tuple[list[str], int]] = []
    before = 0
    try:
        for row in reader:
            if row:
                rows.append((row, before))
            before = reader.line_num
            if len(rows) == _ROWS:
                break
    except csv.Error:  # a field above the module's limit: what was read before it must do
        pass
    return rows


def _read(lines: list[str], dialect: Dialect) -> _Try:
    """Rows and their score."""
    rows = _numbered(lines, dialect)
    widths = Counter(len(row) for row, _ in rows)
    if not widths:
        return _Try(dialect, [])
    width = max(widths, key=lambda one: (widths[one], one))
    if width < 2:
        return _Try(dialect, [row for row, _ in rows])
    first = next(at for at, (row, _) in enumerate(rows) if len(row) == width)
    if first > _MOST_BEFORE:
        return _Try(dialect, [])
    titles = _titles([row for row, _ in rows[first:]])
    first += titles
    body = [row for row, _ in rows[first:]]
    even = sum(len(row) == width for row in body) / len(body)
    cells = [cell for row in body[:100] for cell in row]
    values = sum(_looks(cell.strip(), dialect) for cell in cells) / len(cells)
    before = 1 - 0.5 * first / len(rows)
    skip = rows[first][1]
    if dialect.comment and skip:
        values *= 0.9
    score = even**2 * (width - 1) / width * values * before
    below = [cell.strip() for row in body[1:100] for cell in row]
    typed = sum(cell in _ABSENT or _typed(cell) for cell in below) / max(1, len(below))
    return _Try(replace(dialect, skip=skip), body, score, values, typed, even == 1, titles > 0)


def _titles(rows: list[list[str]]) -> int:
    """Rows before the header that have as many fields: words above numbers, more than one row."""
    width = len(rows[0])
    rest = [row for row in rows[_MOST_TITLES:] if len(row) == width]
    typed = [
        at
        for at in range(width)
        if (cells := [cell for row in rest if (cell := row[at].strip()) not in _ABSENT])
        and all(map(_typed, cells))
    ]
    words = 0
    for row in rows[:_MOST_TITLES]:
        cells = [row[at].strip() for at in typed if at < len(row)]
        if not cells or any(
            cell in _ABSENT or (_typed(cell) and not _year(cell)) for cell in cells
        ):
            break
        words += 1
    return max(0, words - 1)


def _looks(cell: str, dialect: Dialect) -> float:
    """How much a cell looks like one value: 0 to 1."""
    if cell in _ABSENT or _NUMBER.fullmatch(cell) or _MOMENT.fullmatch(cell):
        return 1.0
    if cell[0] in "\"'" or cell[-1] == '"' or (cell[-1] == "'" and dialect.quote != "'"):
        return 0.2
    if _WORDS.fullmatch(cell):
        return 1.0
    bare = _COLONS.sub("", cell)
    others = sum(bare.count(one) for one in ",;\t|:" if one != dialect.delimiter)
    if dialect.quote and dialect.delimiter in cell:
        return 0.9
    if others and not re.search(r"[,;:] ", cell):
        return 0.3
    return 0.9 if _PROSE.fullmatch(cell) else 0.5


def _typed(cell: str) -> bool:
    return bool(cell and (_NUMBER.fullmatch(cell) or _MOMENT.fullmatch(cell)))


def _header(rows: list[list[str]]) -> tuple[bool, bool]:
    """Whether the first row has names, and whether that is sure."""
    names = [name.strip() for name in rows[0]]
    below = [row for row in rows[1:] if len(row) == len(names)]
    yes = no = 0
    for at, name in enumerate(names):
        cells = [cell for row in below if (cell := row[at].strip()) not in _ABSENT]
        if len(cells) < 2 or not all(map(_typed, cells)):
            continue
        yes += name != "" and not _typed(name) and name not in _ABSENT
        no += _typed(name) and not _year(name)
    if yes or no:
        return yes > no, not (yes and no)
    typed = any(map(_typed, names)) or any(name in {"?", "NA"} for name in names)
    return not typed and len(set(names)) == len(names), False


def _year(name: str) -> bool:
    return bool(re.fullmatch(r"1[89]\d\d|20\d\d", name))


def _separators(rows: list[list[str]], delimiter: str) -> tuple[str, str, bool]:
    """Decimal and thousands separators, and whether they are sure."""
    comma = groups_of_comma = point = groups_of_point = maybe = False
    comma_group = point_group = ""
    width = len(rows[0]) if rows else 0
    for at in range(width):
        cells = [row[at].strip() for row in rows if len(row) == width]
        cells = [cell for cell in cells if cell not in _ABSENT]
        if not cells or not any(mark in cell for cell in cells for mark in ",.' \u00a0\u202f"):
            continue
        in_comma = [_COMMA_DECIMAL.fullmatch(cell) for cell in cells]
        in_point = [_POINT_DECIMAL.fullmatch(cell) for cell in cells]
        if all(in_comma) and all(in_point):
            # `1,234` and `1.234` are both.
            maybe = maybe or any(_MAYBE_GROUP.fullmatch(cell) for cell in cells)
        elif all(in_comma):
            comma = comma or any("," in cell for cell in cells)
            group = next((match[2][0] for match in in_comma if match and match[2]), "")
            comma_group = comma_group or group
            groups_of_comma = groups_of_comma or bool(group)
        elif all(in_point):
            point = point or any("." in cell for cell in cells)
            group = next((match[2][0] for match in in_point if match and match[2]), "")
            point_group = point_group or group
            groups_of_point = groups_of_point or bool(group)
    if comma and not point and not groups_of_point:
        return ",", _group(comma_group, "." if maybe else ""), not maybe or bool(comma_group)
    sure = not (comma and (point or groups_of_point)) and not groups_of_comma
    if maybe and delimiter != "," and not point_group:
        sure = sure and point
    return ".", _group(point_group, ""), sure


def _group(found: str, other: str) -> str:
    group = found or other
    return " " if group in {"\u00a0", "\u202f"} else group
