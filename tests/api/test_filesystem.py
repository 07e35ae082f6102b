"""`amltui://PROFILE/NAME`, as other libraries open it."""

from __future__ import annotations

import duckdb
import fsspec
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from amltui import errors
from amltui.config.profiles import Profile, save

ROWS = "id,city\n1,Oslo\n2,Rome\n"


@pytest.fixture
def fs(environment, monkeypatch, tmp_path, server, ws):
    """The file system, with a folder `files` and the server `team` as profiles."""
    root = tmp_path / "files"
    (root / "deep/er").mkdir(parents=True)
    (root / "a.csv").write_text(ROWS)
    (root / "deep/er/b.txt").write_bytes(b"0123456789")
    table = pa.table({"n": list(range(100_000)), "t": ["x"] * 100_000})
    pq.write_table(table, root / "deep/t.parquet", row_group_size=10_000)
    save(Profile("files", root.as_uri()), None)
    for name in ("ENDPOINT", "WORKSPACE_ID", "TOKEN"):
        monkeypatch.delenv(f"AMLTUI_{name}")
    fsspec.get_filesystem_class("amltui").clear_instance_cache()
    return fsspec.filesystem("amltui")


def test_names_are_listed_level_by_level(fs):
    assert sorted(fs.ls("amltui://files", detail=False)) == ["files/a.csv", "files/deep"]
    assert fs.ls("files/deep/er", detail=False) == ["files/deep/er/b.txt"]
    assert sorted(fs.find("files")) == [
        "files/a.csv",
        "files/deep/er/b.txt",
        "files/deep/t.parquet",
    ]
    assert fs.glob("amltui://files/*.csv") == ["files/a.csv"]
    assert fs.isdir("amltui://files/deep")
    assert fs.info("amltui://files/a.csv")["size"] == len(ROWS)
    for gone in ("files/none", "files/deep/none", "files/a"):
        assert not fs.exists(gone)
        with pytest.raises(FileNotFoundError):
            fs.open(gone)


def test_a_file_is_read_in_any_part(fs):
    assert fs.cat_file("files/deep/er/b.txt", 2, 5) == b"234"
    assert fs.cat_file("files/deep/er/b.txt", -3) == b"789"
    assert fs.cat_file("files/deep/er/b.txt", 20, 30) == b""
    with fs.open("amltui://files/deep/er/b.txt", block_size=4) as file:
        assert file.read(3) == b"012"
        assert file.seek(-2, 2) == 8
        assert file.read() == b"89"


def test_nothing_is_written(fs):
    with pytest.raises(errors.UsageError):
        fs.open("amltui://files/new.csv", "wb")


def test_pandas_polars_pyarrow_and_duckdb_open_a_dataset_by_its_name(fs):
    assert pd.read_csv("amltui://files/a.csv")["city"].tolist() == ["Oslo", "Rome"]
    assert pd.read_parquet("amltui://files/deep/t.parquet")["n"].sum() == sum(range(100_000))
    with fsspec.open("amltui://files/a.csv") as file:
        assert pl.read_csv(file)["city"].to_list() == ["Oslo", "Rome"]
    with fs.open("files/deep/t.parquet") as file:
        assert pl.read_parquet(file, columns=["n"]).height == 100_000
    assert pq.read_table("files/deep/t.parquet", filesystem=fs).num_rows == 100_000
    with duckdb.connect() as connection:
        connection.register_filesystem(fs)
        asked = "select sum(n) from 'amltui://files/deep/t.parquet' where n < 10"
        assert connection.execute(asked).fetchone() == (45,)


def test_a_server_is_read_in_ranges_too(fs, ws, server, name):
    ws.datasets.add_from_raw_data(ROWS.encode(), "GenericCSV", name, "said")
    save(Profile("team", server.endpoint, server.workspace_id), server.token)
    assert pd.read_csv(f"amltui://team/{name}")["id"].tolist() == [1, 2]
    assert fs.cat_file(f"team/{name}", 3, 7) == ROWS.encode()[3:7]
