import io
import zipfile

import pytest

from amltui.tables.hexrows import HexRows, hex_rows


def archive(names, comment=b""):
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as out:
        for name in names:
            out.writestr(zipfile.ZipInfo(name, (2024, 2, 29, 10, 30, 2)), "a,b\n" * 100)
        out.comment = comment
    return made.getvalue()


@pytest.mark.parametrize("comment", [b"", b"made by hand"])
def test_a_whole_zip_archive_is_listed(tmp_path, comment):
    data = archive(["a.csv", "folder/b.csv"], comment)
    (tmp_path / "two.zip").write_bytes(data)
    for source in (data, tmp_path / "two.zip"):
        rows = hex_rows(source)
        assert [column.name for column in rows.columns] == ["name", "size", "packed", "changed"]
        assert rows.window(0, 9, [0, 1, 3]) == [
            ["a.csv", "folder/b.csv"],
            ["400", "400"],
            ["2024-02-29 10:30:02", "2024-02-29 10:30:02"],
        ]
        assert (rows.row_count, rows.complete, rows.lists_entries) == (2, True, True)
        rows.close()


@pytest.mark.parametrize(
    "data",
    [
        archive(["a.csv", "b.csv"])[:-30],
        archive([]),
        b"PK\x03\x04 and nothing that follows",
        archive(["a.csv"])[:40] + archive(["a.csv"])[-22:],
    ],
)
def test_what_is_no_whole_archive_is_shown_as_its_bytes(data):
    rows = hex_rows(data)
    assert type(rows) is HexRows
    assert rows.cell(0, 0) == "00000000"


def test_the_beginning_of_an_archive_is_shown_as_its_bytes():
    assert type(hex_rows(archive(["a.csv"]), complete=False)) is HexRows
