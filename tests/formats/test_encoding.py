# ruff: noqa: RUF001 - text of other scripts is what these tests are about
from __future__ import annotations

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from amltui.formats import format_of
from amltui.formats.encoding import detect, sniff, to_utf8
from amltui.formats.recognition import recognise
from amltui.tables import first_rows, ingest, open_table
from amltui.tables.index_making import index_rows
from amltui.tables.indexed import IndexedRows
from amltui.tables.source import FileStream, OpenFile
from tests.support.tables import all_rows, read_in_pieces

CSV = format_of("GenericCSV")
TEXT = "name,note\nMüller,naïve café\nŒuvre,“quoted” dash\nplain,plain\n"


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
def test_wide_encodings_with_a_mark_are_read(encoding):
    data = ("\ufeff" + TEXT).encode(encoding)
    found = first_rows(data, CSV, whole=True)
    assert (found.encoding, all_rows(found)[0]) == (encoding, ["Müller", "naïve café"])
    assert read_in_pieces(data, "GenericCSV", 5)[1] == all_rows(found)


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf_16_without_a_mark_is_known_by_its_zeros(encoding):
    found = first_rows(TEXT.encode(encoding), CSV, whole=True)
    assert (found.encoding, found.row_count) == (encoding, 3)


def test_bytes_that_are_not_utf_8_are_detected_and_every_row_is_kept():
    found = first_rows(TEXT.encode("cp1252"), CSV, whole=True)
    assert found.encoding == "cp1252"
    assert all_rows(found) == [
        ["Müller", "naïve café"],
        ["Œuvre", "“quoted” dash"],
        ["plain", "plain"],
    ]


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("cp1251", "Имя,Город\nЖюли Щукина,Ярославль\nФёдор Шуйский,Ялта\n"),
        ("cp932", "名前,都市\n山田太郎さん,東京都です\n鈴木花子さん,大阪市です\n"),
        ("cp1250", "město,poznámka\nŽďár nad Sázavou,příliš žluťoučký kůň úpěl ďábelské ódy\n"),
    ],
)
def test_names_and_rows_are_in_the_detected_encoding(encoding, text):
    found = first_rows(text.encode(encoding), CSV, whole=True)
    header, *rows = [line.split(",") for line in text.splitlines()]
    assert [column.name for column in found.columns] == header
    assert all_rows(found) == rows


def test_a_file_in_two_encodings_keeps_both():
    data = "a,b\n日本,é\n".encode() + "café,x\n".encode("latin-1")
    assert all_rows(first_rows(data, CSV, whole=True)) == [["日本", "é"], ["café", "x"]]


def test_rows_that_are_malformed_and_not_utf_8_are_kept_too():
    data = "a,b\ncafé\nnaïve,x,y\n".encode("latin-1")
    found = first_rows(data, CSV, whole=True)
    assert all_rows(found) == [["café", None], ["naïve", "x,y"]]
    assert [bad.text for bad in found.malformed] == ["café", "naïve,x,y"]


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=60), st.sampled_from(["GenericCSVNoHeader", "PlainText"]))
def test_any_bytes_at_all_give_rows_of_valid_text(data, data_type_id):
    assume(recognise(data) is None)  # what is no text at all is refused by its name
    found = first_rows(data, format_of(data_type_id), whole=True)
    for row in all_rows(found):
        for cell in row:
            assert cell is None or isinstance(cell.encode(), bytes)


def test_lines_that_fit_utf_8_are_only_touched_where_all_is_in_another_encoding():
    data = "é\n".encode() + "é\n".encode("latin-1")
    assert to_utf8(data, "utf-8+latin-1") == ("é\né\n".encode(), 1)
    assert to_utf8(data, "latin-1") == ("Ã©\né\n".encode(), 2)


