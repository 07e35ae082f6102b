"""Where the files of several datasets go."""

from __future__ import annotations

import unicodedata
from pathlib import Path

from hypothesis import example, given
from hypothesis import strategies as st

from amltui.models import Dataset
from amltui.services.selection import file_targets


def made(name, id_, data_type_id="GenericCSV"):
    return Dataset(id=id_, family_id=id_, name=name, data_type_id=data_type_id)


def as_the_least_telling_disk(path):
    """A disk that tells neither capitals nor how a letter is composed."""
    return unicodedata.normalize("NFKC", str(path)).casefold()


_NAMES = st.text("aAéeÉ\u0301ßsS\u017f./_-1 ", min_size=1, max_size=6)
_IDS = st.text("aA@-1", max_size=3)


@given(st.lists(st.tuples(_NAMES, _IDS), max_size=8, unique_by=lambda one: one[1]), st.booleans())
@example([("CASE.csv", "CASE.csv@5-18eb"), ("case.csv", "case.csv@6-18eb")], False)
@example([("x", "1"), ("x.csv/y", "2")], True)
def test_two_datasets_never_go_to_one_file_on_any_disk(named, tree):
    datasets = [made(name, id_) for name, id_ in named]
    targets = file_targets(datasets, Path("out"), tree=tree)
    folded = [as_the_least_telling_disk(one) for one in targets]
    assert len(set(folded)) == len(named)
    folders = {as_the_least_telling_disk(one) for path in targets for one in path.parents}
    assert folders.isdisjoint(folded), "a file is not where a folder must be"
    assert all(path.parent == Path("out") for path in targets) or tree


def test_a_name_that_meets_no_other_is_kept_as_it_is():
    datasets = [made("sales", "1"), made("2026/sales", "2"), made("a", "3"), made("A", "4")]
    targets = file_targets(datasets, Path("out"), tree=True)
    assert targets[:2] == [Path("out/sales.csv"), Path("out/2026/sales.csv")]
    assert [path.name.partition("-")[0] for path in targets[2:]] == ["a", "A"]
    assert file_targets(datasets, Path("out"), tree=True) == targets, "the same command goes on"
