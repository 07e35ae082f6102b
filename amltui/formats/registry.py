"""What can be done with each data type id."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from amltui.models import DataTypeIds
from amltui.text import safe_filename

if TYPE_CHECKING:
    from amltui.formats.dialect import Dialect

Kind = Literal["delimited", "plain", "arff", "json lines", "batches", "bytes"]


@dataclass(frozen=True, slots=True)
class Format:
    """A data type id: how its bytes read and what can be made of them."""

    data_type_id: str
    kind: Kind = "bytes"
    """Which codec reads it; `batches` is read by `formats.batches`, and `bytes` has none and is
    shown as a hex view."""
    preview: Literal["table", "text", "bytes"] = "bytes"
    delimiter: str = ""
    """One character between fields; "" where there are none."""
    header: bool = False
    """Whether the first row names the columns."""
    skip_space: bool = False
    """Whether spaces at a field's start are dropped, as the old client did for CSV only."""
    to_frame: bool = False
    from_frame: bool = False
    extension: str = ""
    """With its dot; "" when unknown."""
    dialect: Dialect | None = None
    """How its fields are written, where that is not what the type id means; see `dialect`."""

    @property
    def has_rows(self) -> bool:
        """Whether a text table can be made of it (preview `table` or `text`)."""
        return self.kind != "bytes"


def _delimited(data_type_id: str, delimiter: str, *, header: bool) -> Format:
    return Format(
        data_type_id,
        kind="delimited",
        preview="table",
        delimiter=delimiter,
        header=header,
        skip_space=delimiter == ",",
        to_frame=True,
        from_frame=True,
        extension=".csv" if delimiter == "," else ".tsv",
    )


KNOWN: Final[dict[str, Format]] = {
    fmt.data_type_id: fmt
    for fmt in (
        _delimited(DataTypeIds.GenericCSV, ",", header=True),
        _delimited(DataTypeIds.GenericCSVNoHeader, ",", header=False),
        _delimited(DataTypeIds.GenericTSV, "\t", header=True),
        _delimited(DataTypeIds.GenericTSVNoHeader, "\t", header=False),
        Format(
            DataTypeIds.PlainText,
            kind="plain",
            preview="text",
            to_frame=True,
            from_frame=True,
            extension=".txt",
        ),
        Format(
            DataTypeIds.ARFF,
            kind="arff",
            preview="table",
            delimiter=",",
            header=True,
            skip_space=True,
            to_frame=True,
            from_frame=True,
            extension=".arff",
        ),
        Format("Zip", extension=".zip"),
        Format("RData", extension=".rdata"),
        Format("Dataset", extension=".dataset"),
    )
}
"""Every type id that amltui knows by name. Others exist: `format_of` shows them as bytes."""


JSON_LINES: Final = Format("JSON Lines", kind="json lines", preview="table", extension=".jsonl")
PARQUET: Final = Format("Parquet", kind="batches", preview="table", extension=".parquet")
ARROW: Final = Format("Arrow", kind="batches", preview="table", extension=".arrow")
ARROW_STREAM: Final = Format("Arrow stream", kind="batches", preview="table", extension=".arrows")
EXCEL: Final = Format("Excel", kind="batches", preview="table", extension=".xlsx")
SQLITE: Final = Format("SQLite", kind="batches", preview="table", extension=".sqlite")
FOUND: Final[dict[str, Format]] = {
    fmt.data_type_id: fmt for fmt in (JSON_LINES, PARQUET, ARROW, ARROW_STREAM, EXCEL, SQLITE)
}
"""What bytes are found to be, whatever their data type id; no workspace has these as types."""


def format_of(data_type_id: str) -> Format:
    """The format of a data type id; an unknown one previews as bytes and has no frame."""
    return KNOWN.get(data_type_id) or FOUND.get(data_type_id) or Format(data_type_id)


_ZIP_FILES: Final = (
    ".zip", ".xlsx", ".xlsm", ".docx", ".pptx", ".ods", ".odt", ".npz", ".jar", ".whl", ".kmz",
)  # fmt: skip
"""Files that are zip archives, and are opened by what their names end with."""


def file_name(name: str, data_type_id: str) -> str:
    """What a dataset's file is called: its name made safe, with the extension of its type.

    >>> file_name("flights", "GenericCSV"), file_name("report.xlsx", "Zip")
    ('flights.csv', 'report.xlsx')
    """
    extension = format_of(data_type_id).extension
    if extension == ".zip":
        extension = next((end for end in _ZIP_FILES if name.lower().endswith(end)), extension)
    return safe_filename(name, extension)
