"""Frames of contents that the old client refused: what their bytes are decides, not their type."""

from __future__ import annotations

import shutil
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, TYPE_CHECKING, Final

from amltui.errors import Unreadable

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from amltui.formats.lens import Lens

_ENDS: Final = (
    ".parquet", ".pq", ".feather", ".arrow", ".arrows", ".jsonl", ".ndjson", ".json",
    ".xlsx", ".xlsm", ".xlsb", ".xls", ".ods", ".sqlite", ".sqlite3", ".db",
    ".gz", ".gzip", ".bz2", ".xz", ".zst", ".zstd",
)  # fmt: skip
_LARGEST: Final = 1 << 30
"""Bytes of a row: an array of Arrow holds 2 GiB of text."""


def may_be_table(name: str) -> bool:
    """Whether a content may be a table by its name; only its bytes can say more."""
    return name.lower().endswith(_ENDS)


def read_table(reader: IO[bytes], name: str, data_type_id: str) -> pa.Table:
    """A content as an Arrow table: with its own types where it has some, else with those found.

    It is first written to a temporary file, so that it need not fit into memory twice.

    Raises:
        Unreadable: its bytes are damaged, or no table.
        UnsupportedDataType: they are no table.
    """
    from amltui.tables.file_rows import lens_of_file

    with TemporaryDirectory(prefix="amltui-") as made:
        path = Path(made) / "content"
        with path.open("wb") as file:
            shutil.copyfileobj(reader, file, 1 << 20)
        return _read(path, lens_of_file(path, name=name, data_type_id=data_type_id), Path(made))


def read_frame(reader: IO[bytes], name: str, data_type_id: str) -> pd.DataFrame:
    """As `read_table`, as a pandas frame."""
    frame: pd.DataFrame = read_table(reader, name, data_type_id).to_pandas()
    return frame


def _read(path: Path, lens: Lens, scratch: Path) -> pa.Table:
    import pyarrow as pa
    import pyarrow.parquet as pq

    from amltui.formats.arrow_text import readable
    from amltui.formats.read_errors import mapped
    from amltui.formats.registry import ARROW, ARROW_STREAM, PARQUET
    from amltui.tables.export import write_parquet
    from amltui.tables.file_rows import content_table

    with mapped(lens.fmt):
        if lens.has_rows and lens.fmt == PARQUET:
            return readable(pq.ParquetFile(path).read())
        if lens.has_rows and lens.fmt in {ARROW, ARROW_STREAM}:
            with pa.OSFile(str(path)) as source:
                kind = pa.ipc.open_file if lens.fmt == ARROW else pa.ipc.open_stream
                return readable(kind(source).read_all())
    typed = scratch / "typed.parquet"
    with content_table(path, scratch / "table", lens, kept=_LARGEST) as table:
        if table.cut_count:
            raise Unreadable("A cell of this table has more than 1 GiB, which no array holds.")
        write_parquet(table, typed)
    return pq.ParquetFile(typed).read()
