"""Which encoding bytes are in: UTF-8 first, and a detector where they do not fit.

Two cases differ in kind. UTF-16 and UTF-32 must be known before the first delimiter is looked
for, so `sniff` tells them from the first bytes. All other encodings have ASCII's delimiters,
quotes and line ends in ASCII's places: rows are cut first, and decoded then (`to_utf8`). Which
encoding that is, is decided once for a content (`decide`, see `WINDOW`).
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass, field
from typing import Final

_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
SNIFF: Final = 4 * 1024
"""Bytes that `sniff` looks at."""

CANDIDATES: Final = (
    "cp1252",
    "iso8859_15",
    "mac_roman",
    "cp1250",
    "iso8859_2",
    "cp1251",
    "koi8_r",
    "cp866",
    "cp1253",
    "cp1254",
    "cp1255",
    "cp1256",
    "cp1257",
    "cp932",
    "euc_jp",
    "gb18030",
    "big5",
    "cp949",
)
"""Encodings that keep ASCII in its place: in others rows could not have been cut."""
_NEIGHBOURS: Final = frozenset({"cp1250", "iso8859_2", "cp1254", "cp1257"})
_NEARLY: Final = 0.8
"""Of the best score: Spanish in windows-1252 has 0.85 and more of the best of these, a text that is
in one of them 0.7 at most. See `tests.benchmarks.encodings`."""
_SEVERAL_BYTES: Final = frozenset({"cp932", "euc_jp", "gb18030", "big5", "cp949"})
_OTHER_SCRIPTS: Final = frozenset({"cp1251", "koi8_r", "cp866", "cp1253", "cp1255", "cp1256"})
_IN_LATIN_WORD: Final = re.compile(rb"[A-Za-z][^\0-\x7f]{1,2}(?![^\0-\x7f])")
_MAC_LETTER: Final = re.compile(rb"[A-Za-z][\x81-\x90\x98-\x9f]")
"""Where the Macintosh has accented letters, windows-1252 has signs and capitals."""
_HALF_WIDTH: Final = re.compile("[\uff61-\uff9f]")
_FRAMES: Final = re.compile("[\u2500-\u259f]")
NOT_ASCII: Final = re.compile(rb"[^\0-\x7f]+")
_LINE: Final = 16 * 1024
_SAMPLE: Final = 64 * 1024
"""Bytes of a line, and of all lines, that are looked at."""
WINDOW: Final = 256 * 1024
"""A content's encoding is decided over the first of its parts of so many bytes that is not all
ASCII. So it does not depend on how the bytes arrive, and all who read the content agree."""
MIXED: Final = "utf-8+"


def sniff(head: bytes) -> tuple[str, int]:
    """The encoding that a file's first bytes show, and the length of its byte order mark.

    Only `utf-8`, `utf-16-le`, `utf-16-be`, `utf-32-le` and `utf-32-be` are told apart here.
    """
    for mark, name in _MARKS:
        if head.startswith(mark):
            return name, len(mark)
    head = head[:SNIFF]
    if len(head) < 16 or b"\0" not in head:  # a few zeros in a short file may be just that
        return "utf-8", 0
    zeros = head.count(b"\0")
    if zeros * 16 < len(head) or (zeros * 4 < len(head) and is_utf8(head[:-3])):
        return "utf-8", 0
    ascii_of = {name: _ascii_characters(head, name) for _, name in _MARKS[1:]}
    best = max(ascii_of, key=ascii_of.__getitem__)
    return (best, 0) if ascii_of[best] else ("utf-8", 0)


def given_encoding(head: bytes, given: str) -> tuple[str, int]:
    """What `sniff` answers where a person said what the text is in."""
    name = codecs.lookup(given).name
    found, mark = sniff(head)
    if not name.startswith(("utf-16", "utf-32")):
        return "utf-8", len(codecs.BOM_UTF8) * head.startswith(codecs.BOM_UTF8)
    if found.startswith(name):
        return found, mark
    return (name if name[-3:] in {"-le", "-be"} else f"{name}-le"), 0


def _ascii_characters(head: bytes, encoding: str) -> int:
    """ASCII characters in the first bytes of a text in UTF-16 or UTF-32; 0 where it is not that.

    In the wrong byte order line ends and delimiters are other characters.
    """
    try:
        text = codecs.getincrementaldecoder(encoding)().decode(head)
    except UnicodeDecodeError:
        return 0
    if any(char < " " and char not in "\t\n\r\f\v" for char in text):
        return 0
    return sum(char < "\x80" for char in text)


def is_utf8(data: bytes) -> bool:
    """Whether `data` is UTF-8."""
    if data.isascii():
        return True
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def decide(data: bytes) -> str:
    """What a text is in, by a part of it that is not all ASCII: see `to_utf8`.

    Lines that are UTF-8 by chance do not count: a character of two bytes in an Asian encoding is
    one in ten times.
    """
    seen = _look(data)
    if not seen.other:
        return "utf-8"
    if not seen.long:
        lines = b"\n".join(seen.lines)
        found = detect(lines)
        if found in _SEVERAL_BYTES and _fits(lines, found):
            return found
    found = detect(b"\n".join(seen.odd_lines))
    if 2 * seen.utf8 < seen.other:
        return found
    return f"{MIXED}{found}"


@dataclass(slots=True)
class _Seen:
    """What the lines of a text are that are not ASCII."""

    utf8: int = 0
    """Characters in UTF-8; longer ones count more, each run of bytes counts once."""
    other: int = 0
    """Runs of bytes that are not UTF-8, each once."""
    long: bool = False
    """Whether there are characters of three and more bytes in UTF-8: they are hardly chance."""
    lines: list[bytes] = field(default_factory=list)
    odd_lines: list[bytes] = field(default_factory=list)
    """Those of the lines that are not UTF-8."""


def _look(data: bytes) -> _Seen:
    seen = _Seen()
    runs: set[bytes] = set()
    size = 0
    for line in data.splitlines():
        if line.isascii():
            continue
        part, odd = line[:_LINE], False
        for run in NOT_ASCII.findall(part):
            weight = _utf8_weight(run)
            odd = odd or not weight
            if run not in runs:
                runs.add(run)
                seen.utf8 += weight
                seen.other += not weight
                seen.long = seen.long or (weight > 0 and max(run) >= 0xE0)
        seen.lines.append(part)
        if odd:
            seen.odd_lines.append(part)
        size += len(part)
        if size > _SAMPLE:
            break
    return seen


def _utf8_weight(run: bytes) -> int:
    """How much bytes speak for UTF-8; 0: they are not."""
    try:
        text = run.decode()
    except UnicodeDecodeError:
        return 0
    return sum(1 if char < "\u0800" else 4 for char in text)


def detect(sample: bytes) -> str:
    """The likeliest encoding of bytes that are not UTF-8; `cp1252` where nothing stands out.

    Args:
        sample: lines that are not ASCII; at most the first 64 KiB are looked at.
    """
    sample = sample[:_SAMPLE]
    name = _guess(sample)
    if name == "cp866" and _FRAMES.search(sample.decode(name)):
        # Asian text looks so; a table in the letters of old PCs has no frames in its cells.
        name = _guess(sample, without=name)
    if name != "cp1252" and _decoded(sample, name) == _decoded(sample, "cp1252"):
        return "cp1252"  # the commonest of those that say the same
    if name == "mac_roman" and _fits(sample, "cp1252") and not _MAC_LETTER.search(sample):
        return "cp1252"
    # Chinese text read as Japanese is half-width katakana, which Japanese seldom has.
    if name == "cp932" and _HALF_WIDTH.search(sample.decode(name, "replace")):
        return "gb18030" if _fits(sample, "gb2312") else name
    return name


def _guess(sample: bytes, without: str = "") -> str:
    import chardet

    runs = len(NOT_ASCII.findall(sample))
    latin = 2 * len(_IN_LATIN_WORD.findall(sample)) >= max(1, runs)
    names = [
        name.replace("_", "-")
        for name in CANDIDATES
        if name != without and not (latin and name in _OTHER_SCRIPTS)
    ]
    found = chardet.detect_all(sample, include_encodings=names)
    scores = {
        codecs.lookup(one["encoding"]).name.replace("-", "_"): one["confidence"]
        for one in found
        if one["encoding"] is not None
    }
    best = max(scores, key=scores.__getitem__, default="cp1252")
    if best in _NEIGHBOURS and scores.get("cp1252", 0) >= _NEARLY * scores[best]:
        return "cp1252"
    return best


def _decoded(sample: bytes, name: str) -> str | None:
    try:
        return sample.decode(name)
    except UnicodeDecodeError:
        return None


def _fits(sample: bytes, name: str) -> bool:
    return _decoded(sample, name) is not None


def to_utf8(data: bytes, encoding: str) -> tuple[bytes, int]:
    """`data` in UTF-8, and how many of its lines were not.

    Args:
        data: whole lines.
        encoding: what they are in. After `utf-8+` stands what only the lines are in that are not
            UTF-8; for `utf-8` that is windows-1252. A line that does not fit its encoding is taken
            as Latin-1, which fits anything.
    """
    if data.isascii() or (encoding.startswith("utf-8") and is_utf8(data)):
        return data, 0
    lines = data.splitlines(keepends=True)
    count = 0
    for index, line in enumerate(lines):
        if line.isascii() or (encoding.startswith("utf-8") and is_utf8(line)):
            continue
        count += 1
        lines[index] = decode(line, encoding).encode("utf-8", "replace")
    return b"".join(lines), count


def decode(line: bytes, encoding: str | None) -> str:
    """The text of a line, or of a part of one. None: all of the content was ASCII so far."""
    name = "utf-8" if encoding is None else encoding
    if name.startswith("utf-8"):
        if is_utf8(line):
            return line.decode()
        name = name.removeprefix(MIXED) if name != "utf-8" else "cp1252"
    try:
        return line.decode(name)
    except UnicodeDecodeError:
        return line.decode("latin-1")
