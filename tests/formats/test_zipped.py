"""A zip archive with one table in it reads as that table."""

from __future__ import annotations

import io
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from amltui.errors import Unreadable
from amltui.formats.lens import look
from amltui.formats.packing import unpack_start, unpacked

ROWS = b"a,b\n" + b"".join(b"%d,word %d\n" % (n, n * 7919 % 1000) for n in range(5_000))


def archive(files, *, method=zipfile.ZIP_DEFLATED, streamed=False):
    """The bytes of an archive as `zipfile` writes it; `streamed`: to a pipe, sizes last."""
    whole = io.BytesIO()
    with zipfile.ZipFile(Pipe(whole) if streamed else whole, "w", method) as target:
        for name, content in files.items():
            target.writestr(name, content)
    return whole.getvalue()


class Pipe(io.RawIOBase):
    """Takes bytes and cannot seek."""

    def __init__(self, target):
        self.target = target

    def writable(self):
        return True

    def write(self, data):
        return self.target.write(data)


def pieces(data):
    stream = unpacked(io.BytesIO(data), ("zip",))
    while part := stream.read(100):
        yield part


def read_all(data):
    return b"".join(pieces(data))


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize("name", ["rows.csv", "a folder/rows.csv"])
def test_one_table_in_a_zip_is_read_as_what_it_is(streamed, name):
    files = {name: ROWS}
    if "/" in name:
        files = {"a folder/": b"", **files, "__MACOSX/a folder/._rows.csv": b"\0\5\26\7"}
    data = archive(files, streamed=streamed)
    lens = look(data, "rows.zip", "Zip", whole=True)
    assert (lens.fmt.data_type_id, lens.packing, lens.note) == ("GenericCSV", ("zip",), "")
    assert read_all(data) == ROWS


@given(
    content=st.binary(max_size=3_000),
    stored=st.booleans(),
    size=st.integers(1, 500),
    place=st.integers(0, 3_500),
)
@settings(max_examples=200, deadline=None)
def test_any_file_is_read_in_any_pieces_from_any_place(content, stored, size, place):
    data = archive({"x.csv": content}, method=zipfile.ZIP_STORED if stored else 8)
    stream = unpacked(io.BytesIO(data), ("zip",))
    assert content.startswith(stream.read(size))
    stream.seek(place)
    rest = b""
    while part := stream.read(size):
        rest += part
    assert rest == content[place:]


def test_the_first_rows_need_only_the_first_bytes():
    data = archive({"rows.csv": ROWS})
    text, whole = unpack_start(data[:5_000], ("zip",), 1 << 20, whole=False)
    assert len(text) > 4_000
    assert ROWS.startswith(text)
    assert not whole


def test_an_archive_that_is_cut_anywhere_gives_what_is_right_and_then_says_so():
    content = ROWS[:400]
    data = archive({"rows.csv": content})
    end = data.index(b"PK\x01\x02")
    for cut in range(1, end):
        found = []
        with pytest.raises(Unreadable, match=r"is cut off|is damaged"):
            found.extend(pieces(data[:cut]))
        assert content.startswith(b"".join(found))


def test_a_flipped_bit_is_found():
    data = bytearray(archive({"rows.csv": ROWS}, method=zipfile.ZIP_STORED))
    data[200] ^= 1
    with pytest.raises(Unreadable, match="checksum"):
        read_all(bytes(data))


def test_several_files_are_not_one_table():
    data = archive({"a.csv": ROWS, "b.csv": ROWS})
    assert not look(data, "x.zip", "Zip", whole=True).has_rows
    with pytest.raises(Unreadable, match=r'of "a.csv", and there is "b.csv", too'):
        read_all(data)


def test_other_archives_stay_bytes():
    assert not look(archive({"MANIFEST.MF": b"a: b\n"}), "x.jar", "Zip", whole=True).has_rows
    numbers = archive({"table.csv": b"\x93NUMPY\x01\0v\0{'descr'"})
    assert "NumPy" in look(numbers, "x.zip", "Zip", whole=True).note


def test_an_encrypted_archive_is_refused():
    data = bytearray(archive({"rows.csv": ROWS}))
    data[6] |= 1
    with pytest.raises(Unreadable, match="encrypted"):
        read_all(bytes(data))


def test_a_bomb_is_not_unpacked():
    data = archive({"zeros.csv": b"0\n" * (100 << 19)})
    with pytest.raises(Unreadable, match="as bombs do"):
        read_all(data)
