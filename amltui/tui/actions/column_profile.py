"""A column's profile as text: figures, then bars."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from rich.cells import cell_len

from amltui.text import visible
from amltui.tui.widgets.dataset_list import fit

if TYPE_CHECKING:
    from amltui.tables.queries import Histogram, Statistics

_BAR: Final = 32
"""Cells of the longest bar."""
_LABEL: Final = 28
"""Cells of the longest label."""
_EIGHTHS: Final = " ▏▎▍▌▋▊▉"


def profile_text(found: Statistics, spread: Histogram) -> str:
    """Statistics and histogram, line by line; what a type has no meaning for is left out."""
    lines = [f"{label:<12}{value}" for label, value in _figures(found)]
    labels = [_label(spread, index) for index in range(len(spread.bins))]
    counts = [part.count for part in spread.bins]
    if spread.other:
        labels.append("other values")
        counts.append(spread.other)
    if spread.missing:
        labels.append("missing")
        counts.append(spread.missing)
    width = max((cell_len(label) for label in labels), default=0)
    most = max(counts, default=0)
    lines += ["", _heading(spread)]
    lines += [
        f"{fit(label, width)}  {_bar(count, most)} {count:,}"
        for label, count in zip(labels, counts, strict=True)
    ]
    return "\n".join(lines)


def _heading(spread: Histogram) -> str:
    if spread.type not in {"text", "bool"}:
        return "histogram"
    if spread.sampled is None:
        return "value counts"
    return f"value counts: the most common of {spread.sampled:,} random rows, counted in all rows"


def _figures(found: Statistics) -> Iterator[tuple[str, str]]:
    yield "type", found.type + f" ({found.notation})" * bool(found.notation)
    yield "rows", f"{found.rows:,}"
    spelled = ", ".join(visible(text) for text in found.spellings if text)
    yield "missing", f"{found.missing:,}" + f" (some as {spelled})" * bool(spelled)
    if found.empty:
        yield "empty", f"{found.empty:,}"
    if found.misfits:
        yield "misfits", f"{found.misfits:,} that are no {found.type}"
    differing = f", {found.differing}" * bool(found.differing)
    yield "distinct", f"{'' if found.distinct_exact else '≈ '}{found.distinct:,}{differing}"
    texts = (("min", found.minimum), ("max", found.maximum))
    yield from ((label, visible(text)) for label, text in texts if text is not None)
    if found.mean is not None:
        yield "mean", number(found.mean)
    if found.std is not None:
        yield "std", number(found.std)
    if found.quartiles is not None:
        mark = "" if found.quartiles_exact else "≈ "
        yield "quartiles", mark + "  ".join(visible(text) for text in found.quartiles)
    if found.shortest is not None and found.longest is not None:
        yield "characters", f"{found.shortest:,} to {found.longest:,}"


def number(value: float) -> str:
    """Six digits, grouped; with an exponent only where zeros would hide them."""
    size = abs(value)
    if not size or not math.isfinite(value):
        return f"{value:g}"
    if not 1e-4 <= size < 1e15:
        return f"{value:.6g}"
    digits = max(0, 5 - math.floor(math.log10(size)))
    text = f"{value:,.{digits}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _label(spread: Histogram, index: int) -> str:
    part = spread.bins[index]
    if part.low == part.high or spread.type in {"text", "bool"}:
        text = visible(part.low) or "(empty)"
    elif spread.type == "int":
        text = _whole_numbers(part.low, part.high, last=index == len(spread.bins) - 1)
    else:
        text = f"{visible(part.low)} to {visible(part.high)}"
    return fit(text, _LABEL).rstrip()


def _whole_numbers(low: str, high: str, *, last: bool) -> str:
    """The whole numbers of a bin, whose end is its own only when it is the last."""
    first, after = math.ceil(float(low)), math.ceil(float(high))
    final = math.floor(float(high)) if last else after - 1
    return f"{first:,}" if final <= first else f"{first:,} to {final:,}"


def _bar(count: int, most: int) -> str:
    eighths = round(count / most * _BAR * 8) if most else 0
    if count and not eighths:
        eighths = 1
    whole, rest = divmod(eighths, 8)
    return "█" * whole + (_EIGHTHS[rest] if rest else "")
