"""Texts to Arrow: what the codecs share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from amltui.formats.arrays import numbers, strings
from amltui.formats.blocks import TEXT_KEPT, Malformed, Oversized, Parsed
from amltui.formats.encoding import decode
from amltui.formats.scan import count_lines


def decode_start(data: bytes, encoding: str | None) -> str:
    """As `decode`, for the first part of a text, whose last character may be cut through."""
    if encoding is None or encoding.startswith("utf-8"):
        for short in range(4):
            try:
                return data[: len(data) - short].decode()
            except UnicodeDecodeError:
                continue
    return decode(data, encoding)


def schema(columns: Sequence[str]) -> Any:
    """The `pyarrow.Schema` of a text table."""
    return pa.schema([pa.field(name, pa.string()) for name in columns])


def batch_of(rows: Sequence[Sequence[str | None]], columns: Sequence[str]) -> Any:
    """A `pyarrow.RecordBatch` of rows that have a text or None for each column."""
    if not rows:
        return pa.RecordBatch.from_arrays([strings([])] * len(columns), schema=schema(columns))
    # Of thousands of columns most are alike where rows are sparse or short.
    made: dict[tuple[str | None, ...], Any] = {}
    arrays = []
    for texts in zip(*rows, strict=True):
        array = made.get(texts)
        if array is None:
            array = made[texts] = strings(texts)
        arrays.append(array)
    return pa.RecordBatch.from_arrays(arrays, schema=schema(columns))


def merge(good: Any, bad: Any, bad_rows: Any) -> Any:
    """Put the rows of `bad` among those of `good` so that they get the row numbers `bad_rows`."""
    total = good.num_rows + bad.num_rows
    order = np.empty(total, dtype=np.int64)
    is_bad = np.zeros(total, dtype=np.bool_)
    is_bad[bad_rows] = True
    order[is_bad] = np.arange(good.num_rows, total)
    order[~is_bad] = np.arange(good.num_rows)
    table = pa.Table.from_batches([good, bad]).take(numbers(order, pa.int64()))
    return one_batch(table)


def one_batch(table: Any) -> Any:
    """A table as a single record batch, also when it has no rows."""
    batches = table.combine_chunks().to_batches()
    if batches:
        return batches[0]
    arrays = [strings([]) for _ in table.schema]
    return pa.RecordBatch.from_arrays(arrays, schema=table.schema)


def oversized_row(row: Oversized, columns: Sequence[str], encoding: str | None) -> Parsed:
    """A row too large for a block, as a batch of its own."""
    texts = [None if text is None else decode_start(text, encoding) for text in row.texts]
    reasons = list(row.reasons)
    if row.found != len(columns):
        reasons.append(f"{row.found:,} fields, {len(columns):,} expected")
    texts = texts[: len(columns)] + [None] * (len(columns) - len(texts))
    malformed = []
    if reasons:
        text = decode_start(row.head, encoding).rstrip("\r\n")
        malformed = [Malformed(0, row.first_line, "; ".join(reasons), text[:TEXT_KEPT])]
    return Parsed(batch_of([texts], columns), malformed, row.lines, cuts=row.cuts)


def lines_in(data: bytes) -> int:
    """Line ends in `data`."""
    return count_lines(data, np.frombuffer(data, dtype=np.uint8))
