"""How often detectors of encodings read a table right: the one that is used, and its rivals.

    pip install babel chardet
    python -m tests.benchmarks.encodings [--samples 20]

The corpus is made here: tables of country, language and currency names from the CLDR, in the order
of a seeded shuffle, in 14 encodings that keep ASCII's characters in their places. A sample is right
when all of its text reads back equal, whatever the encoding found is called. The detectors are
given what the program gives them: the lines that are not ASCII.
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Callable, Iterator
from typing import Final

import chardet
import charset_normalizer
from babel import Locale

from amltui.formats.encoding import CANDIDATES, detect

SIZES: Final = (200, 2_000, 20_000)
CORPUS: Final = (
    ("cp1252", "fr de es pt it sv"),
    ("iso8859_15", "fr de fi"),
    ("mac_roman", "fr de es"),
    ("cp1250", "cs pl hu hr"),
    ("iso8859_2", "cs pl hu"),
    ("cp1251", "ru uk bg"),
    ("koi8_r", "ru"),
    ("cp1253", "el"),
    ("cp1254", "tr"),
    ("cp932", "ja"),
    ("euc_jp", "ja"),
    ("gb18030", "zh_Hans"),
    ("big5", "zh_Hant"),
    ("cp949", "ko"),
)
"""Encodings, and languages that are written in each."""


def rows(language: str, encoding: str, seed: int) -> Iterator[bytes]:
    """Lines of a table in a language, without end; names that the encoding has not are left out."""
    locale = Locale.parse(language)
    names = [*locale.territories.values(), *locale.languages.values(), *locale.currencies.values()]
    written = [text for name in names if "," not in name and (text := encoded(name, encoding))]
    dice = random.Random(seed)
    while True:
        dice.shuffle(written)
        for number, (first, second) in enumerate(zip(written[::2], written[1::2], strict=False)):
            yield b"%d,%s,%s,%.2f\n" % (number, first, second, dice.random() * 1000)


def encoded(name: str, encoding: str) -> bytes:
    """A name's bytes; none where the encoding lacks one of its letters."""
    try:
        return name.encode(encoding)
    except UnicodeEncodeError:
        return b""


def sample(language: str, encoding: str, size: int, seed: int) -> bytes:
    """About so many bytes of lines that are not ASCII, at least one."""
    found, length = [], 0
    for line in rows(language, encoding, seed):
        if line.isascii():
            continue
        found.append(line)
        length += len(line)
        if length >= size:
            break
    return b"".join(found)


def by_charset_normalizer(data: bytes) -> str:
    """Its best match of the encodings that the program reads."""
    best = charset_normalizer.from_bytes(
        data[: 64 * 1024], cp_isolation=list(CANDIDATES), preemptive_behaviour=False
    ).best()
    return "cp1252" if best is None else best.encoding


def by_chardet(data: bytes) -> str:
    """Its best match of the encodings that the program reads."""
    found = chardet.detect(data[: 64 * 1024], include_encodings=_CHARDET)["encoding"]
    return found or "cp1252"


_CHARDET: Final = [name.replace("_", "-") for name in CANDIDATES]

DETECTORS: Final[dict[str, Callable[[bytes], str]]] = {
    "amltui": detect,
    "chardet": by_chardet,
    "charset-normalizer": by_charset_normalizer,
}


def reads_as(data: bytes, encoding: str) -> str | None:
    """The text, or None where the bytes are not in this encoding."""
    try:
        return data.decode(encoding)
    except (UnicodeDecodeError, LookupError):
        return None


def main() -> None:
    """Print a table for each detector."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--samples", type=int, default=20, help="of each encoding and size")
    count = arguments.parse_args().samples
    for name, detector in DETECTORS.items():
        print(f"\n{name}: right of {count}" + "".join(f"{size:>9,} B" for size in SIZES))
        totals, seconds = [0] * len(SIZES), [0.0] * len(SIZES)
        for encoding, languages in CORPUS:
            right, wrong = [0] * len(SIZES), []
            for at, size in enumerate(SIZES):
                for number in range(count):
                    choices = languages.split()
                    data = sample(choices[number % len(choices)], encoding, size, number)
                    begin = time.perf_counter()
                    found = detector(data)
                    seconds[at] += time.perf_counter() - begin
                    if reads_as(data, found) == data.decode(encoding):
                        right[at] += 1
                    elif found not in wrong:
                        wrong.append(found)
                totals[at] += right[at]
            cells = "".join(f"{number:>11}" for number in right)
            print(f"{encoding:<26}{cells}   {' '.join(wrong)}")
        whole = count * len(CORPUS)
        print(f"{'all':<26}" + "".join(f"{total * 100 / whole:>10.1f}%" for total in totals))
        print(f"{'ms each':<26}" + "".join(f"{took * 1000 / whole:>11.1f}" for took in seconds))


if __name__ == "__main__":
    main()
