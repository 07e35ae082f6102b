"""Test files of other projects that are in this environment read as an independent reader says."""

from __future__ import annotations

import pytest

from tests.corpora import corpora, difference, ours

FILES = {path.name: (path, read) for _, path, _, read in corpora(()) if "flights" not in path.name}


def test_there_are_such_files():
    assert any(name.endswith(".parquet") for name in FILES)


@pytest.mark.parametrize("name", FILES)
def test_a_file_of_another_project_reads_as_its_reader_reads_it(name, tmp_path):
    path, read = FILES[name]
    here, skipped = ours(path, tmp_path / "table", lines=False)
    assert (difference(here, read(path)), skipped) == ("", 0)
