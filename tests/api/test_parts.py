"""Some columns and rows without the rest, and how far a transfer is."""

import io

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

ROWS = 40_000


def parquet():
    """Some MB in four row groups, of which one column is small."""
    table = pa.table(
        {
            "n": pa.array(range(ROWS), pa.int64()),
            "big": [
                f"{i * 7919 % 1_000_003:040d}{i * 104_729 % 999_983:040d}" for i in range(ROWS)
            ],
            "nested": [[i] for i in range(ROWS)],
        }
    )
    sink = io.BytesIO()
    pq.write_table(table, sink, row_group_size=ROWS // 4, compression="none", use_dictionary=False)
    return table, sink.getvalue()


def csv(rows=ROWS):
    return "n,text\n" + "".join(f"{i},{'x' * 90}\n" for i in range(rows))


@pytest.mark.parametrize(
    ("columns", "rows"),
    [
        (None, range(5)),
        (["big", "n"], slice(None, 3)),
        (["n"], None),
        (["nested"], range(ROWS // 4 - 2, ROWS // 2 + 2)),
        (["n"], slice(ROWS - 2, ROWS + 5)),
        (None, range(3, 3)),
        ([], range(4)),
    ],
)
@pytest.mark.parametrize("kind", ["parquet", "csv", "jsonl"])
def test_a_part_is_what_the_whole_has_there(ws, kind, columns, rows):
    name = f"a part.{kind}"
    if name not in ws.datasets:
        whole = {
            "parquet": lambda: parquet()[1],
            "csv": csv,
            "jsonl": lambda: "".join(f'{{"n": {i}, "big": "{i}"}}\n' for i in range(ROWS)),
        }[kind]()
        ws.datasets.add_from_raw_data(
            whole, "GenericCSV" if kind == "csv" else "Binary", name, "many rows"
        )
    made = ws.datasets[name]
    there = made.to_arrow()
    wanted = None if columns is None else [one for one in columns if one in there.column_names]
    expected = there if wanted is None else there.select(wanted)
    start, stop = (rows.start or 0, rows.stop) if rows is not None else (0, None)
    expected = expected.slice(start, None if stop is None else stop - start)
    found = made.to_arrow(wanted, rows)
    assert found.column_names == expected.column_names
    assert found.to_pydict() == expected.to_pydict()


async def test_only_what_is_wanted_is_fetched(aws):
    _, data = parquet()
    made = await aws.datasets.add_from_raw_data(data, "Binary", "ranged.parquet", "a table")
    seen = []
    wanted = range(ROWS // 2, ROWS // 2 + 3)
    found = await made.to_arrow(["n"], wanted, progress=lambda *at: seen.append(at))
    assert found.to_pydict() == {"n": list(wanted)}
    assert seen[-1][0] == seen[-1][1] < len(data) // 8
    text = await aws.datasets.add_from_raw_data(csv(200_000), "GenericCSV", "long text", "a table")
    seen.clear()
    found = await text.to_arrow(rows=range(3), progress=lambda *at: seen.append(at))
    assert found["n"].to_pylist() == [0, 1, 2]
    assert seen[-1][0] < text.size // 4


@pytest.mark.parametrize("rows", [range(0, 9, 2), slice(-3, None), slice(0, -1)])
def test_rows_that_are_no_run_from_the_first_are_refused(ws, rows):
    with pytest.raises(ValueError, match="one after the other"):
        ws.datasets["Iris"].to_arrow(rows=rows)


def test_a_column_that_is_not_there_is_named_with_those_that_are(ws):
    with pytest.raises(KeyError, match=r"'colour'.*petal_width"):
        ws.datasets["Iris"].to_arrow(["colour"])


def test_the_parts_of_text_and_lines_are_read_to_their_last_row_only(ws):
    made = ws.datasets.add_from_raw_data("a\n1\n2\nx\n", "GenericCSV", "late text", "a text")
    assert made.to_arrow(rows=range(2))["a"].to_pylist() == [1, 2]
    assert made.to_arrow()["a"].to_pylist() == ["1", "2", "x"]
    lines = ws.datasets.add_from_raw_data("p\nq\nr", "PlainText", "lines of text", "lines")
    assert lines.to_arrow(rows=range(1, 3))["0"].to_pylist() == ["q", "r"]


def _grows_to(seen, size):
    assert seen
    assert seen == sorted(seen)
    assert {total for _, total in seen} == {size}
    assert seen[-1][0] == size


def test_progress_of_every_road_ends_at_the_size(ws, name):
    text = csv()
    seen = []
    made = ws.datasets.add_from_raw_data(
        text * 3, "PlainText", name, "long", progress=lambda *at: seen.append(at)
    )
    _grows_to(seen, made.size)
    for read in (made.read_as_binary, made.read_as_text, made.to_dataframe, made.to_arrow):
        seen.clear()
        read(progress=lambda *at: seen.append(at))
        _grows_to(seen, made.size)
    seen.clear()
    made.update_from_raw_data("short", progress=lambda *at: seen.append(at))
    _grows_to(seen, 5)


async def test_progress_is_told_to_async_code_too_and_what_it_raises_ends_the_work(aws, name):
    class EnoughError(Exception):
        pass

    def stop(done, total):
        raise EnoughError

    with pytest.raises(EnoughError):
        await aws.datasets.add_from_raw_data(csv(), "GenericCSV", name, "d", progress=stop)
    with pytest.raises(IndexError):
        await aws.datasets.get(name)
    seen = []
    made = await aws.datasets.add_from_raw_data(
        csv(), "GenericCSV", name, "d", progress=lambda *at: seen.append(at)
    )
    _grows_to(seen, made.size)
    for read in (made.read_as_binary, made.to_dataframe):
        with pytest.raises(EnoughError):
            await read(progress=stop)
