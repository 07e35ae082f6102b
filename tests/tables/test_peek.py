"""Places in the middle of a content: the rows of the whole parse, or marked as not certain."""

from __future__ import annotations

import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from amltui.formats import format_of
from amltui.tables import HEAD, first_rows
from amltui.tables.index_making import index_rows
from amltui.tables.indexed import IndexedRows
from amltui.tables.peeked import COMING, SPAN, PeekedRows
from amltui.tables.source import FileStream, OpenFile
from tests.support.tables import read_in_pieces


def peeked(data, data_type_id="GenericCSV", *, head=HEAD):
    fmt = format_of(data_type_id)
    first = first_rows(data[:head], fmt, whole=False)
    rows = PeekedRows.begin(data[:head], fmt, first, len(data))
    assert rows is not None
    return rows


def fetched(rows, data, row, span=0):
    """Have the place of a row; the bytes that were fetched for it."""
    size = 0
    while (place := rows.place_of(row, span)) is not None:
        size += place.stop - place.start
        stretch = rows.parser.parse(place, data[place.start : place.stop])
        if stretch is None:
            rows.give_up(place)
            break
        rows.put(place, stretch)
        for move in rows.take_moves():
            if row in move.rows:
                row += move.by
        row = min(row, rows.row_count - 1)
    return size


def row_of(rows, row):
    return [cells[0] for cells in rows.window(row, row + 1, range(len(rows.columns)))]


def made(count, seed=1, *, quoted=0.3):
    """Rows of several lengths, some with delimiters, line ends and quotes in quotes."""
    chance = random.Random(seed)
    lines = [b"id,text,n\n"]
    for number in range(count):
        text = b"t" * chance.randrange(60)
        if chance.random() < quoted:
            text = b'"a, ""b""\n%s"' % text
        lines.append(b"%d,%s,%d\n" % (number, text, number * 7))
    return b"".join(lines)


@pytest.mark.parametrize("quoted", [0, 0.3])
def test_the_last_rows_come_with_one_place_and_their_number_is_near(quoted):
    data = made(100_000, quoted=quoted)
    rows = peeked(data)
    assert rows.row_count == pytest.approx(100_000, rel=0.1)
    assert row_of(rows, rows.row_count - 1) == [COMING] * 3
    assert fetched(rows, data, rows.row_count - 1) <= SPAN
    last = rows.row_count - 1
    assert row_of(rows, last)[::2] == ["99999", str(99_999 * 7)]
    assert rows.is_near(last)
    assert not rows.is_doubtful(last)


def test_rows_become_exact_where_places_meet_the_first_rows():
    data = made(20_000)
    rows = peeked(data)
    fetched(rows, data, rows.row_count - 1)
    number = 0
    while number < rows.row_count:
        fetched(rows, data, number)
        assert row_of(rows, number)[0] == str(number)
        assert not rows.is_near(number)
        number += 97
    assert rows.exact
    assert rows.row_count == 20_000
    assert row_of(rows, 19_999)[0] == "19999"


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.integers(0, 1 << 30), st.lists(st.floats(0, 1), min_size=1, max_size=8), st.data())
def test_a_place_gives_rows_of_the_whole_parse_or_says_that_it_may_not(seed, places, draw):
    data = made(2_500, seed, quoted=draw.draw(st.sampled_from((0, 0.05, 0.5, 1))))
    whole = read_in_pieces(data, "GenericCSV", 1 << 30)[1]
    known = {tuple(row) for row in whole}
    rows = peeked(data, head=8_192)
    for share in places:
        fetched(rows, data, int(share * (rows.row_count - 1)), span=4_096)
    for number in range(rows.row_count):
        if not rows.here(number):
            continue
        row = row_of(rows, number)
        if not rows.is_near(number):
            assert row == whole[number]
        elif not rows.is_doubtful(number):
            assert tuple(row) in known


