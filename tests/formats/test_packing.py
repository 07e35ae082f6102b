"""Compressed bytes: what the usual writers write reads back equal, and nothing takes too much."""

import bz2
import gzip
import io
import lzma
import random
import sys
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from amltui.errors import Unreadable
from amltui.formats.derived import UNSUSPECTED
from amltui.formats.lens import look
from amltui.formats.packing import PACKINGS, Unpacked, unpack_start

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

WRITERS = {
    "gzip": gzip.compress,
    "bzip2": bz2.compress,
    "xz": lzma.compress,
    "Zstandard": partial(zstd.compress, options={zstd.CompressionParameter.checksum_flag: 1}),
}
ALL = pytest.mark.parametrize("packing", WRITERS)


def read(packed, packing, size=1 << 16):
    """What can be read, and what went wrong then."""
    stream, parts = Unpacked(io.BytesIO(packed), packing), []
    try:
        while part := stream.read(size):
            assert len(part) <= size
            parts.append(part)
    except Unreadable as error:
        return b"".join(parts), str(error)
    return b"".join(parts), None


def test_each_packing_has_a_writer_here():
    assert set(WRITERS) == set(PACKINGS)


@ALL
@settings(deadline=None)
@given(parts=st.lists(st.binary(max_size=5_000), max_size=3), size=st.integers(1, 9_000))
def test_what_was_written_reads_back_also_as_several_streams_in_one(packing, parts, size):
    packed = b"".join(WRITERS[packing](part) for part in parts)
    assert read(packed, packing, size) == (b"".join(parts), None)


@ALL
def test_a_content_cut_at_any_byte_says_so_and_gives_what_is_before(packing):
    text = b"".join(b"%d,%d\n" % (i, i * i) for i in range(200))
    packed = WRITERS[packing](text)
    for stop in range(1, len(packed)):
        found, problem = read(packed[:stop], packing)
        assert text.startswith(found)
        assert "cut off" in problem


@ALL
def test_a_content_with_any_byte_changed_is_said_to_be_damaged_or_reads_equal(packing):
    text = b"".join(b"%d,%d\n" % (i, i * i) for i in range(60))
    packed = WRITERS[packing](text)
    for at in range(len(packed)):
        broken = bytearray(packed)
        broken[at] ^= 0x55
        found, problem = read(bytes(broken), packing)
        assert problem is not None or found == text
    found, problem = read(packed + b"garbage", packing)
    assert (found, problem is None) == (text, False)


@ALL
def test_zeros_after_the_end_are_none_of_its_bytes(packing):
    assert read(WRITERS[packing](b"a,b\n") + bytes(512), packing) == (b"a,b\n", None)


@ALL
def test_a_bomb_is_not_unpacked(packing):
    piece = WRITERS[packing](bytes(1 << 24))
    found, problem = read(piece * 6, packing, 1 << 20)
    assert "200 times its size, as bombs do" in problem
    assert len(found) <= UNSUSPECTED + (1 << 20)


@ALL
def test_going_back_reads_the_same_again(packing):
    text = random.Random(5).randbytes(100_000)
    stream = Unpacked(io.BytesIO(WRITERS[packing](text)), packing)
    for at in (0, 70_000, 1_000, 99_999):
        stream.seek(at)
        assert stream.read(1) == text[at : at + 1]


@ALL
def test_first_bytes_need_only_the_first_ones_of_the_content(packing):
    text = random.Random(5).randbytes(3_000_000)
    packed = WRITERS[packing](text)
    start, whole = unpack_start(packed[: len(packed) // 2], [packing], 10_000, whole=False)
    assert (start, whole) == (text[:10_000], False)
    assert unpack_start(WRITERS[packing](b"a,b\n"), [packing], 10_000, whole=True) == (
        b"a,b\n",
        True,
    )


@pytest.mark.parametrize(
    ("name", "declared", "text", "found"),
    [
        ("x.csv.gz", "Binary", b"a,b\n1,2\n", "GenericCSV"),
        ("x.tsv.gz", "Binary", b"a\tb\n1\t2\n", "GenericTSV"),
        ("x.gz", "Binary", b"a\tb\n1\t2\n", "GenericTSV"),
        ("x.txt.gz", "Zip", b"a,b\n1,2\n", "PlainText"),
        ("x", "Binary", b"@relation r\n@attribute a numeric\n@data\n1\n", "ARFF"),
        ("x.csv", "GenericTSV", b"a,b\n1,2\n", "GenericTSV"),
        ("x", "GenericCSVNoHeader", b"1,2\n", "GenericCSVNoHeader"),
    ],
)
def test_what_compressed_bytes_hold_is_found_by_type_name_and_bytes(name, declared, text, found):
    lens = look(gzip.compress(text), name, declared, whole=True)
    assert (lens.fmt.data_type_id, lens.packing, lens.has_rows) == (found, ("gzip",), True)


@pytest.mark.parametrize("inside", [bz2.compress(b"a\n"), b"%PDF-1.7\n", bytes(range(256))])
def test_compressed_bytes_that_hold_no_text_say_why_there_are_no_rows(inside):
    lens = look(gzip.compress(inside), "x.gz", "Binary", whole=True)
    assert not lens.has_rows
    assert lens.note.startswith("These bytes are gzip, and what they hold is ")
