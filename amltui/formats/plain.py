"""Plain text: one line, one row, one column."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from amltui.formats.arrow import oversized_row, schema
from amltui.formats.blocks import Block, Parsed
from amltui.formats.encoding import to_utf8
from amltui.formats.registry import Format
from amltui.formats.scan import Positions, Scan, as_array, line_ends


class PlainCodec:
    """Lines as they stand, empty ones too; LF, CR LF and lone CR end them."""

    quotes = False
    skip_space = False
    delimiter = b""

    def __init__(self, fmt: Format) -> None:
        del fmt
        self.columns: tuple[str, ...] = ("text",)
        self.declared: tuple[str | None, ...] = ("text",)
        self._schema = schema(self.columns)

    def header(self, data: bytes, encoding: str | None, *, final: bool) -> int | None:
        """See `Codec.header`: there is none."""
        del data, encoding, final
        return 0

    def row_ends(self, data: bytes, found: Scan, encoding: str | None) -> Positions:
        """See `Codec.row_ends`."""
        del found, encoding
        ends = line_ends(data, as_array(data)) + 1
        return ends if data[-1:] in {b"", b"\r", b"\n"} else np.append(ends, len(data))

    def parse(self, block: Block, encoding: str | None) -> Parsed:
        """See `Codec.parse`."""
        if block.oversized is not None:
            row = block.oversized
            row.texts = [row.texts[0] or b""]
            return oversized_row(row, self.columns, encoding)
        data, recoded = block.data, 0
        if encoding is not None:
            data, recoded = to_utf8(data, encoding)
        if b"\r" in data:
            data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        count = data.count(b"\n")
        batch = pa.RecordBatch.from_arrays([self._texts(data)], schema=self._schema)
        return Parsed(batch, (), count, recoded)

    def _texts(self, data: bytes) -> Any:
        """The lines of `data` as a string array: its bytes without line feeds, and offsets."""
        array = np.frombuffer(data, dtype=np.uint8)
        line_feed = array == 10
        ends = np.flatnonzero(line_feed)
        if len(array) and not line_feed[-1]:
            ends = np.append(ends, len(array))
        offsets = np.zeros(len(ends) + 1, dtype=np.int32)
        offsets[1:] = ends - np.arange(len(ends))
        values = array[~line_feed]
        return pa.StringArray.from_buffers(
            len(ends), pa.py_buffer(offsets), pa.py_buffer(np.ascontiguousarray(values))
        )