@pytest.mark.parametrize("kind", ["PlainText", "GenericTSV", "GenericCSVNoHeader"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-32", "cp1252"])
def test_places_are_found_in_every_encoding(kind, encoding):
    lines = [
        f"{i}\tcafé {i}\tz" if kind == "GenericTSV" else f"{i},café {i}" for i in range(60_000)
    ]
    data = "\n".join(lines).encode(encoding)
    rows = peeked(data, kind)
    for share in (0.5, 1):
        number = int(share * (rows.row_count - 1))
        fetched(rows, data, number)
        number = min(number, rows.row_count - 1)
        row = row_of(rows, number)
        text = ("\t" if kind == "GenericTSV" else ",").join(row)
        assert text in lines
        assert abs(lines.index(text) - number) < 6_000
    assert text == lines[-1]


FOOLED = b"".join(b"%d,x,y\n" % i for i in range(40_000))


def test_a_file_made_to_fool_it_is_never_taken_for_certain():
    """One quoted field holds what looks like rows of the table, longer than any place."""
    rest = b"".join(b"%d,%d,z\n" % (i, i) for i in range(30_000))
    data = b"a,b,c\n" + rest + b'1,2,"\n' + FOOLED * 6 + b'"\n' + rest
    rows = peeked(data)
    middle = int(rows.row_count * 0.6)
    fetched(rows, data, middle)
    assert row_of(rows, middle)[1:] == ["x", "y"]
    assert rows.is_near(middle)


def test_where_nothing_tells_both_states_apart_the_place_is_doubtful():
    data = b"a\n" + b"one column\n" * 100_000
    rows = peeked(data)
    middle = rows.row_count // 2
    fetched(rows, data, middle)
    assert rows.is_doubtful(middle)


def test_quotes_in_the_usual_places_prove_where_rows_begin():
    """In quotes or not at its first byte: both soon lead to the same rows."""
    data = b"a\n" + b'"x"\n' * 200_000
    rows = peeked(data)
    middle = rows.row_count // 2
    fetched(rows, data, middle)
    assert not rows.is_doubtful(middle)


def test_text_in_quotes_with_other_line_ends_is_seen_through():
    """A place that begins inside a quoted text: outside, its lines have too few fields."""
    long = b"\n".join(b"a line of text without an end" for _ in range(4_000))
    data = b"a,b,c\n" + b"".join(b'%d,"%s",z\n' % (i, long) for i in range(40))
    rows = peeked(data, head=HEAD * 2)
    whole = {tuple(row) for row in read_in_pieces(data, "GenericCSV", 1 << 30)[1]}
    middle = rows.row_count // 2
    fetched(rows, data, middle)
    rows_there = [number for number in range(rows.row_count) if rows.here(number)]
    assert any(rows.is_near(number) for number in rows_there)
    for number in rows_there:
        row = tuple(rows.cell(number, column) for column in range(3))
        assert row in whole or rows.is_doubtful(number)


def test_a_row_longer_than_a_place_is_given_up_and_not_asked_for_again():
    data = b"a,b\n" + b"1,2\n" * 100_000 + b"x" * 5_000_000 + b"\n" + b"1,2\n" * 1000
    rows = peeked(data)
    number = int(rows.row_count * 0.6)
    rows.window(number, number + 1, [0])
    assert rows.wanted == number
    fetched(rows, data, number)
    asked = []
    rows.on_wanted = lambda: asked.append(rows.wanted)
    rows.window(number, number + 1, [0])
    assert asked == []


def test_the_index_makes_numbers_exact_and_tells_where_rows_went(tmp_path):
    data = made(60_000)[: -len(b"x")]
    short = data.replace(b"\n4", b"\n4" + b" " * 300)  # rows of other lengths further on
    path = tmp_path / "content"
    path.write_bytes(short)
    whole = read_in_pieces(short, "GenericCSV", 1 << 30)[1]
    with FileStream(path) as stream:
        index = index_rows(stream, format_of("GenericCSV"))
    rows = peeked(short)
    shown = {}
    for share in (0.3, 0.6, 1):
        number = int(share * (rows.row_count - 1))
        fetched(rows, short, number)
        number = min(number, rows.row_count - 1)
        shown[number] = row_of(rows, number)
        for move in rows.take_moves():
            shown = {n + move.by if n in move.rows else n: row for n, row in shown.items()}
    final = IndexedRows(OpenFile.at(path), index)
    rows.follow(final)
    moves = rows.take_moves()
    assert moves
    for move in moves:
        shown = {n + move.by if n in move.rows else n: row for n, row in shown.items()}
    for number, row in shown.items():
        assert whole[number] == row
    assert rows.row_count == len(whole)
    final.close()


def test_places_beyond_what_is_kept_are_fetched_again_where_they_were(monkeypatch):
    monkeypatch.setattr("amltui.tables.peeked._KEPT", 100_000)
    data = made(60_000, quoted=0)
    rows = peeked(data)
    places = [int(part / 10 * (rows.row_count - 1)) for part in range(3, 9)]
    shown = {}
    for row in places:
        fetched(rows, data, row, span=50_000)
        shown[row] = row_of(rows, row)
    assert not rows.here(places[0])
    before = rows.row_count
    fetched(rows, data, places[0])
    assert row_of(rows, places[0]) == shown[places[0]]
    assert rows.row_count == before
