"""Data frames to bytes and back."""

import io
import math
import subprocess
import sys
import warnings
from decimal import Decimal

import pandas as pd
import polars as pl
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from amltui.errors import Unreadable, UnsupportedDataType
from amltui.formats.frames import (
    arrow_csv,
    delimited,
    deserialize_dataframe,
    deserialize_table,
    is_supported,
    options,
    serialize_dataframe,
)
from amltui.models import DataTypeIds

DELIMITED = [
    DataTypeIds.GenericCSV,
    DataTypeIds.GenericTSV,
    DataTypeIds.GenericCSVNoHeader,
    DataTypeIds.GenericTSVNoHeader,
]
CSV = options.CsvOptions(",", header=True, skip_space=True)
TSV = options.CsvOptions("\t", header=False, skip_space=False)


def there_and_back(frame, data_type_id):
    file = io.BytesIO()
    serialize_dataframe(file, data_type_id, frame)
    file.seek(0)
    return deserialize_dataframe(file, data_type_id)


def read(text, data_type_id):
    return deserialize_dataframe(io.BytesIO(text), data_type_id)


words = st.text(
    st.characters(codec="utf-8", exclude_characters="\0", exclude_categories=["Cs"]), max_size=12
).map(lambda text: f"{text}w")  # never empty, a number, or a word for missing
numbers = st.floats(allow_nan=False)


@pytest.mark.parametrize("data_type_id", DELIMITED)
@given(
    rows=st.lists(
        st.tuples(words, st.integers(-(2**63), 2**63 - 1), numbers, st.booleans(), words),
        min_size=1,
        max_size=20,
    )
)
def test_values_survive_a_round_trip(data_type_id, rows):
    frame = pd.DataFrame(rows, columns=["text", "whole", "float", "flag", "more text"])
    back = there_and_back(frame, data_type_id)
    if data_type_id.endswith("NoHeader"):
        frame.columns = range(5)
    pd.testing.assert_frame_equal(back, frame, check_exact=True)


@pytest.mark.parametrize("data_type_id", DELIMITED)
@pytest.mark.parametrize("text", [" first", "a\rb", 'a "b"', "a,b\tc", "a\r\nb", "é漢\U0001f600"])
def test_awkward_text_survives_a_round_trip(data_type_id, text):
    frame = pd.DataFrame({"a": [text, "x"], "b": [1, 2]})
    back = there_and_back(frame, data_type_id)
    assert back.iloc[:, 0].tolist() == [text, "x"]


