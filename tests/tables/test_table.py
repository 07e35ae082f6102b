from __future__ import annotations

import gc
import json
import threading
import warnings
import zlib

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from amltui.errors import Cancelled, LocalError, Unreadable
from amltui.formats import format_of
from amltui.formats.blocks import FIELD_KEPT
from amltui.formats.reader import FIRST_BLOCK
from amltui.tables import CELL_LIMIT, first_rows, ingest, open_table
from amltui.tables.queries import sql, statistics
from amltui.tables.source import GrowingFile
from tests.support.tables import Pieces, all_rows

CSV = format_of("GenericCSV")


def test_a_table_holds_what_the_first_rows_of_the_whole_file_show(make_table):
    data = b'a,b\n1,"x\ny"\n2\n3,z,9\n'
    table = make_table(data)
    whole = first_rows(data, CSV, whole=True)
    assert all_rows(table) == all_rows(whole)
    assert table.columns == whole.columns
    assert table.complete
    malformed = table.malformed
    assert [malformed.cell(row, 0) for row in range(malformed.row_count)] == ["4", "5"]
    assert all_rows(malformed)[1] == ["5", "3", "3 fields, 2 expected", "3,z,9"]
    assert malformed.table_row(1) == 2


@pytest.mark.parametrize("lost", ["rows.arrow", "cuts.jsonl"])
def test_a_table_that_is_dropped_while_it_is_opened_leaves_no_file_open(make_table, lost):
    directory = make_table(b"a,b\n1,2\n").directory
    (directory / lost).unlink()
    (directory / lost).mkdir()
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        with pytest.raises(LocalError):
            open_table(directory)
        gc.collect()
    assert not [one for one in said if one.category is ResourceWarning]


def test_windows_anywhere_give_the_rows_of_their_numbers(make_table):
    data = b"n,t\n" + b"".join(b"%d,v%d\n" % (i, i) for i in range(120_000))
    table = make_table(data)
    assert table.stream.batch_count > 2
    for start, stop in [(0, 3), (59_990, 60_010), (119_999, 120_050), (200_000, 200_010)]:
        expected = [str(i) for i in range(start, min(stop, 120_000))]
        assert list(table.window(start, stop, [0])[0]) == expected
        assert list(table.row_numbers(start, stop)) == [int(i) for i in expected]
    assert table.take([119_999, 0, 60_000], [1, 0]) == [
        ["v119999", "v0", "v60000"],
        ["119999", "0", "60000"],
    ]
    with pytest.raises(IndexError):
        table.cell(120_000, 0)


def test_long_cells_are_cut_in_a_window_and_whole_when_asked_for(make_table):
    table = make_table(b"a,b\n" + b"x" * 5000 + b",y\n")
    [[cell]] = table.window(0, 1, [0])
    assert len(cell) == CELL_LIMIT
    assert cell.endswith("…")
    assert table.cell(0, 0) == "x" * 5000


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_row_too_large_for_memory_is_cut_and_its_fields_can_be_read_whole(make_table, encoding):
    long = ('é "" ' + "x" * 94) * 400_000
    text = f'a,b,c\n1,x,y\n2,"{long}",end\n3,{"p" * 34_000_000},z\n4,x,y\n'
    table = make_table(text.encode(encoding))
    assert table.row_count == 4
    assert [row[0] for row in all_rows(table)] == ["1", "2", "3", "4"]
    assert table.window(1, 2, [1])[0][0].startswith('é " x')
    assert table.cut_size(1, 1) > 9_000_000
    assert table.cut_size(0, 1) is None
    assert table.cell(1, 1) == long.replace('""', '"')
    assert table.cell(1, 2) == "end"
    assert len(table.cell(2, 1)) == 34_000_000
    batch = table.stream.batch(table.stream.find(1))
    assert len(batch.column(1)[0].as_py().encode()) <= FIELD_KEPT
    assert not table.malformed_count


def test_cells_of_a_large_row_are_whole_for_questions_up_to_a_bound_and_then_counted(make_table):
    rows = [f"1,{'é' * 5_000_000},b", f"2,{'p' * 20_000_000},{'q' * 20_000_000}", "3,a,b"]
    table = make_table("\n".join(["n,a,b", *rows, ""]).encode())
    with sql(table, "select length(a), length(b) from data") as answer:
        assert all_rows(answer) == [["5000000", "1"], ["20000000", "65536"], ["1", "1"]]
    assert table.cuts == ((1, 2),)
    assert table.cell(1, 2) == "q" * 20_000_000
    assert statistics(table, 1).longest == 20_000_000


