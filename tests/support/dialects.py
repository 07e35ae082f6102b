"""Tables at random, written in dialects at random, for the detector."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace

from amltui.formats.dialect import Dialect

_WORDS = [
    *("north", "south", "river", "station", "Sales", "total", "unit", "price", "müde", "café"),
    *("Łódź", "straße", "weather", "sample", "control", "blue", "green", "open", "closed"),
    *("alpha", "beta", "gamma", "Paris", "London", "Quito", "Ångström"),
]


@dataclass(frozen=True)
class Written:
    """A table and its bytes."""

    dialect: Dialect
    names: list[str] | None
    rows: list[list[str]]
    data: bytes


def written(seed: int) -> Written:
    """A table of 2 to 8 columns and 4 to 40 rows in some dialect."""
    dice = random.Random(seed)
    delimiter = dice.choice([",", ",", "\t", "\t", ";", ";", "|", " ", ":", "~"])
    decimal = "," if delimiter != "," and dice.random() < 0.4 else "."
    thousands = ""
    if dice.random() < 0.15 and delimiter != ",":
        thousands = "." if decimal == "," else ","
    dialect = Dialect(
        delimiter,
        quote="'" if dice.random() < 0.1 else '"',
        escape="\\" if dice.random() < 0.1 else "",
        header=dice.random() < 0.75,
        skip=dice.choice([0, 0, 0, 1, 2, 3]),
        comment="#" if dice.random() < 0.1 else "",
        decimal=decimal,
        thousands=thousands,
        skip_space=delimiter == ",",
    )
    if dialect.comment:
        dialect = replace(dialect, skip=0)
    # Of numbers alone it is hardest to tell what separates them.
    others = ["int", "float"] + ["word", "prose", "date", "time"] * (dice.random() < 0.8)
    kinds = ["float", *dice.choices(others, k=7)]
    kinds = kinds[: dice.randint(2, 8)]
    dice.shuffle(kinds)
    rows = [[_cell(kind, dice) for kind in kinds] for _ in range(dice.randint(4, 40))]
    names = [f"{dice.choice(_WORDS)}_{at}" for at in range(len(kinds))] if dialect.header else None
    return Written(dialect, names, rows, _bytes(dialect, names, rows, kinds, dice))


def _cell(kind: str, dice: random.Random) -> str:
    if dice.random() < 0.05:
        return ""
    words = dice.choices(_WORDS, k=dice.randint(2, 6))
    return {
        "int": str(dice.randint(-50, 5000)),
        "float": f"{dice.uniform(-20, 90000):.{dice.choice([1, 2, 4])}f}",
        "word": words[0],
        "date": f"20{dice.randint(10, 24)}-{dice.randint(1, 12):02}-{dice.randint(1, 28):02}",
        "time": f"{dice.randint(0, 23):02}:{dice.randint(0, 59):02}",
        "prose": dice.choice([" ", ", ", "; ", " - ", ' "']).join(words),
    }[kind]


def _bytes(
    dialect: Dialect,
    names: list[str] | None,
    rows: list[list[str]],
    kinds: list[str],
    dice: random.Random,
) -> bytes:
    lines = [["Report of 2024", "made by a tool", ""][at] for at in range(dialect.skip)]
    if dialect.comment:
        lines += ["# made by a tool", "# unit: m, s"]
    if names is not None:
        lines.append(dialect.delimiter.join(names))
    always = dice.random() < 0.15
    for row in rows:
        cells = []
        for cell, kind in zip(row, kinds, strict=True):
            text = _number(cell, dialect) if kind in {"int", "float"} else cell
            cells.append(_field(text, dialect, always=always))
        lines.append(dialect.delimiter.join(cells))
        if dialect.comment and dice.random() < 0.05:
            lines.append("# checked")
    end = dice.choice(["\n", "\n", "\r\n"])
    return (end.join(lines) + end * dice.choice([0, 1, 1])).encode()


def _number(cell: str, dialect: Dialect) -> str:
    if not cell:
        return cell
    whole, point, part = cell.partition(".")
    if dialect.thousands:
        whole = f"{int(whole):,}".replace(",", dialect.thousands) if whole != "-0" else whole
    return whole + point.replace(".", dialect.decimal) + part


def _field(text: str, dialect: Dialect, *, always: bool) -> str:
    quote, escape = dialect.quote, dialect.escape
    special = (dialect.delimiter, quote, "\n", *([escape] if escape else []))
    if not text or not (always or any(one in text for one in special)):
        return text
    doubled = f"{escape or quote}{quote}"
    text = text.replace(escape, escape * 2) if escape else text
    return quote + text.replace(quote, doubled) + quote
