"""Which encoding bytes are in: UTF-8 first, and a detector where they do not fit.

Two cases differ in kind. UTF-16 and UTF-32 must be known before the first delimiter is looked
for, so `sniff` tells them from the first bytes. All other encodings have ASCII's delimiters,
quotes and line ends in ASCII's places: rows are cut first, and only those that are not UTF-8 are
decoded otherwise (`recode`). So a file in two encodings loses nothing either. Which encoding that
is, is decided once for a file, over the first lines that are not UTF-8.
"""

from __future__ import annotations

import codecs
import re
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

_CANDIDATES: Final = (
    "cp1252",
    "latin_1",
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
_MAC_LETTER: Final = re.compile(rb"[A-Za-z][\x81-\x90\x98-\x9f]")
"""Where the Macintosh has accented letters, windows-1252 has signs and capitals."""
_HALF_WIDTH: Final = re.compile("[\uff61-\uff9f]")


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


def detect(sample: bytes) -> str:
    """The likeliest encoding of bytes that are not UTF-8; `cp1252` where nothing stands out.

    Args:
        sample: bytes around those that did not fit; at most the first 64 KiB are looked at.
    """
    import charset_normalizer

    matches = charset_normalizer.from_bytes(
        sample[: 64 * 1024], cp_isolation=list(_CANDIDATES), preemptive_behaviour=False
    )
    best = matches.best()
    if best is None:
        return "cp1252"
    # Short samples fit several equally well: take the commonest of those, not the first tried.
    alike = {
        name
        for match in matches
        if (match.chaos, match.coherence) == (best.chaos, best.coherence)
        for name in (match.encoding, *match.could_be_from_charset)
    }
    name = next((name for name in _CANDIDATES if name in alike), best.encoding)
    return _likelier(sample, name)


def _likelier(sample: bytes, name: str) -> str:
    """The commoner of two encodings that a detector takes for each other."""
    if name == "mac_roman" and _fits(sample, "cp1252") and not _MAC_LETTER.search(sample):
        return "cp1252"
    # Chinese text read as Japanese is half-width katakana, which Japanese seldom has.
    if name == "cp932" and _HALF_WIDTH.search(sample.decode(name, "replace")):
        return "gb18030" if _fits(sample, "gb2312") else name
    return name


def _fits(sample: bytes, name: str) -> bool:
    try:
        sample.decode(name)
    except UnicodeDecodeError:
        return False
    return True


class NotUtf8(Exception):
    """Bytes are not UTF-8 and no other encoding was given."""


def require_utf8(data: bytes) -> None:
    """Raise `NotUtf8` unless `data` is."""
    if not is_utf8(data):
        raise NotUtf8


def recode(data: bytes, encoding: str) -> tuple[bytes, int]:
    """`data` in UTF-8, and how many of its lines were not: those are taken as `encoding`.

    A line that does not fit `encoding` either is taken as Latin-1, which fits anything.
    """
    lines = data.splitlines(keepends=True)
    count = 0
    for index, line in enumerate(lines):
        text = None if line.isascii() else other_text(line, encoding)
        if text is not None:
            count += 1
            lines[index] = text.encode()
    return b"".join(lines), count


def other_text(line: bytes, encoding: str) -> str | None:
    """What a line is in `encoding`; None: it is UTF-8, whatever else it may be too.

    So what a line reads as does not depend on whether the file's encoding was known by then.
    """
    if is_utf8(line):
        return None
    try:
        return line.decode(encoding)
    except UnicodeDecodeError:
        return line.decode("latin-1")


def odd_lines(data: bytes) -> bytes:
    """The lines of `data` that are not UTF-8, up to about 64 KiB of them, for `detect`."""
    found: list[bytes] = []
    size = 0
    for line in data.splitlines():
        try:
            line.decode()
        except UnicodeDecodeError:
            found.append(line[: 16 * 1024])
            size += len(found[-1])
            if size > 64 * 1024:
                break
    return b"\n".join(found)
