"""What a comparison found, in words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from amltui.text import visible

if TYPE_CHECKING:
    from amltui.tables.queries import Comparison, Drift

_SHIFTED: Final = 0.1
"""Population stability index from which a column is named in the summary."""


def told(found: Comparison) -> Iterator[str]:
    """The summary, line by line: columns, counts of rows, and how values moved. Safe to show."""
    if found.equal:
        yield f"equal: {found.right_rows:,} rows"
        yield from _cut(found)
        return
    yield from _columns(found)
    how = f"by {', '.join(map(visible, found.key))}" if found.key else "as a whole, without a key"
    how += ", which is unique in both" * found.key_found
    yield f"rows {found.left_rows:,} → {found.right_rows:,}, compared {how}: {counts(found)}"
    yield from _cut(found)
    for one in found.drift:
        words = _moved(one)
        if words:
            yield f"column {visible(one.column)}: {', '.join(words)}"


def counts(found: Comparison) -> str:
    """How many rows differ: `3 added, 0 removed, 8 changed`."""
    words = [f"{found.added:,} added", f"{found.removed:,} removed"]
    words += [f"{found.changed:,} changed"] if found.key else []
    return ", ".join(words)


def shown(text: str | None) -> str:
    """One cell among others, cut where it is long."""
    if text is None:
        return "(missing)"
    return visible(text if len(text) <= 60 else text[:59] + "…") or '""'


def _cut(found: Comparison) -> Iterator[str]:
    if found.cut:
        yield f"{found.cut:,} cells over 64 KiB were compared by their first 64 KiB"


def _columns(found: Comparison) -> Iterator[str]:
    for pair in found.columns:
        if pair.status == "renamed":
            yield f"column {visible(pair.left or '')} is now {visible(pair.right or '')}"
        elif pair.status == "retyped":
            yield f"column {visible(pair.name)}: {pair.left_type} is now {pair.right_type}"
        elif pair.status != "same":
            yield f"column {visible(pair.name)}: {pair.status}"
    if not found.same_columns and all(pair.status == "same" for pair in found.columns):
        yield "columns: in another order"


def _moved(one: Drift) -> list[str]:
    words = []
    if one.changed:
        words.append(f"{one.changed:,} cell{'s' * (one.changed > 1)} changed")
    if one.missing[0] != one.missing[1]:
        words.append(f"missing {one.missing[0]:,} → {one.missing[1]:,}")
    if one.mean[0] is not None and one.mean[1] is not None and one.mean[0] != one.mean[1]:
        words.append(f"mean {one.mean[0]:.6g} → {one.mean[1]:.6g}")
    if one.new_values:
        words.append(f"new: {', '.join(map(shown, one.new_values[:5]))}")
    if one.vanished_values:
        words.append(f"gone: {', '.join(map(shown, one.vanished_values[:5]))}")
    if one.stability is not None and one.stability >= _SHIFTED:
        words.append(f"population stability index {one.stability:.2f}")
    return words
