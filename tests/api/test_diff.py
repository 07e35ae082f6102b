"""`amltui.diff`: the same answer as the command's, for datasets, versions, files and addresses."""

from __future__ import annotations

import pyarrow.csv as pacsv
import pyarrow.parquet as pq
import pytest

import amltui
from amltui.errors import LocalError, QueryError

OLD = "id,city\n1,Oslo\n2,Rome\n3,Bonn\n"
NEW = "id,city\n1,Oslo\n2,Roma\n4,Kyiv\n"


@pytest.fixture
def sales(ws, name):
    made = ws.datasets.add_from_raw_data(OLD, "GenericCSV", name, "old")
    made.update_from_raw_data(NEW)
    return ws.datasets[name]


def counts(found):
    return found.added, found.removed, found.changed


def test_versions_datasets_and_files_are_compared(sales, tmp_path):
    (tmp_path / "old.csv").write_text(OLD)
    found = amltui.diff(sales.version(1), sales)
    assert counts(found) == (1, 1, 1)
    assert (found.key, found.key_found) == (("id",), True)
    (change,) = [one for one in found.changes if one.status == "changed"]
    assert [(cell.old, cell.new) for cell in change.cells] == [("Rome", "Roma")]
    for old in (tmp_path / "old.csv", str(tmp_path / "old.csv"), f"file://{tmp_path}/old.csv"):
        assert counts(amltui.diff(old, sales, key=["id"])) == (1, 1, 1)
    assert amltui.diff(sales, sales).equal
    assert counts(amltui.diff(sales.version(1), sales, columns=["id"])) == (1, 1, 0)


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_all_rows_that_differ_go_to_a_file(sales, tmp_path, suffix):
    target = tmp_path / f"changes.{suffix}"
    found = amltui.diff(sales.version(1), sales, limit=0, output=target)
    assert found.changes == ()
    assert found.partial
    read = pq.read_table if suffix == "parquet" else pacsv.read_csv
    assert sorted(read(target)["change"].to_pylist()) == ["added", "new", "old", "removed"]
    assert [path.name for path in tmp_path.iterdir()] == [target.name]


def test_what_cannot_be_compared_says_why(sales, ws, name, tmp_path):
    with pytest.raises(LocalError, match="none"):
        amltui.diff(tmp_path / "none.csv", sales)
    with pytest.raises(QueryError):
        amltui.diff(sales, sales, key=["nobody"])
    with pytest.raises(LocalError, match="parquet"):
        amltui.diff(sales, sales, output=tmp_path / "changes.xlsx")
    other = ws.datasets.add_from_raw_data(b"PK\x03\x04" + bytes(100), "Zip", f"{name} zip", "zip")
    with pytest.raises(amltui.UnsupportedDatasetTypeError):
        amltui.diff(other, sales)
