"""What the line above the rows says of them, and the details of how they are written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from amltui.models import Dataset
from amltui.text import human_size
from amltui.tui.actions.query_stack import QueryStack
from amltui.tui.widgets.preview import PreviewState

if TYPE_CHECKING:
    from amltui.formats.lens import Lens
    from amltui.services.previews import Preview
    from amltui.tables.rows import Rows


def state_of(preview: Preview, dataset: Dataset, stack: QueryStack) -> PreviewState:
    """What the rows on the screen are of the whole."""
    rows, table, labels = preview.rows, preview.table, stack.labels
    note = _completeness(preview)
    if table is not None and table is not rows and not table.complete:
        part = f"{preview.built:.0%} of the columns read"
        note = part if labels else f"{note} · {part}"
        rows = table if labels else rows
    whole = None
    if labels:
        note = "" if rows.complete else f"so far, {note}"
        if stack.compares:
            note = ""
        elif stack.replaced:
            note = f"asked of {stack.asked_of:,} rows {note}".rstrip()
        else:
            whole = stack.asked_of
    if preview.table is not None and preview.table.malformed_count:
        labels = (*labels, f"{preview.table.malformed_count:,} malformed")
    first = stack.first
    if first:
        note, whole = "", stack.asking
    busy = stack.busy or ("fetching rows" if preview.peeks_now else "")
    note = _with_dialect(note, preview.lens)
    return PreviewState(_title(dataset), note, labels, busy, whole, first)


def _title(dataset: Dataset) -> str:
    """The dataset's name, and of which day it is where that is not its latest version."""
    if dataset.is_latest:
        return dataset.name
    made = dataset.created_date
    return dataset.name + (f", version of {made:%Y-%m-%d %H:%M}" if made else ", older version")


def _completeness(preview: Preview) -> str:
    """How much of the dataset's rows is here."""
    if preview.changed:
        return "the file was changed meanwhile, so its rows are not known"
    if preview.rows.complete:
        return preview.note or "complete"
    done = "fetched" if preview.waits else "read"
    note = f"{human_size(preview.received)} of {human_size(preview.size)} {done}"
    return f"{note}, then it stopped" if preview.problem is not None else note


def _with_dialect(note: str, lens: Lens) -> str:
    """A note with how the text is read, where that is not as its type says, or could be."""
    words = ""
    if lens.offer is not None:
        words = f"press X: looks {lens.offer.looks(lens.own)}"
    elif lens.fmt.dialect is not None:
        words = lens.fmt.dialect.describe(lens.own)
    return " · ".join(part for part in (note, words) if part)


def encoding_of(rows: Rows | None) -> str:
    """What text was decoded from; "" for bytes, and as long as there is nothing."""
    if rows is None:
        return ""
    # Not at the top: they bring pyarrow, which the first frame does not wait for.
    from amltui.tables.indexed import IndexedRows
    from amltui.tables.memory import MemoryRows
    from amltui.tables.peeked import PeekedRows
    from amltui.tables.table import Table

    kinds = IndexedRows | MemoryRows | PeekedRows | Table
    return rows.encoding if isinstance(rows, kinds) else ""