@given(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\n\r\ufeff")), min_size=1))
def test_plain_text_keeps_every_line_as_it_stands(lines):
    frame = pd.DataFrame({0: pd.Series(lines, dtype="str")})
    pd.testing.assert_frame_equal(there_and_back(frame, "PlainText"), frame)


def test_plain_text_knows_both_line_ends_and_no_quotes_or_numbers():
    frame = read(b'\xef\xbb\xbf007\r\n"a,b\n\nlast', "PlainText")
    assert frame[0].tolist() == ["007", '"a,b', "", "last"]


def test_plain_text_joins_the_cells_of_a_row():
    frame = pd.DataFrame({"a": ["x", None], "b": [1, 2]})
    file = io.BytesIO()
    serialize_dataframe(file, "PlainText", frame)
    assert file.getvalue() == b"x1\n2\n"


@pytest.mark.parametrize("data_type_id", [*DELIMITED, "PlainText"])
def test_no_bytes_are_a_frame_without_columns(data_type_id):
    assert read(b"", data_type_id).shape == (0, 0)
    assert there_and_back(pd.DataFrame(), data_type_id).shape == (0, 0)


def test_the_old_clients_rules_for_csv_hold():
    frame = read(b"\xef\xbb\xbfage, job,pay\r\n39, State-gov, 1.5\r\n50, ?,NA\r\n", "GenericCSV")
    assert list(frame.columns) == ["age", "job", "pay"]
    assert frame["job"].tolist() == ["State-gov", "?"]
    assert frame["pay"].tolist()[0] == 1.5
    assert math.isnan(frame["pay"].tolist()[1])
    assert str(frame["age"].dtype) == "int64"


def test_bytes_that_are_not_the_type_are_unreadable_and_say_why():
    with pytest.raises(Unreadable, match="UTF-8"):
        read(b"a,b\n\xff,1\n", "GenericCSV")
    with pytest.raises(Unreadable, match="line 3"):
        read(b"a,b\n1,2\n1,2,3\n", "GenericCSV")
    with pytest.raises(Unreadable, match="UTF-8"):
        read(b"\xff\n", "PlainText")
    with pytest.raises(Unreadable, match="header"):
        read(b"a,b\n", "ARFF")


def test_arguments_are_held_to_what_the_old_client_wanted():
    for call in (
        lambda: serialize_dataframe(None, "GenericCSV", pd.DataFrame()),
        lambda: serialize_dataframe(io.BytesIO(), "", pd.DataFrame()),
        lambda: serialize_dataframe(io.BytesIO(), "GenericCSV", None),
        lambda: deserialize_dataframe(None, "GenericCSV"),
        lambda: deserialize_dataframe(io.BytesIO(), None),
        lambda: is_supported(""),
    ):
        with pytest.raises(TypeError):
            call()
    with pytest.raises(UnsupportedDataType, match='Dataset type "Zip" is not supported'):
        deserialize_dataframe(io.BytesIO(), "Zip")
    with pytest.raises(UnsupportedDataType):
        serialize_dataframe(io.BytesIO(), "Dataset", pd.DataFrame())


ARFF = rb"""% a comment
@RELATION 'breast cancer'

@attribute id string
@ATTRIBUTE 'mean radius' NUMERIC
@attribute count integer
@attribute class {M, 'B 1', "q"}
@attribute seen date "yyyy-MM-dd HH:mm"
@data
% another
a1, 17.99, 3, M, "2020-01-02 03:04"
'it\'s', ?, 4, 'B 1', ?
?,1e5,5,?,?
"""


def test_arff_columns_have_the_types_of_their_header():
    frame = read(ARFF, "ARFF")
    assert list(frame.columns) == ["id", "mean radius", "count", "class", "seen"]
    assert frame["id"].tolist()[:2] == ["a1", "it's"]
    assert frame["mean radius"].tolist()[::2] == [17.99, 1e5]
    assert frame["count"].dtype == "int64"
    assert frame["class"].cat.categories.tolist() == ["M", "B 1", "q"]
    assert frame["class"].tolist()[:2] == ["M", "B 1"]
    assert frame["seen"][0] == pd.Timestamp(2020, 1, 2, 3, 4)
    assert frame.isna().to_numpy().tolist() == [
        [False, False, False, False, False],
        [False, True, False, False, True],
        [True, False, False, True, True],
    ]


def test_sparse_arff_rows_are_filled_with_what_they_leave_out():
    frame = read(
        b"@attribute a numeric\n@attribute b {x,y}\n@data\n{}\n{0 5, 1 y}\n{1 ?}\n", "ARFF"
    )
    assert frame["a"].tolist() == [0.0, 5.0, 0.0]
    assert frame["b"].tolist()[:2] == ["x", "y"]
    assert frame["b"].isna().tolist() == [False, False, True]


@pytest.mark.parametrize(
    "text",
    [
        b"@attribute a numeric\n@data\n1,2\n",
        b"@attribute a numeric\n@data\nx\n",
        b"@attribute a {x}\n@data\ny\n",
        b"@attribute a unheard-of\n@data\n",
        b"@attribute a numeric\n@data\n{7 1}\n",
    ],
)
def test_arff_that_breaks_its_own_header_is_unreadable(text):
    with pytest.raises(Unreadable):
        read(text, "ARFF")


@given(
    rows=st.lists(
        st.tuples(
            st.text(st.characters(codec="utf-8", exclude_characters="\0\x0b\x0c\x1c\x1d\x1e\x85")),
            st.integers(-(2**63), 2**63 - 1),
            numbers,
            st.sampled_from(["x", "y z", "it's", "?"]),
        ),
        min_size=1,
    )
)
def test_arff_carries_types_and_values_both_ways(rows):
    frame = pd.DataFrame(rows, columns=["a text", "whole", "float", "kind"])
    frame["a text"] = frame["a text"].astype("str")
    frame["kind"] = frame["kind"].astype("str").astype("category")
    back = there_and_back(frame, "ARFF")
    pd.testing.assert_frame_equal(back, frame, check_exact=True)


AWKWARD_CELLS = (
    "- |?|| |NA| NA|nan|NAN|inf|-Infinity|True|false| True|007|+5|0x1F|5.|.5|1e400| 7|7 |null|1_0"
    '|"x"|" 7"|"a,b"|a"b|"a\nb"| "q"|"q" |"NA"|""|x\ty|\t8|\ufeffx|e5'
)
cells = st.one_of(
    st.integers(-(10**20), 10**20).map(str),
    st.sampled_from([2**63 - 1, 2**63, 2**64 - 1, 2**64, -(2**63), -(2**63) - 1]).map(str),
    st.just(""),
    st.floats().map(repr),
    st.sampled_from(AWKWARD_CELLS.split("|")),
    st.text(st.characters(codec="utf-8", exclude_characters='\0\r\n",'), max_size=5),
)


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None, max_examples=100)
@given(
    sample=st.lists(st.tuples(cells, cells), min_size=1, max_size=4),
    rest=st.lists(st.tuples(cells, cells), max_size=4),
    csv_options=st.sampled_from([CSV, TSV]),
)
@example(sample=[("9223372036854775808", "0"), ("- ", "0")], rest=[("", "0")], csv_options=CSV)
@example(sample=[("0", ""), ("", "0")], rest=[("9223372036854775808", "")], csv_options=CSV)
@example(sample=[("", "")], rest=[("18446744073709551616", "0"), ("0.0", "0")], csv_options=CSV)
def test_arrow_gives_what_pandas_gives_or_nothing(sample, rest, csv_options):
    # Small limits, so that few rows are "large" and later rows are outside the sample.
    lines = [("first", "second"), *sample, *rest]
    text = "".join(f"{a}{csv_options.delimiter}{b}\n" for a, b in lines).encode()
    boundary = "".join(f"{a}{csv_options.delimiter}{b}\n" for a, b in lines[: len(sample) + 1])
    with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        patch.setattr(arrow_csv, "_SAMPLE", len(boundary.encode()))
        patch.setattr(arrow_csv, "_WORTH_IT", len(boundary.encode()))
        parsed = arrow_csv.read(io.BytesIO(text), csv_options)
        if parsed is None:
            return
        expected = delimited.by_pandas(io.BytesIO(text), csv_options)
    pd.testing.assert_frame_equal(arrow_csv.frame(parsed), expected, check_exact=True)


