"""What is known of each data type id."""

from __future__ import annotations

import pytest

from amltui.formats import KNOWN, file_name, format_of, guess_data_type


@pytest.mark.parametrize("data_type_id", KNOWN)
def test_a_file_of_each_type_is_named_after_it(data_type_id):
    assert file_name("my data", data_type_id) == f"my data{format_of(data_type_id).extension}"


@pytest.mark.parametrize("data_type_id", ["Zip", "RData", "ARFF"])
def test_a_file_that_was_named_after_its_type_is_taken_for_it_again(data_type_id, tmp_path):
    path = tmp_path / file_name("my data", data_type_id)
    path.write_bytes(b"")
    assert guess_data_type(path) == data_type_id


def test_a_type_that_nobody_knows_adds_no_extension():
    assert file_name("model.ilearner", "ILearnerDotNet") == "model.ilearner"
