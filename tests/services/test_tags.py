"""Tags as lines."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amltui.errors import UsageError
from amltui.models import NAME_TAG, TYPE_TAG, Dataset
from amltui.services.tags import changed_tags, editable, lines_of, tag_of

texts = st.text(max_size=8)


def tagged(tags: dict[str, str]) -> Dataset:
    return Dataset("w.f.i", "f", "sales", "GenericCSV", tags=tuple(tags.items()))


@given(st.dictionaries(texts, texts, max_size=4))
def test_lines_that_nobody_touched_change_nothing(tags):
    shown = editable(tagged(tags))
    assert changed_tags(shown, lines_of(shown)) == {}
    assert shown.items() <= tags.items()


def test_what_is_no_line_and_what_amltui_keeps_is_not_shown():
    kept = {"two": "a\nb", NAME_TAG: "x", TYPE_TAG: "y", "empty": "", "a=b": "c", "bell": "\a"}
    assert editable(tagged({**kept, "owner": "Ada = me"})) == {"owner": "Ada = me"}


def test_lines_add_change_and_take_away():
    before = {"owner": "Ada", "state": "new", "old": "1"}
    assert changed_tags(before, "owner=Ada\n\nstate=done\nlevel = 2\n") == {
        "old": None,
        "state": "done",
        "level": " 2",
    }
    assert changed_tags(before, "") == dict.fromkeys(before)


@pytest.mark.parametrize(
    ("text", "words"),
    [("owner", "no tag"), ("=x", "no tag"), ("a=1\na=2", "Two tags"), (f"{NAME_TAG}=x", "own")],
)
def test_what_is_no_tag_is_refused(text, words):
    with pytest.raises(UsageError, match=words):
        changed_tags({}, text)


def test_a_key_without_a_value_takes_the_tag_away():
    assert tag_of("owner=") == ("owner", None)