@pytest.mark.parametrize(
    "first",
    [
        "9223372036854775808,0\n- ,0\n",
        "-,0\n18446744073709551616,0\n",
        "1,0\n- ,0\n",
        "1e5,0\n-,0\n",
    ],
)
@pytest.mark.parametrize("rows", [10, 600_000])
def test_missing_values_do_not_depend_on_how_much_follows(first, rows):
    text = ("first,second\n" + first + ",0\n" * rows).encode()
    expected = delimited.by_pandas(io.BytesIO(text), CSV)
    pd.testing.assert_frame_equal(read(text, "GenericCSV"), expected, check_exact=True)


def large_csv(rows=60_000, late=""):
    lines = [
        f"{i},{i / 7!r},word {i % 50},{i % 2 == 0},2024-01-{i % 28 + 1:02}" for i in range(rows)
    ]
    return ("whole,float,text,flag,day\n" + "\n".join(lines) + "\n" + late).encode()


@pytest.mark.parametrize(
    "late",
    [
        "",
        "1.5,1,a,True,b\n",  # the whole numbers turn out to be floats
        "NA,NA,NA,True,NA\n",
        "x,1,a,True,b\n",  # and to be text
        "1,1,a,maybe,b\n",
        "9223372036854775808,1,a,True,b\n",
        "0x1F,1,a,True,b\n",
        "1,NAN,a,True,b\n",
        '1,1, "a,b",True,b\n',
        "1,1,a\n",
        "1,1, a,True,b\n",
    ],
)
def test_a_large_csv_reads_as_pandas_reads_it_whatever_comes_late(late):
    text = large_csv(late=late)
    expected = delimited.by_pandas(io.BytesIO(text), CSV)
    pd.testing.assert_frame_equal(read(text, "GenericCSV"), expected, check_exact=True)
    assert deserialize_table(io.BytesIO(text), "GenericCSV").shape == expected.shape


@pytest.mark.skipif(options.PANDAS < (3, 0), reason="pandas 2 keeps texts as Python objects")
def test_arrow_parses_ordinary_large_data():
    parsed = arrow_csv.read(io.BytesIO(large_csv()), CSV)
    assert parsed is not None
    assert [str(kind) for kind in arrow_csv.frame(parsed).dtypes] == [
        "int64",
        "float64",
        "str",
        "bool",
        "str",
    ]


