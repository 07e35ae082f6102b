"""Rows that have thousands of cells for each of their bytes: memory stays bounded."""

from __future__ import annotations

import io
import subprocess
import sys

import pytest

from amltui.errors import TooManyCells
from amltui.formats import arrow, format_of, many_cells, reader
from amltui.formats.blocks import CELLS
from amltui.formats.frames import arff as frames_arff
from amltui.tables import first_rows, index_making, ingest, open_table
from amltui.tables.beginning import BytesStream
from amltui.tables.index_making import index_rows
from amltui.tables.indexed import IndexedRows
from amltui.tables.source import OpenFile
from tests.support.tables import Pieces, all_rows, read_in_pieces

COLUMNS = 20_000
MOST = 600
"""MiB that a process may have; the cells of all rows are 400 million."""
MEASURED = """
import sys
from pathlib import Path
from amltui.formats import format_of
from amltui.formats.frames import arff as frames_arff
from amltui.tables import first_rows

rows = first_rows(Path(sys.argv[1]).read_bytes(), format_of(sys.argv[2]), whole=True)
assert 0 < rows.row_count <= 200 and not rows.complete, rows.row_count
# Not getrusage, which counts what the process was before it became this program.
status = dict(line.split(":", 1) for line in open("/proc/self/status"))
print(int(status["VmHWM"].split()[0]) // 1024)
"""


def sparse(rows):
    names = b"".join(b"@attribute a%d numeric\n" % number for number in range(COLUMNS))
    return b"@relation r\n" + names + b"@data\n" + b"{}\n" * rows


def short(rows):
    return b",".join(b"c%d" % number for number in range(COLUMNS)) + b"\n" + b"7\n" * rows


MAKERS = pytest.mark.parametrize(("kind", "make"), [("ARFF", sparse), ("GenericCSV", short)])


@MAKERS
def test_first_rows_of_a_small_content_of_very_many_cells_do_not_fill_memory(kind, make, tmp_path):
    path = tmp_path / "content"
    path.write_bytes(make(COLUMNS))
    command = [sys.executable, "-c", MEASURED, str(path), kind]
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=300)
    assert int(done.stdout) < MOST


@MAKERS
def test_no_block_and_no_piece_of_an_index_has_more_cells_than_memory_is_meant_for(kind, make):
    data, fmt = make(COLUMNS), format_of(kind)
    rows = reader.RowReader(BytesStream(data), fmt)
    rows.read_header()
    counts = [len(rows.codec.row_ends(b.data, b.scan, None)) for b in rows.blocks()]
    assert sum(counts) == COLUMNS
    assert max(counts) * COLUMNS <= CELLS
    index = index_rows(BytesStream(data), fmt)
    assert index.row_count == COLUMNS
    row = 0
    while row < COLUMNS:
        piece = index.piece_of(row)
        assert (piece.end - piece.first) * COLUMNS <= CELLS // 4
        row = piece.end


@pytest.mark.parametrize("size", [1, 7, 1 << 30])
def test_blocks_cut_for_their_cells_have_the_rows_of_the_whole(size, tmp_path, monkeypatch):
    path = tmp_path / "content"
    data = b"a,b,c\n" + b'"x\n\n""y"\n\n1,2\r\n,"","q"z\n\n' * 20 + b'1,"2'
    path.write_bytes(data)
    whole = read_in_pieces(data, "GenericCSV", size)
    monkeypatch.setattr(reader, "CELLS", 12)
    monkeypatch.setattr(index_making, "_CELLS", 6)
    assert read_in_pieces(data, "GenericCSV", size) == whole
    index = index_rows(Pieces(data, size), format_of("GenericCSV"))
    assert index.piece_of(0).end == 2
    rows = IndexedRows(OpenFile.at(path), index)
    assert all_rows(rows) == whole[1]
    assert [rows.malformed[row] for row in sorted(rows.malformed)] == whole[2]
    rows.close()


def test_first_rows_that_are_all_there_say_so_however_many_cells_they_have():
    data = sparse(CELLS // COLUMNS)
    rows = first_rows(data, format_of("ARFF"), whole=True)
    assert (rows.row_count, rows.complete) == (CELLS // COLUMNS, True)


@MAKERS
def test_no_table_is_made_of_a_small_content_of_very_many_cells_and_it_is_said(
    kind, make, tmp_path, monkeypatch
):
    monkeypatch.setattr(many_cells, "MOST", 300 * COLUMNS)
    path = tmp_path / "content"
    path.write_bytes(make(700))
    with pytest.raises(TooManyCells, match="700 rows of 20,000 columns are 14,000,000 cells"):
        ingest(path, format_of(kind), tmp_path / "table")
    assert not (tmp_path / "table").exists()
    path.write_bytes(make(100))
    ingest(path, format_of(kind), tmp_path / "table")
    with open_table(tmp_path / "table") as table:
        assert (table.row_count, table.columns[-1].type) == (
            100,
            "int" if kind == "ARFF" else "text",
        )


def test_columns_that_are_alike_are_made_and_looked_at_once(monkeypatch):
    made = []
    plain = arrow.strings
    monkeypatch.setattr(arrow, "strings", lambda texts: made.append(texts) or plain(texts))
    rows = b"".join(b"{%d 7,%d x}\n" % (number, number + 50) for number in range(50))
    rows = first_rows(sparse(0) + rows, format_of("ARFF"), whole=True)
    assert len(made) == 101
    assert {column.type for column in rows.columns[:50]} == {"int"}
    assert rows.cell(3, 3) == "7"
    assert rows.cell(3, 53) == "x"
    assert rows.cell(3, 54) == "0"


def test_no_frame_is_made_of_far_too_many_cells(monkeypatch):
    monkeypatch.setattr(frames_arff, "MOST_IN_FRAME", 300 * COLUMNS)
    with pytest.raises(TooManyCells, match="The first 400 rows of 20,000 columns"):
        frames_arff.read(io.BytesIO(sparse(700)))
