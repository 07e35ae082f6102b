"""What a disk damages in the cache is never answered, and comes back by itself."""

from __future__ import annotations

import hashlib

import pytest

from amltui.tables import open_table
from amltui.tables.stream import index_path

ROWS = b"class,number\n" + b"".join(b"setosa,%d\n" % n for n in range(50))
QUERY = ("sql", "damaged", "select distinct class from data", "--format", "csv")
COMMANDS = (
    ("get", "damaged", "-o", "-"),
    ("head", "damaged", "-n", "50", "--format", "csv"),
    QUERY,
)


@pytest.fixture
def cached(amltui):
    """A dataset whose content is cached, and its table; where they lie."""
    (amltui.home / "rows.csv").write_bytes(ROWS)
    if amltui("show", "damaged").code != 0:
        assert amltui("put", "rows.csv", "--name", "damaged").code == 0
    assert amltui("get", "damaged", "-o", "-").out.encode() == ROWS
    [raw] = (amltui.home / "cache").glob("v*/entries/*/raw")
    return raw


def flip(path, at):
    """Change one bit of a file."""
    data = bytearray(path.read_bytes())
    data[at] ^= 1
    path.write_bytes(data)


@pytest.mark.parametrize("command", COMMANDS, ids=lambda one: one[0])
def test_a_flipped_bit_in_a_cached_content_is_fetched_again(amltui, cached, command):
    right = amltui(*command)
    assert right.code == 0
    for table in cached.parent.glob("table*/*"):
        table.unlink()
    flip(cached, ROWS.index(b"setosa"))
    assert amltui(*command)[:2] == right[:2]
    assert hashlib.sha256(cached.read_bytes()).digest() == hashlib.sha256(ROWS).digest()


@pytest.mark.parametrize("name", ["rows.arrow", "rows.idx", "table.json"])
@pytest.mark.parametrize("how", ["flipped", "cut", "zeroed", "emptied"])
def test_a_damaged_table_is_made_again_from_the_content_beside_it(amltui, cached, name, how):
    right = amltui(*QUERY)
    assert right.code == 0
    path = cached.parent / "table" / name
    data = path.read_bytes()
    if how == "flipped":
        flip(path, data.index(b"setosa") if name == "rows.arrow" else 17)
    else:
        path.write_bytes({"cut": data[: len(data) // 2], "zeroed": bytes(len(data))}.get(how, b""))
    assert amltui(*QUERY)[:2] == right[:2]
    with open_table(cached.parent / "table") as table:
        table.check()


def test_verify_finds_and_drops_a_damaged_table(amltui, cached):
    assert amltui(*QUERY).code == 0
    assert amltui("cache", "verify").code == 0
    path = cached.parent / "table" / "rows.arrow"
    flip(path, path.read_bytes().index(b"setosa"))
    done = amltui("cache", "verify")
    assert (done.code, done.out) == (7, "damaged\n")
    assert not path.exists()
    assert cached.exists()
    assert amltui("cache", "verify").code == 0


def test_damage_that_is_met_while_a_table_is_read_ends_it_for_the_next_one(tmp_path):
    from amltui.errors import Damaged
    from amltui.formats import format_of
    from amltui.tables import ingest

    (tmp_path / "rows.csv").write_bytes(ROWS)
    ingest(tmp_path / "rows.csv", format_of("GenericCSV"), tmp_path / "table")
    rows = tmp_path / "table" / "rows.arrow"
    flip(rows, rows.read_bytes().index(b"setosa"))
    with open_table(tmp_path / "table") as table, pytest.raises(Damaged):
        table.window(0, 3, [0])
    assert not index_path(rows).exists()


@pytest.fixture
def embedded(alone):
    """The file of the embedded workspace in which Iris lies, after its rows were shown."""
    assert alone("head", "Iris").code == 0
    [raw] = (alone.home / "cache").glob("v*/entries/*/raw")
    return raw.resolve()


def test_what_is_read_where_it_lies_is_got_without_a_network_and_verified(alone, embedded):
    assert [one["state"] for one in alone("cache", "verify", "--json").json] == ["good"]
    done = alone("get", "Iris", "-o", "iris.csv", "--offline")
    assert (done.code, done.out) == (0, "iris.csv\n")
    assert "SHA-256 verified" in done.err
    assert (alone.home / "iris.csv").read_bytes() == embedded.read_bytes()


@pytest.mark.parametrize(
    "command",
    [
        "head Iris",
        "stats Iris",
        "get Iris",
        "get Iris -o -",
        "get Iris --offline",
        "cache verify",
    ],
)
def test_damage_is_found_in_what_is_read_where_it_lies(alone, embedded, command):
    flip(embedded, 100)
    done = alone(*command.split())
    # Offline there is no other copy that could be looked for.
    assert done.code == (6 if "--offline" in command else 7)
    assert done.out == ("Iris\n" if command == "cache verify" else "")
    assert "changed" not in done.err
    assert not (alone.home / "Iris.csv").exists()


def test_damage_behind_the_first_bytes_of_a_large_content_is_found_by_head(alone):
    """Only the first bytes of such a one are read to show its first rows."""
    with (alone.home / "large.csv").open("wb") as file:
        for _ in range(65):
            file.write(b"n,text\n" + b"1,abcdef\n" * ((1 << 20) // 9))
    assert alone("put", "large.csv", "--name", "large").code == 0
    shown = alone("head", "large", "-n", "1")
    assert (shown.code, shown.out) == (0, "n\ttext\n1\tabcdef\n")
    [raw] = (alone.home / "cache").glob("v*/entries/*/raw")
    with raw.resolve().open("r+b") as file:
        file.seek(40 << 20)
        file.write(b"9")
    done = alone("head", "large", "-n", "1")
    assert (done.code, done.out) == (7, "")
    assert "damaged" in done.err


def test_a_file_of_a_folder_is_got_without_a_network_and_no_hash_is_claimed(alone):
    (alone.home / "folder").mkdir()
    (alone.home / "folder" / "rows.csv").write_bytes(ROWS)
    for command in ("ls", "head rows.csv"):
        assert alone("--at", "folder", *command.split()).code == 0
    done = alone("--at", "folder", "get", "rows.csv", "-o", "copy.csv", "--offline")
    assert (done.code, done.out) == (0, "copy.csv\n")
    assert "length verified" in done.err
