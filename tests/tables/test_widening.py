"""Tables of JSON Lines whose later lines have keys that the first ones have not."""

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from amltui.errors import LocalError
from amltui.formats import reader
from amltui.formats.reader import RowReader
from amltui.formats.registry import JSON_LINES
from amltui.tables import ingest, open_table
from tests.support.tables import Pieces, all_rows

FIRST = b'{"a":1,"b":"x"}\n' * 4_200
"""More than what is looked at for the kinds of values."""
KEYS = st.sampled_from(["a", "b", "late", "later", "ü", "x y", "last"])
LINES = st.one_of(
    st.dictionaries(KEYS, st.integers() | st.text(max_size=3) | st.none(), max_size=4).map(
        lambda one: json.dumps(one, ensure_ascii=False)
    ),
    st.sampled_from(["", "nonsense", '{"late":1,"late":2}', '{"a":1}}', '{"b":[1, 2],"list":3}']),
)


def surveyed(data):
    """Columns, rows and malformed rows where all is looked through first."""
    found = RowReader(Pieces(data, 1 << 20), JSON_LINES)
    found.read_header()
    rows, malformed = [], []
    for _, parsed in found.parsed():
        rows += map(
            list, zip(*(column.to_pylist() for column in parsed.batch.columns), strict=True)
        )
        malformed += parsed.malformed
    return list(found.columns), rows, [(bad.line, bad.row + 1, bad.reason) for bad in malformed]


def ingested(data, size, directory, **options):
    ingest(Pieces(data, size), JSON_LINES, directory, **options)
    with open_table(directory) as table:
        table.check()
        malformed = [(int(bad[0]), int(bad[1]), bad[2]) for bad in all_rows(table.malformed)]
        return [column.name for column in table.columns], all_rows(table), malformed


@settings(deadline=None, max_examples=40)
@given(lines=st.lists(LINES, max_size=30), size=st.integers(100, 1_000), threads=st.integers(1, 3))
def test_keys_that_come_late_are_columns_of_all_rows(tmp_path_factory, lines, size, threads):
    data = FIRST + "\n".join(lines).encode()
    directory = tmp_path_factory.mktemp("late") / "table"
    assert ingested(data, size, directory, threads=threads) == surveyed(data)
    assert sorted(path.name for path in directory.iterdir()) == sorted(
        ["cuts.jsonl", "malformed.arrow", "malformed.idx", "rows.arrow", "rows.idx", "table.json"]
    )


def test_whoever_opens_a_table_while_it_is_written_finds_all_columns(tmp_path, monkeypatch):
    late = b"".join(b'{"a":%d,"late%d":%d}\n' % (at, at // 100, at) for at in range(500))
    data = FIRST + late + FIRST
    for seen_from, grown in ((reader.GROWS, []), (len(FIRST), [])):
        monkeypatch.setattr(reader, "GROWS", seen_from)
        directory = tmp_path / str(seen_from)

        def look(progress, directory=directory, grown=grown):
            try:
                with open_table(directory) as table:
                    grown.append((progress.rows, len(table.columns), table.row_count))
            except LocalError:
                assert progress.stage == "rows"

        assert ingested(data, 1_000, directory, report=look) == surveyed(data)
        assert {columns for _, columns, _ in grown} == {7}
        assert all(rows == there for rows, _, there in grown)
    assert grown[0][0] < 5_000
