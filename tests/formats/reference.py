"""Delimited text read character by character: slow, and plain enough to believe."""

from __future__ import annotations


def parse(text: str, delimiter: str, *, skip_space: bool) -> tuple[list[list[str | None]], int]:
    """Rows as written, and how many quotes are never closed: these are characters.

    Blank lines are no rows.
    """
    literal: set[int] = set()
    while True:
        rows, opened = _pass(text, delimiter, skip_space, literal)
        if opened is None:
            return rows, len(literal)
        literal.add(opened)


def _pass(text, delimiter, skip_space, literal):  # noqa: C901, PLR0912 - one state machine
    rows, row, field = [], [], ""
    state, quoted, opened, blank = "start", False, None, True
    position = 0

    def end_field():
        nonlocal field, quoted, state
        row.append(field if field or quoted else None)
        field, quoted, state = "", False, "start"

    while position < len(text):
        char = text[position]
        if state == "start":
            if skip_space and char == " ":
                position += 1
                continue
            if char == '"' and position not in literal:
                state, quoted, opened, blank = "quoted", True, position, False
                position += 1
                continue
            state = "plain"
        if state == "quoted":
            if char == '"':
                if text[position + 1 : position + 2] == '"':
                    field += '"'
                    position += 2
                    continue
                state, opened = "plain", None
            else:
                field += char
        elif char == delimiter:
            blank = False
            end_field()
        elif char in "\r\n":
            if not blank or field:
                end_field()
                rows.append(row)
            row, field, state, quoted, blank = [], "", "start", False, True
            if text[position : position + 2] == "\r\n":
                position += 1
        else:
            blank = False
            field += char
        position += 1
    if opened is not None:
        return rows, opened
    if not blank or field:
        end_field()
        rows.append(row)
    return rows, None


def fitted(rows: list[list[str | None]], columns: int) -> list[list[str | None]]:
    """Rows filled up to so many columns; of one with more, only what stays apart."""
    return [
        row[: columns - 1] if len(row) > columns else row + [None] * (columns - len(row))
        for row in rows
    ]


def columns_of(rows: list[list[str | None]]) -> int:
    """Fields of the first row, or of most rows after it where these have more."""
    counts = [len(row) for row in rows[1:101]]
    width = min(sorted(set(counts)), key=lambda count: -counts.count(count), default=0)
    return max(len(rows[0]), width if counts.count(width) * 2 > len(counts) else 0)
