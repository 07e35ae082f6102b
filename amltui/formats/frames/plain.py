"""PlainText: one row for each line, as it stands.

The old client read it with `read_csv` and a line feed as separator, which pandas refuses today;
it dropped blank lines, ate quotes and made numbers of lines.
"""

from __future__ import annotations

from typing import IO, Any, Final

import pandas as pd
import pyarrow as pa

from amltui.errors import Unreadable
from amltui.formats.frames.streams import from_here
from amltui.formats.input import Input

_BLOCK: Final = 4 << 20
_ROWS: Final = 50_000


def read(reader: IO[bytes], rows: int | None = None) -> pd.DataFrame:
    """A frame with the one column 0. Lines end with LF, CR LF or CR; the last one may lack it.

    `rows`: at least the first so many are enough.
    """
    chunks: list[pa.Array] = []
    rest = b""
    text = Input(from_here(reader))
    while (rows is None or sum(map(len, chunks)) < rows) and (block := text.read(_BLOCK)):
        block = rest + block
        held = block[-1:] == b"\r"  # a line feed may follow
        if b"\r" in block:
            block = block[: len(block) - held].replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        lines = block.split(b"\n")
        rest = lines.pop() + b"\r" * held
        chunks.append(_texts(lines))
    if rest:
        chunks.append(_texts([rest.removesuffix(b"\r")]))
    if not chunks:
        return pd.DataFrame()
    frame: pd.DataFrame = pa.table({"0": pa.chunked_array(chunks)}).to_pandas()
    frame.columns = pd.RangeIndex(1)
    return frame


def _texts(lines: list[bytes]) -> pa.Array:
    array = pa.array(lines, pa.large_binary())
    try:
        return array.cast(pa.large_string())
    except pa.ArrowInvalid as error:
        raise Unreadable(
            "The text is not UTF-8",
            hint="Read the bytes with read_as_binary() and decode them yourself.",
        ) from error


def write(writer: IO[bytes], frame: pd.DataFrame) -> None:
    """Write each row's cells joined, and a line feed. A missing value writes nothing."""
    for start in range(0, len(frame), _ROWS):
        part = frame.iloc[start : start + _ROWS]
        columns = [_cells(part.iloc[:, at]) for at in range(part.shape[1])]
        lines = (
            ["".join(row) for row in zip(*columns, strict=True)] if columns else [""] * len(part)
        )
        writer.write("".join(f"{line}\n" for line in lines).encode())


def _cells(column: pd.Series[Any]) -> list[str]:
    missing = column.isna().tolist()
    return ["" if gone else str(cell) for cell, gone in zip(column.tolist(), missing, strict=True)]
