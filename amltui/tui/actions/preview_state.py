"""What the line above the rows says of them, and the details of how they are written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from amltui.tables.hexrows import HexRows
from amltui.text import human_size, visible
from amltui.tui.actions.query_stack import QueryStack
from amltui.tui.keymap import key_of
from amltui.tui.widgets.preview import PreviewState

if TYPE_CHECKING:
    from amltui.formats.lens import Lens
    from amltui.models import Dataset
    from amltui.services.first_page import FirstPage
    from amltui.services.previews import Preview
    from amltui.tables.rows import Rows


def state_of(preview: Preview, dataset: Dataset, stack: QueryStack) -> PreviewState:
    """What the rows on the screen are of the whole."""
    rows, table, labels = preview.rows, preview.table, stack.labels
    note = _completeness(preview)
    if table is not None and table is not rows and not table.complete:
        built = "part" if preview.size is None else f"{preview.built:.0%}"
        part = f"{built} of columns read"
        note = part if labels else f"{note} · {part}"
        rows = table if labels else rows
    whole, some = None, part_words(preview, stack)
    if labels:
        note = "" if rows.complete else f"so far, {note}"
        if some:
            note = _how_much(preview, stack)
        if stack.compares:
            note = ""
        elif stack.elsewhere:
            note = f"asked of {stack.asked_of:,} rows"
        elif stack.replaced:
            note = (
                f"asked of {some}" if some else f"asked of {stack.asked_of:,} rows {note}".rstrip()
            )
        else:
            whole = stack.asked_of
    if preview.table is not None and preview.table.malformed_count:
        labels = (*labels, f"{preview.table.malformed_count:,} malformed")
    if stack.labels and preview.table is not None and preview.table.cut_count:
        count = preview.table.cut_count
        labels = (*labels, f"{count:,} long cell{'s' * (count > 1)} cut in answers")
    first = stack.first
    if first:
        note, whole = "", stack.asking
    busy = stack.busy or ("fetching rows" if preview.peeks_now else "")
    note = _with_dialect(note, preview.lens)
    expected = stack.asking if first else _expected(preview)
    return PreviewState(
        _title(dataset),
        note,
        labels,
        busy,
        whole,
        first=first,
        expected=expected,
        part=bool(some),
    )


def note_of(preview: Preview) -> str:
    """What is said of rows of which nothing was asked."""
    return _with_dialect(_completeness(preview), preview.lens)


def state_of_page(page: FirstPage, dataset: Dataset) -> PreviewState:
    """What rows are of the whole that were kept of the last time."""
    if page.complete:
        return PreviewState(_title(dataset), page.note)
    return PreviewState(_title(dataset), whole=page.total, first=True, expected=page.total)


def _expected(preview: Preview) -> int:
    """How many rows there will be, by what the bytes that are here hold."""
    if preview.rows.complete or not preview.size or not preview.received:
        return 0
    return preview.rows.row_count * preview.size // min(preview.received, preview.size)


def part_words(preview: Preview | None, stack: QueryStack) -> str:
    """What the answers that are shown are of, where that is only the first rows; else ""."""
    asked = stack.results[-1].asked_of if stack.results else (stack.table, 0)
    table = asked[0]
    if preview is None or table is None or table is not preview.part:
        return ""
    return f"the first {asked[1] or table.row_count:,} rows; {_how_much(preview, stack)}"


def _how_much(preview: Preview, stack: QueryStack) -> str:
    """How many bytes the first rows take of all, and what becomes of what was asked of them."""
    much = preview.part_words
    return much if stack.part else f"{much}; asked again once all is here"


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
        listed = isinstance(preview.rows, HexRows) and preview.rows.lists_entries
        words = [preview.note, "what the archive holds" if listed else ""]
        return " · ".join(one for one in words if one) or "complete"
    done = "fetched" if preview.waits else "read"
    of = "" if preview.size is None else f" of {human_size(preview.size)}"
    note = f"{human_size(preview.received)}{of} {done}"
    if preview.problem is not None:
        return f"{note}, then it stopped"
    return note if of else f"{note} so far"


def _with_dialect(note: str, lens: Lens) -> str:
    """A note with how the text is read, where that is not as its type says, or could be."""
    words = ""
    if lens.offer is not None:
        words = f"press {key_of('dialect')}: looks {lens.offer.looks(lens.own)}"
    elif lens.has_sheets:
        words = (
            f"sheet {visible(lens.sheet)}" if lens.sheet else f"first sheet ({key_of('dialect')})"
        )
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