def test_few_zeros_are_not_taken_for_utf_16():
    assert sniff(b"a\0b\0") == ("utf-8", 0)
    assert sniff("a,b\n1,2\n".encode("utf-16-le")) == ("utf-16-le", 0)
    assert sniff(b"\xef\xbb\xbfa") == ("utf-8", 3)


def test_western_text_is_taken_for_the_common_western_encoding():
    assert detect("café".encode("latin-1")) == "cp1252"


def test_windows_1252_is_preferred_to_the_macintosh_unless_letters_say_otherwise():
    text = "t °,q “x”,€5,–\n1,2,3,4\n"
    found = first_rows(text.encode("cp1252"), CSV, whole=True)
    assert [column.name for column in found.columns] == ["t °", "q “x”", "€5", "–"]


@pytest.mark.parametrize(
    "text",
    ["城市,人口\n北京,2154\n上海,2487\n广州,1868\n", "姓名,性别\n王丽华,女\n张伟强,男\n李娜,女\n"],
)
def test_chinese_is_not_taken_for_half_width_katakana_nor_a_letter_of_utf_8(text):
    found = first_rows(text.encode("gb18030"), CSV, whole=True)
    header, *rows = [line.split(",") for line in text.splitlines()]
    assert [column.name for column in found.columns] == header
    assert all_rows(found) == rows


def table_of(data, directory):
    """Rows of a content by the table that is written of it, and by its index."""
    source = directory / "source"
    source.write_bytes(data)
    ingest(source, CSV, directory / "table")
    with open_table(directory / "table", source) as table:
        written = all_rows(table), table.encoding
    with FileStream(source) as stream:
        index = index_rows(stream, CSV)
    rows = IndexedRows(OpenFile.at(source), index)
    try:
        return written, (all_rows(rows), rows.encoding)
    finally:
        rows.close()


@pytest.mark.parametrize("ascii_rows", [0, 5_000, 40_000])
@pytest.mark.parametrize("first", ["女", "男"])
def test_one_encoding_is_decided_for_all_whatever_comes_first_and_in_what_pieces(
    tmp_path, ascii_rows, first
):
    # C5 AE is a letter in UTF-8 too, and comes first or last by turns.
    other = "男" if first == "女" else "女"
    text = (
        "id,sex\n"
        + "1,none-yet\n" * ascii_rows
        + f"2,{first}\n3,{other}\n4,{other}生\n5,北京\n" * 40
    )
    data = text.encode("gb18030")
    expected = [line.split(",") for line in text.splitlines()[1:]]
    assert read_in_pieces(data, "GenericCSV", 1_000)[1] == expected
    for rows, encoding in table_of(data, tmp_path):
        assert (rows == expected, encoding) == (True, "gb18030")


def test_lines_that_are_not_utf_8_far_behind_those_that_are_do_not_change_them(tmp_path):
    data = b"a,b\n" + "é,ü\n".encode() * 60_000 + "é,ü\n".encode("cp1252")
    for rows, _ in table_of(data, tmp_path):
        assert (rows[0], rows[-1], len(rows)) == (["é", "ü"], ["é", "ü"], 60_001)


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("cp1252", "país,año\nEspaña,niño\nPerú,piña\n"),
        ("cp1252", "item,price\n“tea”,€3\ncafé,€4–5\n"),
        ("cp1254", "şehir,nüfus\nIğdır,çok güzel ışık\nMuş,şeftali ağacı\n"),
        ("cp932", "名前,市\n田中,東京\n鈴木,大阪\n"),
        ("cp949", "이름,도시\n김철수,서울특별시\n박영희,부산광역시\n"),
        ("cp1251", "город,число\nМосква,1\nПермь,2\n"),
    ],
)
def test_a_few_words_are_enough_for_the_usual_encodings(encoding, text):
    found = first_rows(text.encode(encoding), CSV, whole=True)
    header, *rows = [line.split(",") for line in text.splitlines()]
    assert ([column.name for column in found.columns], all_rows(found)) == (header, rows)