def test_a_reader_that_cannot_seek_is_read_too():
    class Pipe(io.RawIOBase):
        def __init__(self, data):
            self.rest = io.BytesIO(data)

        def readable(self):
            return True

        def read(self, size=-1):
            return self.rest.read(size)

    assert deserialize_dataframe(Pipe(large_csv()), "GenericCSV").shape == (60_000, 5)


def test_an_arrow_table_has_the_same_types_and_nulls():
    table = deserialize_table(io.BytesIO(b"a,b\n1,\n2,x\n"), "GenericCSV")
    assert table.to_pydict() == {"a": [1, 2], "b": [None, "x"]}
    assert deserialize_table(io.BytesIO(b"1\t2\n"), "GenericTSVNoHeader").column_names == ["0", "1"]


def test_whole_numbers_beyond_64_bits_are_exact_in_an_arrow_table():
    rows = b"k,v\n123456789012345678901234567890,1\n123456789012345678901234567891,\n,3\n"
    table = deserialize_table(io.BytesIO(rows), "GenericCSV")
    exact = [Decimal(123456789012345678901234567890), Decimal(123456789012345678901234567891)]
    assert table.column("k").to_pylist() == [*exact, None]
    longer = deserialize_table(io.BytesIO(b"k,v\n" + b"9" * 90 + b",1\n"), "GenericCSV")
    assert longer.column("k").to_pylist() == ["9" * 90]


@pytest.mark.parametrize("data_type_id", ["GenericCSV", "PlainText", "ARFF"])
def test_writing_takes_less_than_a_third_of_the_frame_besides_it(data_type_id):
    code = """
import io, sys, resource
import numpy as np, pandas as pd
from amltui.formats.frames import serialize_dataframe
frame = pd.DataFrame(np.random.default_rng(1).random((300_000, 8)))
size = frame.memory_usage(deep=True).sum()
class Nowhere(io.RawIOBase):
    def writable(self): return True
    def write(self, data): return len(data)
serialize_dataframe(Nowhere(), sys.argv[1], frame.head(100_000))
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
serialize_dataframe(Nowhere(), sys.argv[1], frame)
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024 / size)
"""
    command = [sys.executable, "-c", code, data_type_id]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert float(done.stdout) < 0.3


def test_reading_takes_at_most_a_third_of_the_frame_besides_it(tmp_path):
    code = """
import sys, resource
from amltui.formats.frames import deserialize_dataframe
with open(sys.argv[1], "rb") as file:
    deserialize_dataframe(file, "GenericCSV")
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
with open(sys.argv[2], "rb") as file:
    frame = deserialize_dataframe(file, "GenericCSV")
grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024
print(grown / frame.memory_usage(deep=True).sum())
"""
    small, large = tmp_path / "small.csv", tmp_path / "large.csv"
    small.write_bytes(large_csv(30_000))
    large.write_bytes(large_csv(2_000_000))
    command = [sys.executable, "-c", code, str(small), str(large)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert float(done.stdout) <= 1.3


def test_importing_frames_does_not_import_pandas():
    code = (
        "import sys, amltui.formats.frames as f; f.is_supported('X'); "
        "print('pandas' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_the_frames_of_the_samples_have_their_known_shapes(request):
    samples = request.config.rootpath / "amltui" / "server" / "samples"
    with (samples / "breast_cancer_wdbc.arff").open("rb") as file:
        assert len(deserialize_dataframe(file, "ARFF")) == 569
    with (samples / "imports-85.data").open("rb") as file:
        assert deserialize_dataframe(file, "GenericCSVNoHeader").shape == (201, 26)


@pytest.mark.parametrize("kind", ["polars", "pyarrow"])
def test_a_table_of_another_library_is_written_with_its_whole_numbers_and_gaps(kind):
    table = pl.DataFrame(
        {
            "id": pl.Series([2**64 - 1, None], dtype=pl.UInt64),
            "text": ["a,b", None],
            "flag": [None, True],
            "day": pl.Series(["2020-01-02", None]).str.to_date(),
            "time": pl.Series([None, "2020-01-02 03:04:05"]).str.to_datetime(),
            "kind": pl.Series(["x", "y"], dtype=pl.Categorical),
        }
    )
    file = io.BytesIO()
    serialize_dataframe(file, "GenericCSV", table if kind == "polars" else table.to_arrow())
    assert file.getvalue().decode().splitlines() == [
        "id,text,flag,day,time,kind",
        '18446744073709551615,"a,b",,2020-01-02,,x',
        ",,True,,2020-01-02 03:04:05,y",
    ]
