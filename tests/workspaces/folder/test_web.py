"""Folders of real web servers: index pages, single files, and servers that are careless."""

from __future__ import annotations

import io
import os
import re
from http.server import SimpleHTTPRequestHandler
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from amltui import errors
from amltui.config.connection_values import folder_address
from amltui.workspaces.folder.web import WebFolder
from tests.support.web import serving

DATA = os.urandom(700_000)
NAMES = ["a.csv", "deep/er/b.tsv", "sp ace/ü 文.csv", "100%/x+y&z='q'.csv"]


class Ranged(SimpleHTTPRequestHandler):
    """Python's own server with ranges and validators; `careless` sends parts as if whole."""

    careless = False

    def do_GET(self):
        wanted = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        path = Path(self.translate_path(self.path))
        if wanted is None or not path.is_file():
            super().do_GET()
            return
        data = path.read_bytes()
        first, last = int(wanted[1]), int(wanted[2] or len(data) - 1)
        part = data[first : last + 1]
        self.send_response(200 if self.careless else 206)
        self.send_header("Content-Range", f"bytes {first}-{first + len(part) - 1}/{len(data)}")
        self.send_header("Content-Length", str(len(part)))
        self.send_header("Last-Modified", self.date_time_string(path.stat().st_mtime))
        self.end_headers()
        self.wfile.write(part)

    def log_message(self, *_):
        pass


@pytest.fixture
def root(tmp_path):
    for name in NAMES:
        (tmp_path / "www" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "www" / name).write_bytes(DATA)
    return tmp_path / "www"


@pytest.fixture(params=[SimpleHTTPRequestHandler, Ranged], ids=["plain", "ranges"])
def address(request, root):
    with serving(request.param, root) as url:
        yield url


async def read(workspace, source, **part):
    async with workspace.read(source, **part) as content:
        return content.info, b"".join([chunk async for chunk in content])


async def test_what_pages_link_to_is_listed_found_and_read(address):
    async with WebFolder(address) as workspace:
        listing = await workspace.datasets()
        assert [one.name for one in listing.datasets] == sorted(NAMES)
        assert await workspace.datasets(etag=listing.etag) is None
        for one in listing.datasets:
            assert (await workspace.dataset(one.id)).size == len(DATA)
            assert (await workspace.find(one.name)).id == one.id
            assert (await read(workspace, one))[1] == DATA
        with pytest.raises(errors.NotFound, match="deeper"):
            await workspace.find("deeper")
        assert not (await workspace.capabilities()).write


async def test_a_part_is_never_taken_for_another(address):
    async with WebFolder(address) as workspace:
        one = await workspace.find("a.csv")
        info, part = await read(workspace, one, start=1_000, stop=300_000)
        assert part == DATA[info.start : 300_000]
        assert info.start in {0, 1_000}
        info, rest = await read(workspace, one, start=699_000)
        assert rest == DATA[info.start :]
        other, whole = await read(workspace, one, start=5, etag='"another"')
        assert (other.start, whole) == (0, DATA)
        assert (await read(workspace, one, start=len(DATA)))[1] == b""


async def test_a_part_that_is_sent_as_the_whole_is_known_by_its_range(root):
    handler = type("Careless", (Ranged,), {"careless": True})
    with serving(handler, root) as address:
        async with WebFolder(address) as workspace:
            one = await workspace.find("a.csv")
            info, part = await read(workspace, one, start=100, stop=200)
            assert (info.start, info.size, part) == (100, len(DATA), DATA[100:200])


