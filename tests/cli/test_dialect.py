"""Saying by options how a text is written, against a real server and a real folder."""

from __future__ import annotations

import gzip

import pytest

SEMICOLONS = b"day;rain\n2024-01-01;1,5\n2024-01-02;0,25\n2024-01-03;12,5\n"
READ = "day\train\n2024-01-01\t1.5\n2024-01-02\t0.25\n2024-01-03\t12.5\n"


@pytest.fixture
def semicolons(amltui):
    if amltui("show", "semicolons").code:
        done = amltui.bytes("put", "-", "--name", "semicolons", "-t", "GenericCSV", data=SEMICOLONS)
        assert done[0] == 0
        assert b"looks separated by ;, decimal comma" in done[2]
        assert b"--convert" in done[2]
    return "semicolons"


def test_another_dialect_is_offered_and_read_when_it_is_said(amltui, semicolons):
    plain = amltui("head", semicolons)
    assert plain.out != READ  # commas are promised, so commas it is
    assert "try --delimiter ';' --decimal ," in plain.err
    said = ("--delimiter", ";", "--decimal", "comma")
    assert amltui("head", semicolons, *said).out == READ
    asked = amltui("sql", semicolons, "select sum(rain) s from data", *said)
    assert asked.out == "s\n14.25\n"
    column = amltui("stats", semicolons, "rain", "--json", *said).json
    assert (column["type"], column["maximum"]) == ("float", "12.5")
    assert amltui("head", semicolons, *said, "--no-header", "--skip", "1").out.startswith("Col1\t")
    # Nothing of that was remembered.
    assert amltui("head", semicolons).out == plain.out


def test_what_is_remembered_holds_until_it_is_forgotten(amltui, semicolons):
    amltui("head", semicolons, "--delimiter", ";", "--decimal", ",", "--remember")
    assert amltui("head", semicolons).out == READ
    assert amltui("sql", semicolons, "select count(*) n from data").out == "n\n3\n"
    assert amltui("head", semicolons, "--remember").out != READ
    assert amltui("head", semicolons).out != READ


def test_put_converts_to_what_every_client_reads(amltui):
    data = 'größe;note\n1.234,5;"a;b, c"\n;x\n'.encode("cp1252")
    said = ("--delimiter", ";", "--decimal", ",", "--thousands", ".")
    kind = ("--type", "GenericCSV")
    done = amltui.bytes("put", "-", "--name", "converted", *kind, "--convert", *said, data=data)
    assert done[0] == 0, done
    sent = amltui.bytes("get", "converted", "-o", "-")[1].decode()
    assert sent.splitlines()[0] == "größe,note"
    assert amltui("head", "converted", "--format", "csv").out == (
        'größe,note\n1234.5,"a;b, c"\n,x\n'
    )
    assert amltui("put", "--convert", "x.zip").code != 0


def test_names_in_two_rows_are_joined_by_every_command(amltui):
    data = b",2023,\ncity,low,high\nOslo,1,2\nRome,3,4\n"
    assert amltui.bytes("put", "-", "--name", "two rows", "-t", "GenericCSV", data=data)[0] == 0
    said = ("two rows", "--header-rows", "2")
    assert amltui("head", *said).out == "city\t2023_low\t2023_high\nOslo\t1\t2\nRome\t3\t4\n"
    assert (
        amltui("sql", "two rows", 'select sum("2023_high") s from data', *said[1:]).out == "s\n6\n"
    )
    assert amltui("stats", "two rows", "2023_low", "--json", *said[1:]).json["maximum"] == "3"
    assert amltui("head", "two rows", "--header-rows", "0").code == 2


def test_put_says_that_a_file_is_no_text_and_converts_none_such(amltui):
    data = gzip.compress(b"a,b\n1,2\n")
    kind = ("put", "-", "--name", "packed.csv", "--type", "GenericCSV")
    code, _, said = amltui.bytes(*kind, data=data)
    assert (code, b"looks like gzip: other clients cannot read it" in said) == (0, True)
    assert b"cp1252" not in said
    code, _, said = amltui.bytes("update", "packed.csv", "-", "--convert", data=data)
    assert (code, b"is not converted" in said) == (2, True)
    assert amltui("head", "packed.csv").out == "a\tb\n1\t2\n"


def test_lines_to_leave_out_are_offered_in_words(amltui):
    kind = ("put", "-", "--name", "commented", "--type", "GenericCSV")
    data = b"# made by a tool\n# units: m\nt,h\n0,1.5\n1,1.7\n"
    assert b'"commented" looks written with comments after #.' in amltui.bytes(*kind, data=data)[2]
    shown = amltui("head", "commented")
    assert "looks written with comments after #: try --comment '#'" in shown.err
    assert '1 row of "commented" is malformed' in shown.err


def test_update_says_what_others_would_misread_and_converts_as_put_does(amltui):
    assert amltui.bytes("put", "-", "--name", "new", "--type", "GenericTSV", data=b"a\tb\n")[0] == 0
    semicolons = b"a;b\n1,5;x\n2,5;y\n3,5;z\n"
    plain = amltui.bytes("update", "new", "-", data=semicolons)
    assert plain[0] == 0
    assert b"--convert" in plain[2]
    done = amltui.bytes("update", "new", "-", "--convert", data=semicolons)
    assert (done[0], b"--convert" in done[2]) == (0, False)
    assert amltui.bytes("get", "new", "-o", "-")[1] == b"a,b\n1.5,x\n2.5,y\n3.5,z\n"
    assert amltui("show", "new", "--json").json["data_type_id"] == "GenericCSV"


def test_a_file_in_a_folder_is_read_as_it_looks(alone):
    root = alone.home / "files"
    root.mkdir()
    (root / "bank.csv").write_bytes(b"08/01/2016;A;-21.419,06\n12/01/2016;A;-21.375,00\n" * 3)
    (root / "plain.csv").write_bytes(b"?,x0\n1,x1\n2,x2\n")
    read = alone("--at", "files", "head", "bank.csv", "-n", "1")
    assert read.out == "Col1\tCol2\tCol3\n08/01/2016\tA\t-21419.06\n"
    assert "is read as it looks: separated by ;" in read.err
    assert alone("--at", "files", "head", "plain.csv", "-n", "1").out == "Col1\tCol2\n?\tx0\n"


def test_files_are_compared_in_the_dialect_that_is_said(alone):
    (alone.home / "a.csv").write_bytes(b"k;v\n1;2,5\n")
    (alone.home / "b.csv").write_bytes(b"k;v\n1;2,50\n")
    said = ("--delimiter", ";", "--decimal", ",")
    assert alone("diff", "a.csv", "a.csv", *said).code == 0
    changed = alone("diff", "a.csv", "b.csv", *said)
    assert (changed.code, "v: 2.5 → 2.50" in changed.out) == (1, True)


def test_options_that_no_row_can_be_read_by_are_refused(amltui, semicolons):
    for wrong in (("--delimiter", "ab"), ("--encoding", "klingon"), ("--decimal", ";")):
        assert amltui("head", semicolons, *wrong).code == 2