def test_without_its_source_a_cut_field_says_where_the_rest_is(make_table):
    table = make_table(b"a\n" + b"x" * 34_000_000 + b"\n")
    with open_table(table.directory) as alone, pytest.raises(LocalError):
        alone.cell(0, 0)
    table.source.unlink()
    with pytest.raises(LocalError, match="Cannot read"):
        table.cell(0, 0)


def test_a_line_without_an_end_and_a_quote_without_one_cost_no_rows(make_table):
    lines = b"".join(b"%d,x\n" % i for i in range(1_500_000))
    table = make_table(b'a,b\n0,"open\n' + lines)
    assert table.row_count == 1_500_001
    assert list(table.window(0, 2, [1])[0]) == ['"open', "x"]
    assert all_rows(table.malformed)[0][:3] == ["2", "1", "quote never closed"]
    table = make_table(b"x" * 20_000_000, "PlainText")
    assert (table.row_count, len(table.cell(0, 0))) == (1, 20_000_000)


def test_a_header_line_of_many_megabytes_is_cut_and_rows_follow(make_table):
    table = make_table(b"a," + b"n" * 14_000_000 + b"\n1,2\n")
    assert (len(table.columns[1].name), all_rows(table)) == (4096, [["1", "2"]])


def test_types_come_from_all_rows_with_the_misfits_and_the_first_of_them(make_table):
    rows = [b"%d,1.5,true,2020-01-01,2020-01-01 10:00:00,w%d" % (i, i) for i in range(60_000)]
    rows[50_001] = b"one,x,maybe,2020-02-31,never,w"
    rows[50_003] = b",,,,,"
    table = make_table(b"i,f,b,d,t,s\n" + b"\n".join(rows) + b"\n")
    assert [(c.type, c.misfits, c.first_misfit) for c in table.columns] == [
        ("int", 1, 50_001),
        ("float", 1, 50_001),
        ("bool", 1, 50_001),
        ("date", 1, 50_001),
        ("datetime", 1, 50_001),
        ("text", 0, None),
    ]
    assert table.state.typed


def test_one_fraction_late_in_a_column_of_whole_numbers_makes_it_float(make_table):
    table = make_table(b"n\n" + b"7\n" * 50_000 + b"7.5\n" + b"7\n" * 10)
    assert (table.columns[0].type, table.columns[0].misfits) == ("float", 0)


def test_only_whole_rows_can_be_read_while_bytes_arrive(tmp_path):
    # What the header is shows only in the rows below it: some of them are waited for.
    many = 2 * FIRST_BLOCK // 4
    data = b'a,b\n1,"x\ny"\n' + b"2,z\n" * many + b"3,w\n"
    source = tmp_path / "source"
    source.write_bytes(data)
    seen, reported = [], threading.Event()

    def report(progress):
        with open_table(tmp_path / "table", source) as table:
            seen.append((progress.stage, table.row_count, table.complete))
        if seen[-1][1] > many:
            reported.set()

    with GrowingFile(source) as stream:
        options = {"report": report, "threads": 1}
        run = threading.Thread(
            target=ingest, args=(stream, CSV, tmp_path / "table"), kwargs=options
        )
        run.start()
        stream.advance(data.index(b"3,w"))
        assert reported.wait(60)
        assert seen[-1] == ("rows", many + 1, False)
        stream.finish()
        run.join(60)
    assert seen[-1] == ("done", many + 2, True)


def test_a_table_that_grows_shows_more_after_each_refresh(tmp_path):
    data = b"a\n" + b"".join(b"%d\n" % i for i in range(5_000))
    counts, table = [], None

    def report(progress):
        nonlocal table
        if table is None:
            table = open_table(tmp_path / "table")
        table.refresh()
        counts.append(table.row_count)
        assert table.row_count == progress.rows
        assert table.cell(table.row_count - 1, 0) == str(table.row_count - 1)

    ingest(Pieces(data, 1_000), CSV, tmp_path / "table", report=report)
    assert len(counts) > 10
    assert counts == sorted(counts)
    assert (table.complete, table.row_count) == (True, 5_000)
    table.close()


