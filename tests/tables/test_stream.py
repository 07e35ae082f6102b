"""Streams of batches on disk."""

import gc

import pyarrow as pa
import pytest

from amltui.tables.stream import StreamWriter, index_path


def test_a_stream_that_cannot_be_begun_leaves_no_file_open(tmp_path):
    path = tmp_path / "rows.arrow"
    index_path(path).mkdir()  # its sidecar cannot be written
    with pytest.raises(IsADirectoryError), StreamWriter(path, pa.schema([("a", pa.string())])):
        pass
    gc.collect()  # a file left open is a warning, which fails the test
