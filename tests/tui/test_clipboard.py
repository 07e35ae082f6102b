import base64

from hypothesis import given
from hypothesis import strategies as st

from amltui.tui.clipboard import LIMIT, clipboard_write


def payload(sequence: str) -> bytes:
    """What a terminal takes from OSC 52."""
    start = sequence.index("\x1b]52;c;") + 7
    return base64.b64decode(sequence[start : sequence.index("\x07", start)])


@given(st.text(max_size=200))
def test_what_a_terminal_gets_is_the_text_and_what_is_said_is_its_length(text):
    result = clipboard_write(text, {})
    assert payload(result.sequence) == text.encode("utf-8", "replace")
    assert result.sent == result.total == len(text.encode("utf-8", "replace"))


def test_a_long_text_is_cut_between_characters_and_said_to_be():
    result = clipboard_write("é" * LIMIT, {})
    assert result.sent == LIMIT
    assert payload(result.sequence).decode() == "é" * (LIMIT // 2)
    assert len(result.sequence) <= 100_000
    assert "first 74,994 of 149,988 bytes" in result.say("the cell")


def test_tmux_gets_the_sequence_bare_and_wrapped():
    result = clipboard_write("hello", {"TMUX": "/somewhere,1,0"})
    bare, _, wrapped = result.sequence.partition("\x1bPtmux;")
    assert payload(bare) == b"hello"
    assert wrapped.endswith("\x1b\\")
    assert wrapped.startswith("\x1b\x1b]52;c;")


def test_screen_gets_pieces_that_it_passes_on_and_that_join_to_the_sequence():
    text = "x" * 3_000
    result = clipboard_write(text, {"STY": "1.pts"})
    pieces = [piece.removeprefix("\x1bP") for piece in result.sequence.split("\x1b\\") if piece]
    assert all(len(piece) < 250 for piece in pieces)
    assert payload("".join(pieces)) == text.encode()


def test_no_text_can_end_the_sequence_early():
    result = clipboard_write("\x07\x1b\\\x1b]0;title\x07", {})
    assert result.sequence.count("\x07") == 1
    assert result.sequence.count("\x1b") == 1
