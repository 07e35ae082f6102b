"""Hostile text is shown harmlessly, and names become safe file names."""

import sys
import unicodedata
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amltui.text import (
    human_duration,
    human_size,
    iso_utc,
    reason_of,
    safe_filename,
    visible,
    visible_lines,
)

ANY_TEXT = st.text(st.characters())


def test_each_character_that_is_not_shown_is_made_visible():
    bad = {"Cc", "Cf", "Zl", "Zp", "Cs"}
    left = [
        c
        for c in map(chr, range(sys.maxunicode + 1))
        if unicodedata.category(c) in bad and c != "\u200d" and visible(c) == c
    ]
    assert [c for c in left if unicodedata.bidirectional(c) not in {"AN", "AL", "L"}] == []


@given(ANY_TEXT)
def test_visible_text_holds_nothing_that_a_terminal_acts_on(text):
    # Zero width joiners stay: emoji are made with them and they move nothing.
    bad = {"Cc", "Cf", "Zl", "Zp", "Cs"}
    left = [c for c in visible(text) if unicodedata.category(c) in bad and c != "\u200d"]
    assert [c for c in left if unicodedata.bidirectional(c) not in {"AN", "AL", "L"}] == []
    assert "\x1b" not in visible(text)
    assert "\n" not in visible(text)


@given(st.text(st.characters(categories=["L", "N", "P", "S", "Zs"])))
def test_ordinary_text_of_any_script_is_shown_as_it_is(text):
    assert visible(text) == text


@given(ANY_TEXT)
def test_making_visible_twice_changes_nothing_more(text):
    assert visible(visible(text)) == visible(text)


@pytest.mark.parametrize(
    ("hostile", "shown"),
    [
        ("\x1b]52;c;aGk=\x07", "␛]52;c;aGk=␇"),
        ("\u202egpj.exe", "<202E>gpj.exe"),
        ("a\tb\r\nc", "a⇥b␍⏎c"),
        ("\x9b31m", "<009B>31m"),
        ("a\u2066b\u2069", "a<2066>b<2069>"),
    ],
)
def test_an_escape_or_override_is_named_in_its_place(hostile, shown):
    assert visible(hostile) == shown


def test_lines_stay_lines_where_a_text_may_have_several():
    assert visible_lines("one\r\ntwo\n\x1b[2Jthree") == "one\ntwo\n␛[2Jthree"


@given(ANY_TEXT, st.sampled_from([".csv", ".txt", ".dataset", ""]))
def test_any_name_becomes_one_harmless_path_component(name, extension):
    made = safe_filename(name, extension)
    assert 0 < len(made.encode()) <= 200
    assert "/" not in made
    assert "\\" not in made
    assert "\x00" not in made
    assert not made.startswith((".", " "))
    assert made not in {".", ".."}
    assert visible(made) == made


@pytest.mark.parametrize(
    ("name", "extension", "made"),
    [
        ("Airport Codes Dataset", ".csv", "Airport Codes Dataset.csv"),
        ("sales.CSV", ".csv", "sales.csv"),
        ("../../etc/passwd", ".txt", "_.._etc_passwd.txt"),
        ("con", "", "_con"),
        ("", ".tsv", "dataset.tsv"),
        ("...", "", "dataset"),
        ("Zürich データ", ".arff", "Zürich データ.arff"),
    ],
)
def test_file_names_keep_what_is_harmless(name, extension, made):
    assert safe_filename(name, extension) == made


@pytest.mark.parametrize(
    ("size", "shown"),
    [
        (None, "?"),
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1.0 KiB"),
        (10_200, "10 KiB"),
        (1_023_999, "1.0 MiB"),
        (3_974_468, "3.8 MiB"),
        (2 << 40, "2.0 TiB"),
    ],
)
def test_sizes_are_short(size, shown):
    assert human_size(size) == shown


@given(st.integers(0, 1 << 60))
def test_a_size_never_needs_more_than_eight_characters(size):
    assert len(human_size(size)) <= 8


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(None, "?"), (0.2, "0s"), (59.4, "59s"), (84, "1m24s"), (7500, "2h05m"), (273_600, "3d04h")],
)
def test_durations_are_short(seconds, shown):
    assert human_duration(seconds) == shown


def test_times_are_printed_in_utc():
    moment = datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone(timedelta(hours=2)))
    assert iso_utc(moment) == "2026-01-02T01:04:05Z"
    assert iso_utc(datetime(2026, 1, 2, tzinfo=UTC)) == "2026-01-02T00:00:00Z"
    assert iso_utc(None) is None


def test_why_a_file_cannot_be_read_is_told_without_numbers(tmp_path):
    with pytest.raises(OSError) as caught:
        (tmp_path / "no\x1bthing").open()
    reason = reason_of(caught.value)
    assert reason.startswith("No such file or directory: ")
    assert "Errno" not in reason
    assert "\x1b" not in reason
    assert reason_of(ValueError("why")) == "why"
    assert reason_of(OSError("it broke")) == "it broke"
    assert reason_of(OSError()) == "OSError"
