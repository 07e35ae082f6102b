"""Finding a dataset in a list."""

from datetime import UTC, datetime

import pytest

from amltui.errors import NotFound, UsageError
from amltui.models import Dataset
from amltui.services.catalog import Snapshot

NAMES = ("Adult Census", "adult census", "Iris", "Iris", "Airports")


@pytest.fixture
def snapshot():
    datasets = tuple(
        Dataset(f"w.f{i}.i{i}", f"f{i}", name, "GenericCSV") for i, name in enumerate(NAMES)
    )
    return Snapshot(datasets, datetime.now(UTC), cached=False)


def test_a_name_is_found_with_its_letter_case(snapshot):
    assert snapshot.find("adult census").family_id == "f1"


def test_an_id_is_found_also_where_names_are_ambiguous(snapshot):
    assert snapshot.find("w.f3.i3").family_id == "f3"


def test_a_name_that_two_datasets_have_is_refused_with_their_ids(snapshot):
    with pytest.raises(UsageError, match="2 datasets are named") as caught:
        snapshot.find("Iris")
    assert "w.f2.i2 or w.f3.i3" in caught.value.hint


def test_an_unknown_name_comes_with_near_ones(snapshot):
    with pytest.raises(NotFound) as caught:
        snapshot.find("Airprts")
    assert caught.value.hint == 'Did you mean "Airports"?'


def test_an_empty_name_is_refused(snapshot):
    with pytest.raises(UsageError):
        snapshot.find("")