async def test_a_folder_whose_files_have_one_schema_is_one_table(address, root):
    for day in (1, 2):
        place = root / "days" / f"day={day}%2Fx"
        place.mkdir(parents=True)
        pq.write_table(pa.table({"a": range(day, day + 9)}), place / "f.parquet")
        (root / "text").mkdir(exist_ok=True)
        (root / "text" / f"{day} ü.csv").write_text(f"a\n{day}")
    (root / "days" / "_SUCCESS").touch()
    async with WebFolder(address) as workspace:
        found = await workspace.named("text/")
        assert (await read(workspace, found))[1] == b"a\n1\n2\n"
        info, part = await read(workspace, found, start=3, stop=5)
        assert part == b"a\n1\n2\n"[info.start : 5]
        found = await workspace.named("days/")
        info, data = await read(workspace, found)
        assert found.size == info.size == len(data)
        assert pq.read_table(io.BytesIO(data)).to_pydict() == {
            "day": ["1/x"] * 9 + ["2/x"] * 9, "a": [*range(1, 10), *range(2, 11)],
        }  # fmt: skip
        assert (await workspace.dataset(found.id)).note == found.note
        (root / "text" / "3.csv").write_text("b\n1\n")
        with pytest.raises(errors.NotSupportedByServer, match="not one table"):
            await workspace.named("text/")
        assert await workspace.named("none/") is None
    async with WebFolder(f"{address}a.csv") as workspace:
        assert await workspace.named("days/") is None


async def test_a_table_of_a_folder_with_a_page_that_cannot_be_read_is_refused(root):
    class Closed(SimpleHTTPRequestHandler):
        def do_GET(self):
            if self.path.endswith("/deep/"):
                self.send_error(403)
            else:
                super().do_GET()

        def log_message(self, *_):
            pass

    (root / "t" / "deep").mkdir(parents=True)
    (root / "t" / "a.csv").write_text("a\n1\n")
    with serving(Closed, root) as address:
        async with WebFolder(address) as workspace:
            with pytest.raises(errors.NotSupportedByServer, match="would not be whole"):
                await workspace.named("t/")


async def test_one_file_is_a_folder_of_one(address):
    async with WebFolder(f"{address}a.csv") as workspace:
        assert [one.name for one in (await workspace.datasets()).datasets] == ["a.csv"]
        assert await workspace.named("deep/er/b.tsv") is None


async def test_a_file_that_changed_is_never_read_as_the_one_that_was_listed(address, root):
    async with WebFolder(address) as workspace:
        one = await workspace.find("a.csv")
        (root / "a.csv").write_bytes(b"other")
        with pytest.raises((errors.ContentChanged, errors.DatasetGone)):
            await read(workspace, one)
        with pytest.raises(errors.DatasetGone):
            await workspace.dataset(one.id)
        (root / "a.csv").unlink()
        with pytest.raises(errors.DatasetGone):
            await read(workspace, one)


async def test_links_that_lead_elsewhere_or_nowhere_are_left_out(root):
    (root / "index.html").write_text(
        '<a href="../secret">up</a><a href="/a.csv?C=N;O=D">sort</a><a href="a.csv#x">a</a>'
        '<a href="http://127.0.0.1:9/x.csv">away</a><a href="javascript:x">j</a>'
        '<a href="gone.csv">gone</a><a href=a.csv>again</a><a>none</a><a href="//[bad">bad</a>'
    )
    with serving(Ranged, root) as address:
        async with WebFolder(address) as workspace:
            listing = await workspace.datasets()
            assert [one.name for one in listing.datasets] == ["a.csv"]
            assert listing.unreadable == 2  # gone.csv, and what `../secret` is at the root


async def test_what_does_not_answer_says_so(root):
    async with WebFolder("web+http://127.0.0.1:9/") as workspace:
        with pytest.raises(errors.Unreachable):
            await workspace.datasets()
    with serving(Ranged, root) as address:
        async with WebFolder(f"{address}none/") as workspace:
            with pytest.raises(errors.NotFound):
                await workspace.datasets()
        async with WebFolder(address) as workspace:
            with pytest.raises(errors.NotSupportedByServer):
                await workspace.delete("a.csv")


@pytest.mark.parametrize(
    "url", ["https://me:secret@host/x", "https://host/x?sig=secret", "http:///"]
)
def test_an_address_with_a_secret_is_refused_and_not_repeated(url):
    with pytest.raises(errors.ConfigError) as caught:
        folder_address(url)
    assert "secret" not in str(caught.value) + caught.value.hint