def test_a_cancelled_or_failed_ingest_leaves_nothing(tmp_path):
    source = tmp_path / "source"
    source.write_bytes(b"a\n1\n")
    with GrowingFile(source) as stream:
        stream.advance(4)
        stream.cancel()
        with pytest.raises(Cancelled):
            ingest(stream, CSV, tmp_path / "table")
    with pytest.raises(Unreadable):
        ingest(source, format_of("ARFF"), tmp_path / "table")
    assert not (tmp_path / "table").exists()
    with pytest.raises(LocalError):
        ingest(tmp_path / "none", CSV, tmp_path / "table")
    with pytest.raises(LocalError, match="No table"):
        open_table(tmp_path / "table")


def test_a_table_of_another_version_is_refused(make_table):
    table = make_table(b"a\n1\n")
    path = table.directory / "table.json"
    text = json.dumps({**json.loads(path.read_text().partition(" ")[2]), "version": 99})
    path.write_text(f"{zlib.crc32(text.encode()):08x} {text}")
    with pytest.raises(LocalError, match="another version"):
        open_table(table.directory)


@pytest.mark.parametrize("data", [b"", b"a,b", b"a,b\n", b"\n\n"])
def test_files_without_rows_make_tables_without_rows(make_table, data):
    table = make_table(data)
    assert (table.row_count, table.complete, table.malformed_count) == (0, True, 0)
    assert table.window(0, 10, range(len(table.columns))) == [[] for _ in table.columns]


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.lists(st.lists(st.sampled_from(["", "1", "x", '"q"', '"n\nl"']), min_size=1, max_size=4)),
    st.integers(1, 50),
)
def test_a_table_made_in_pieces_is_the_table_made_at_once(tmp_path_factory, rows, size):
    data = b"a,b,c\n" + "".join(",".join(row) + "\n" for row in rows).encode()
    directory = tmp_path_factory.mktemp("pieces") / "table"
    ingest(Pieces(data, size), CSV, directory)
    with open_table(directory) as table:
        whole = first_rows(data, CSV, whole=True)
        assert all_rows(table) == all_rows(whole)
        assert table.columns == whole.columns
        lines = [table.malformed.cell(row, 0) for row in range(table.malformed_count)]
        assert lines == [str(bad.line) for bad in whole.malformed]


def test_a_table_of_five_thousand_columns_gives_those_asked_for(make_table):
    names = ",".join(f"c{i}" for i in range(5_000))
    lines = "\n".join(",".join(str(row * 5_000 + i) for i in range(5_000)) for row in range(40))
    table = make_table(f"{names}\n{lines}\n".encode())
    assert (len(table.columns), table.row_count) == (5_000, 40)
    assert {column.type for column in table.columns} == {"int"}
    assert table.window(38, 40, [4_999, 0]) == [["194999", "199999"], ["190000", "195000"]]


def test_a_table_of_the_first_bytes_has_their_whole_rows_and_says_that_it_is_not_all(tmp_path):
    path, header = tmp_path / "content", b"a,b\n"
    rows = b'1,x\n2,"y\nz"\n\n3,"q ""r""",surplus\n4,\r\n5,"open\n6,\n'
    path.write_bytes(header + rows)
    ingest(path, format_of("GenericCSV"), tmp_path / "whole")
    with open_table(tmp_path / "whole", path) as whole:
        expected = all_rows(whole)
    for cut in range(len(header) + 4, len(header + rows)):
        directory = tmp_path / f"part {cut}"
        ingest(path, format_of("GenericCSV"), directory, part=cut)
        with open_table(directory, path) as table:
            found = all_rows(table)
            assert found == expected[: len(found)], cut
            assert not table.complete
            assert all(column.sampled for column in table.columns)
            assert table.consumed <= cut
    assert len(found) == 4


def test_a_table_of_the_first_rows_of_a_parquet_file_takes_no_more_than_it_may(tmp_path):
    path = tmp_path / "content"
    texts = [f"{row}" * (1 + row % 7) for row in range(150_000)]
    pq.write_table(pa.table({"n": range(len(texts)), "text": texts}), path)
    for part in (300_000, 1_700_000, 3_000_000):
        directory = tmp_path / f"part {part}"
        ingest(path, format_of("Parquet"), directory, part=part)
        with open_table(directory, path) as table:
            assert not table.complete
            last = table.row_count - 1
            assert table.window(last, last + 1, [0, 1]) == [[str(last)], [texts[last]]]
        written = (directory / "rows.arrow").stat().st_size
        assert 0.7 * part < written <= part + len(b"the end!")
