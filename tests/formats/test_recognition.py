"""Binary formats in datasets that are typed as text: said by name, never cells of garbage."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import sqlite3
import zipfile

import pyarrow as pa
import pyarrow.feather
import pyarrow.orc
import pyarrow.parquet
import pytest

from amltui.errors import Unreadable
from amltui.formats import format_of, guess_data_type
from amltui.formats.recognition import recognise
from amltui.tables import first_rows, ingest

CSV = b"a,b\n" + b"1,2\n" * 500


def written(write):
    sink = io.BytesIO()
    write(pa.table({"a": [1, 2]}), sink)
    return sink.getvalue()


def zipped(name):
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w") as archive:
        archive.writestr(name, b"<x/>")
    return sink.getvalue()


def arrow_stream():
    sink, table = io.BytesIO(), pa.table({"a": [1, 2]})
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue()


def sqlite_file():
    with sqlite3.connect(":memory:") as database:
        database.execute("create table t (a)")
        found = database.serialize()
    database.close()
    return found


FILES = {
    "gzip": gzip.compress(CSV),
    "bzip2": bz2.compress(CSV),
    "xz": lzma.compress(CSV),
    "Zstandard": pa.Codec("zstd").compress(CSV, asbytes=True),
    "zip": zipped("data.csv"),
    "an Excel workbook (xlsx)": zipped("xl/workbook.xml"),
    "Parquet": written(pa.parquet.write_table),
    "Arrow IPC (Feather)": written(pa.feather.write_feather),
    "an Arrow IPC stream": arrow_stream(),
    "ORC": written(pa.orc.write_table),
    "SQLite": sqlite_file(),
    "PDF": b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n",
}
NAMES = pytest.mark.parametrize("name", FILES)


@NAMES
def test_bytes_are_called_by_the_usual_name_of_their_format(name):
    assert recognise(FILES[name]) == name


@NAMES
@pytest.mark.parametrize("kind", ["GenericCSV", "GenericTSVNoHeader", "PlainText", "ARFF"])
def test_no_cells_are_made_of_them(name, kind, tmp_path):
    words = f"^These bytes are {name.replace('(', '.').replace(')', '.')}, not {kind}"
    with pytest.raises(Unreadable, match=words):
        first_rows(FILES[name], format_of(kind), whole=True)
    (tmp_path / "content").write_bytes(FILES[name])
    with pytest.raises(Unreadable, match=words):
        ingest(tmp_path / "content", format_of(kind), tmp_path / "table")


@NAMES
@pytest.mark.parametrize("extension", [".csv", ".tsv", ".txt", ".arff", ".dat", ""])
def test_a_name_does_not_make_text_of_them(name, extension, tmp_path):
    path = tmp_path / f"data{extension}"
    path.write_bytes(FILES[name])
    assert guess_data_type(path) == ("Zip" if b"PK" in FILES[name][:2] else "Binary")


@pytest.mark.parametrize(
    "text",
    [
        "PAR1,b\n1,2\n", "ORC,b\n", "BZh9,b\n", "Obj,b\n", "% PDF-1.4\n@relation r\n", "FEA1\n",
        "GIF89a,b\n1234567,3\n", "SQLite format 3,b\n", "PK,b\n", "7z,b\n", "RDX3\n1\n", "",
        "(µ/x,b\n",
    ],
)  # fmt: skip
def test_text_that_begins_alike_stays_text(text):
    assert recognise(text.encode()) is None
    assert recognise(text.encode("latin-1")) is None
