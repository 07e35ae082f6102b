from __future__ import annotations

import pytest

from amltui.formats import format_of
from amltui.tables import ingest, open_table


@pytest.fixture
def make_table(tmp_path):
    """Tables of given bytes; closed at the end of the test."""
    opened = []

    def make(data, data_type_id="GenericCSV", **options):
        source = tmp_path / f"source-{len(opened)}"
        source.write_bytes(data)
        directory = tmp_path / f"table-{len(opened)}"
        ingest(source, format_of(data_type_id), directory, **options)
        table = open_table(directory, source)
        opened.append(table)
        return table

    yield make
    for table in opened:
        table.close()
