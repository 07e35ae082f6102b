"""The fast path of JSON Lines against the reader that decodes line by line."""

from __future__ import annotations

import json

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from amltui.formats import json_lines
from amltui.formats.blocks import Block
from amltui.formats.json_flat import has_no_other_keys
from amltui.formats.json_lines import JsonLinesCodec
from amltui.formats.registry import JSON_LINES

NUMBERS = ["0", "-0", "1.50", "1e5", "1E+05", "-1.0e-7", "9" * 40, "1e999", "1e-400", "-0.0"]
WRONG = ["01", "+1", ".5", "1.", "-", "NaN", "Infinity", "tru", "nul", "1 2", "", "'a'", "0x1", '"']
TEXTS = st.one_of(
    st.text(max_size=6),
    st.sampled_from(
        ['"', "\\", ",", '":', "}", "{", "null", "\u2028", "a,b", '"a":1', "é", "\x7f"]
    ),
)
VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(), TEXTS,
    st.floats(allow_nan=False, allow_infinity=False),
    st.lists(st.integers(), max_size=2), st.dictionaries(TEXTS, st.integers(), max_size=2),
)  # fmt: skip
LINES = st.one_of(
    st.tuples(
        st.dictionaries(st.sampled_from(["a", "b", "ü", "x y", 'q"', ""]), VALUES, max_size=4),
        st.sampled_from([(",", ":"), (", ", ": "), (" ,", " :")]),
        st.booleans(),
    ).map(lambda one: json.dumps(one[0], separators=one[1], ensure_ascii=one[2])),
    st.sampled_from(NUMBERS + WRONG).map(lambda number: f'{{"a":{number},"b":"x"}}'),
    st.sampled_from(NUMBERS + WRONG).map(lambda number: f'{{"b":"x","a":{number}}}'),
    st.sampled_from(
        [
            '{"a":1,"a":2}', '{"a":1}x', '{"a":1,}', "{}", "[1]", ' {"a":1} ', '{"a":1 }',
            '{"a":"x"y"}', '{"a":"x","b":"y}', '{"a":"\t"}', '{"a":1}{"a":2}', '{"a":"1","b":2}',
        ]
    ),
)  # fmt: skip


@st.composite
def alike(draw):
    """Lines with the same keys in the same order, of which one may be damaged."""
    keys = draw(st.lists(st.sampled_from(["a", "b", "x y", "ü", ""]), min_size=1, unique=True))
    scalars = st.sampled_from([*NUMBERS, "true", "false", "null"])
    texts = TEXTS.map(lambda text: f'"{text}"')
    kinds = st.sampled_from([texts, scalars, texts | scalars])
    values = {key: draw(kinds) for key in keys}
    comma, colon = draw(st.sampled_from([(",", ":"), (", ", ": ")]))
    lines = [
        "{" + comma.join(f'"{key}"{colon}{draw(kind)}' for key, kind in values.items()) + "}"
        for _ in range(draw(st.integers(1, 5)))
    ]
    if draw(st.booleans()):
        row, damage = draw(st.integers(0, len(lines) - 1)), draw(st.sampled_from('",:{} 1x\\'))
        at, gone = draw(st.integers(0, len(lines[row]))), draw(st.booleans())
        lines[row] = lines[row][:at] + damage + lines[row][at + gone :]
    return lines


def parsed(codec, data):
    found = codec.parse(Block(data, 0, len(data)), "utf-8")
    return found.batch.to_pydict(), found.malformed, found.lines


@settings(max_examples=500, deadline=None)
@given(
    st.lists(LINES, min_size=1, max_size=12) | alike(),
    st.sampled_from(["\n", "\r\n", "\n\n", "\r"]),
)
@example(['{"a":"\\\\"}'], "\n")
@example(['{"a":null,"b":"null"}', '{"a":1,"b":"x"}'], "\n")
def test_blocks_read_as_their_lines_read_one_by_one(lines, end):
    data = (end.join(lines) + end).encode("utf-8", "surrogatepass")
    codec = JsonLinesCodec(JSON_LINES)
    codec.survey([data], "utf-8")
    fast = parsed(codec, data)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_lines, "read_flat", lambda *_: None)
        assert fast == parsed(codec, data)


@settings(max_examples=300, deadline=None)
@given(st.lists(LINES, min_size=1, max_size=8), st.lists(LINES, min_size=1, max_size=8))
@example(['{"a":1}'], ['{"a":1,"b":2}'])
@example(['{"a":1}'], ['{"a":{"b":2}}'])
@example(['{"a":1}'], ['{"a":1,"b" :2}'])
def test_no_key_is_missed_where_all_are_said_to_be_known(first, then):
    known = JsonLinesCodec(JSON_LINES)
    known.survey(["\n".join(first).encode()])
    data = "\n".join(then).encode()
    if has_no_other_keys(data, known.keys):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(json_lines, "has_no_other_keys", lambda *_: False)
            both = JsonLinesCodec(JSON_LINES)
            both.survey([("\n".join(first) + "\n").encode(), data])
        assert set(both.keys) == set(known.keys)


def test_most_lines_of_flat_objects_are_never_decoded_one_by_one(monkeypatch):
    seen = []
    plain = json_lines._objects
    monkeypatch.setattr(
        json_lines, "_objects", lambda lines: seen.append(len(lines)) or plain(lines)
    )
    rows = [
        {"id": n, "v": n / 8, "w": f"word {n % 7}", "t": None if n % 3 else "x"} for n in range(999)
    ]
    for separators in ((",", ":"), (", ", ": ")):
        lines = [json.dumps(row, separators=separators) for row in rows]
        lines[500] = '{"id":1,"v":[2]}'
        data = "\n".join(lines).encode()
        codec = JsonLinesCodec(JSON_LINES)
        codec.survey([data])
        seen.clear()
        found = codec.parse(Block(data, 0, len(data)), None).batch
        assert seen == [1]
        assert found.slice(499, 3).to_pylist() == [
            {"id": "499", "v": "62.375", "w": "word 2", "t": None},
            {"id": "1", "v": "[2]", "w": None, "t": None},
            {"id": "501", "v": "62.625", "w": "word 4", "t": "x"},
        ]
