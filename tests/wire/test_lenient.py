"""One odd value in an answer does not hide what lies beside it."""

from __future__ import annotations

import json
from contextlib import suppress

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from amltui.wire import lenient, messages

GOOD = {"Id": "w.f.good", "FamilyId": "f", "Name": "good", "Size": 3}


def read(*entries, raw=()):
    body = ",".join([*map(json.dumps, entries), *raw]).encode()
    found, unreadable = lenient.read_list(b"[" + body + b"]", messages.DataSource)
    return [one.model() for one in found], unreadable


@pytest.mark.parametrize(
    ("odd", "field", "left"),
    [
        ({"CreatedDate": "0001-01-01T00:00:00+01:00"}, "created_date", None),
        ({"CreatedDate": "9999-12-31T23:59:59-01:00"}, "created_date", None),
        ({"CreatedDate": "/Date(99999999999999999999)/"}, "created_date", None),
        ({"CreatedDate": 7}, "created_date", None),
        ({"Size": "x"}, "size", None),
        ({"Size": "12"}, "size", 12),
        ({"Size": 1.5}, "size", None),
        ({"Size": -1}, "size", None),
        ({"Size": 1 << 70}, "size", None),
        ({"Size": int("9" * 4000)}, "size", None),
        ({"Size": {"bytes": 1}}, "size", None),
        ({"Name": 5}, "name", ""),
        ({"Name": None}, "name", ""),
        ({"Name": "\ud800x"}, "name", "?x"),
        ({"DownloadLocation": 5}, "sha256", None),
        ({"DownloadLocation": {"BaseUri": 5, "Size": "x"}}, "sha256", None),
        ({"IsLatest": "perhaps"}, "is_latest", True),
    ],
)
def test_an_odd_field_is_missing_and_all_else_is_there(odd, field, left):
    datasets, unreadable = read({"Id": "w.f.odd", "Owner": "me", **odd}, GOOD)
    assert unreadable == 0
    assert [one.id for one in datasets] == ["w.f.odd", "w.f.good"]
    assert datasets[0].owner == "me"
    assert getattr(datasets[0], field) == left
    assert datasets[1].size == 3


def test_what_is_right_in_an_odd_part_is_kept():
    place = {"BaseUri": "https://h/", "Location": "c/k", "Size": "x", "AccessCredential": "?s"}
    (dataset,), _ = read({"Id": "w.f.i", "DownloadLocation": place})
    assert dataset.download_location.url == "https://h/c/k?s"


@pytest.mark.parametrize("raw", ["{}", "5", "null", '"x"', "[]", '{"Id": 5}', '{"Id": "a" "b"}'])
def test_an_entry_that_is_none_is_left_out_and_counted(raw):
    datasets, unreadable = read(GOOD, GOOD, raw=[raw])
    assert (len(datasets), unreadable) == (2, 1)


@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a":', "}")])
def test_what_is_nested_without_end_is_left_out_alone(opening, closing):
    deep = opening * 200_000 + ("1" if opening != "[" else "") + closing * 200_000
    raw = '{"Id":"w.f.deep","Unknown":' + deep + ',"Name":"n, [deep]"}'
    datasets, unreadable = read(GOOD, raw=[raw])
    assert unreadable == 0
    assert [one.name for one in datasets] == ["good", "n, [deep]"]


def test_bytes_that_are_no_text_do_not_hide_the_rest():
    body = b'[{"Id": "w.f.i", "Name": "\xff\xfe"}, {"Id": "w.f.j", "Name": "n"}]'
    found, unreadable = lenient.read_list(body, messages.DataSource)
    assert unreadable == 0
    assert [one.name for one in found] == ["��", "n"]


@pytest.mark.parametrize("body", [b"", b"{}", b"5", b"[", b'[{"Id":"a"}', b"<html>", b'["a'])
def test_what_is_no_list_is_an_error(body):
    with pytest.raises(msgspec.MsgspecError):
        lenient.read_list(body, messages.DataSource)


def test_an_experiments_odd_node_does_not_hide_the_others():
    body = json.dumps(
        {
            "ExperimentId": "e",
            "Creator": 5,
            "Graph": {"ModuleNodes": [{"Id": "a"}, {"Id": 5}, "x", {"Id": "b", "Comment": 1}]},
            "Status": {"StartTime": "0001-01-01T00:00:00+01:00", "StatusCode": "Finished"},
        }
    ).encode()
    experiment = lenient.read_one(body, messages.Experiment).model()
    assert [node.id for node in experiment.nodes] == ["a", "b"]
    assert experiment.status.status_code == "Finished"
    assert experiment.status.start_time is None


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
KEYS = st.sampled_from([f.encode_name for f in msgspec.structs.fields(messages.DataSource)])


@given(st.lists(st.dictionaries(KEYS, VALUES, max_size=6), max_size=5))
def test_no_value_hides_an_entry_that_has_an_id(entries):
    datasets, unreadable = read(*entries, GOOD)
    with_id = sum(isinstance(one.get("Id"), str) for one in entries)
    assert len(datasets) == with_id + 1
    assert unreadable == len(entries) - with_id


@given(st.binary(max_size=60))
def test_no_body_is_a_crash(body):
    for text in (body, b"[" + body + b"]", b'[{"Id":"a",' + body):
        with suppress(msgspec.MsgspecError):
            lenient.read_list(text, messages.DataSource)
