"""A folder of a web server, for reading: the files that an index page links to, or one file.

The page is what servers make for a directory (Apache, nginx, `python -m http.server`) or any other:
links count that lead below it. Of each file the server is asked for size, time and validator.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime
from email.utils import parsedate_to_datetime
from html.parser import HTMLParser
from typing import Final, Self
from urllib.parse import quote, unquote, urldefrag, urljoin, urlsplit

from amltui.errors import (
    AmltuiError,
    ContentChanged,
    ContentError,
    DatasetGone,
    NotFound,
    NotSupportedByServer,
    ServerFailed,
    TooManyRequests,
    TransferCut,
    Unauthorized,
)
from amltui.formats import data_type_of_name
from amltui.models import ContentInfo, Dataset, Listing, OutputPort, WorkspaceInfo
from amltui.text import visible
from amltui.workspaces.base import opened
from amltui.workspaces.capabilities import CAN, ONE_FILE, Capabilities, Capability
from amltui.workspaces.chunks import ChunkedContent
from amltui.workspaces.folder.files import FileWorkspace
from amltui.workspaces.http.certificates import trusted
from amltui.workspaces.http.client import TIMEOUT
from amltui.workspaces.http.faults import map_exceptions
from amltui.workspaces.http.httpx_alone import httpx
from amltui.workspaces.http.transport import Transport
from amltui.workspaces.joining import MOST, OneTable, is_data
from amltui.workspaces.lists import ListBuilder
from amltui.workspaces.terms import Content, Route

READ_ONLY: Final = Capability("A folder of a web server can only be read.")
_PAGES: Final = 200
"""Index pages of one list; what lies behind more of them is counted as unreadable."""
_FILES: Final = 2_000
"""Files of one list that the server is asked about; the others are counted as unreadable."""
_AT_ONCE: Final = 16
_LARGEST_PAGE: Final = 8 << 20
"""Bytes of an index page."""
_HEADERS: Final = {"Accept-Encoding": "identity"}
"""Contents as they lie there: ranges of a compressed answer are ranges of something else."""


class WebFolder(FileWorkspace):
    """The files that an address leads to."""

    def __init__(self, url: str) -> None:
        """Take `web+https://host/dir/`, or a file's address, as a workspace."""
        super().__init__()
        self._key = url
        self._url = url = url.removeprefix("web+")
        self._http: httpx.AsyncClient | None = None
        self._root = _normal(url if url.endswith("/") else url.rpartition("/")[0] + "/")
        self._only = None if url.endswith("/") else unquote(url.rpartition("/")[2])
        """The one file that is shown; None: what the page links to."""

    @property
    def only(self) -> str | None:
        """The file that was named; None: it is a folder."""
        return self._only

    @property
    def key(self) -> str:
        """The address."""
        return self._key

    async def __aenter__(self) -> Self:
        self._http = httpx.AsyncClient(
            headers=_HEADERS,
            timeout=TIMEOUT,
            follow_redirects=True,
            max_redirects=5,
            transport=Transport(trusted()),
            trust_env=False,  # the transport reads the proxies; a .netrc would add credentials
        )
        return self

    async def __aexit__(self, *exc: object) -> None:
        if self._http is not None:
            await self._http.aclose()
            self._http = None

    async def info(self) -> WorkspaceInfo:
        """The address, when the server has answered."""
        async with self._asked("HEAD", self._url) as answer:
            server = answer.headers.get("server", "")
        return WorkspaceInfo(self._url, friendly_name=self._url, server=server)

    async def route(self) -> Route | None:
        """Host and whether it is encrypted."""
        parts = urlsplit(self._url)
        return Route(f"{parts.scheme}://{parts.netloc}", encrypted=parts.scheme == "https")

    async def capabilities(self) -> Capabilities:
        """Reading."""
        return Capabilities(
            write=READ_ONLY,
            edit=READ_ONLY,
            versions=Capability("A web server keeps only the present version of a file."),
            restore=READ_ONLY,
            experiments=Capability("A web server has no experiments."),
            tables=CAN if self._only is None else ONE_FILE,
        )

    async def datasets(self, *, etag: str | None = None) -> Listing | None:
        """All files below; a change of any of them changes the list's validator."""
        names, unreadable = await self._names()
        limit = asyncio.Semaphore(_AT_ONCE)

        async def ask(name: str) -> Dataset | None:
            async with limit:
                try:
                    return await self._present(name)
                except (NotFound, Unauthorized, ContentError):
                    return None  # the page is older than the folder, or names what is not for us

        found = [one for one in await asyncio.gather(*map(ask, names[:_FILES])) if one is not None]
        listed = ListBuilder()
        listed.add(found, unreadable + len(names) - len(found))
        return listed.listing(etag=etag)

    def _shows(self, key: str) -> bool:
        return bool(key) and self._only in {None, key}

    @asynccontextmanager
    async def read(
        self,
        source: Dataset | OutputPort,
        *,
        start: int = 0,
        stop: int | None = None,
        etag: str | None = None,
    ) -> AsyncIterator[Content]:
        """Read a range of the file in the version that was listed, or say that it changed."""
        dataset = await self._dataset_to_read(source)
        if dataset.key.endswith("/"):
            async with self._read_folder(dataset, start, stop, etag) as folder:
                yield folder
            return
        listed = dataset.id.rpartition("@")[2]
        validator = f'"{listed}"'
        begin = start if etag in {None, validator} else 0
        size = dataset.size
        if size is not None and begin >= size:
            yield _WebContent(ContentInfo(size, size, validator, ranges=True), None, 0)
            return
        headers = {}
        if begin or (stop is not None and begin == start):
            last = "" if stop is None else str(stop - 1)
            headers["Range"] = f"bytes={begin}-{last}"
        async with self._asked("GET", self._address(dataset.key), headers) as answer:
            if _version(answer, whole=_whole_size(answer)) != listed:
                raise ContentChanged(f"{visible(dataset.key)} was changed on the server meanwhile")
            first = _first_byte(answer)
            whole = _whole_size(answer)
            end = whole if stop is None or begin != start else stop
            left = None if end is None else max(0, end - first)
            info = ContentInfo(first, whole, validator, ranges=answer.status_code == 206)
            yield _WebContent(info, answer, left)

    async def _below(self, folder: str) -> list[Dataset]:
        """As of any, by the pages of that folder alone.

        Raises:
            NotSupportedByServer: not all of them can be seen, or the server does not say how large
                one is.
        """
        if self._only is not None:
            return []
        try:
            names, left_out = await self._names(folder)
        except NotFound:
            return []
        if left_out:
            raise NotSupportedByServer(
                f"{left_out:,} pages below {visible(folder)} cannot be read, so its table would "
                "not be whole",
                405,
                hint="Name one of its files.",
            )
        limit = asyncio.Semaphore(_AT_ONCE)

        async def ask(name: str) -> Dataset:
            async with limit:
                return await self._present(name)

        data = [name for name in names if is_data(name.removeprefix(folder))]
        found = await asyncio.gather(*map(ask, data[: MOST + 1]))
        if unsaid := [one for one in found if one.size is None]:
            raise NotSupportedByServer(
                f"The server does not say how large {visible(unsaid[0].key)} is",
                405,
                hint="Name one of its files.",
            )
        return list(found)

    async def _one_table(self, files: Sequence[Dataset], folder: str) -> OneTable | None:
        found = await super()._one_table(files, folder)
        if found is None:
            return None
        async with self.read(files[0], start=0, stop=1) as content:
            ranges = content.info.ranges
        parts = (
            part if part.file is None else replace(part, ranges=ranges) for part in found.parts
        )
        return replace(found, parts=tuple(parts))

    async def _names(self, folder: str = "") -> tuple[list[str], int]:
        """The files below, and how many pages were left out."""
        if self._only is not None:
            return [self._only], 0
        names: dict[str, None] = {}
        root = f"{self._address(folder.rstrip('/'))}/" if folder else self._root
        waiting, seen, left_out = [root], {root}, 0
        for _ in range(_PAGES):
            if not waiting:
                break
            page = waiting.pop(0)
            try:
                links = await self._links(page)
            except (NotFound, Unauthorized):
                if page == root:
                    raise
                left_out += 1
                continue
            for link in links:
                if link in seen or not link.startswith(root):
                    continue
                seen.add(link)
                if link.endswith("/"):
                    waiting.append(link)
                else:
                    names[unquote(link.removeprefix(self._root))] = None
        return sorted(names), left_out + len(waiting)

    async def _links(self, page: str) -> list[str]:
        """Where an index page leads, as addresses without query and fragment."""
        async with self._asked("GET", page) as answer:
            if "html" not in answer.headers.get("content-type", ""):
                raise NotFound(
                    f"{visible(page)} is no page with links", 404, hint="Name a file in it."
                )
            text = bytearray()
            async for chunk in answer.aiter_bytes():
                text += chunk
                if len(text) > _LARGEST_PAGE:
                    break
            base = str(answer.url)
        parser = _Links()
        parser.feed(text.decode(answer.encoding or "utf-8", "replace"))
        found = []
        for href in parser.found:
            if "?" in href:  # the ways to sort the page
                continue
            with contextlib.suppress(ValueError):  # the page may hold anything
                found.append(_normal(urldefrag(urljoin(base, href)).url))
        return found

    def _address(self, name: str) -> str:
        if any(part in {"", ".", ".."} for part in name.split("/")):
            raise DatasetGone(f"There is no {visible(name)}", 404)
        return self._root + quote(name, safe="/@&=+$,;~!*'()[]")

    async def _present(self, name: str) -> Dataset:
        async with self._asked("HEAD", self._address(name)) as answer:
            size = _whole_size(answer)
            made = _moment(answer.headers.get("last-modified"))
            return Dataset(
                id=f"{name}@{_version(answer, whole=size)}",
                family_id=name,
                name=name,
                data_type_id=data_type_of_name(name),
                size=size,
                created_date=made,
                uploaded_from_filename=name.rpartition("/")[2],
                source_origin="Web folder",
            )

    @asynccontextmanager
    async def _asked(
        self, method: str, url: str, headers: dict[str, str] | None = None
    ) -> AsyncIterator[httpx.Response]:
        """An answer that is a success, its body not yet read."""
        with map_exceptions("reading a web folder", url, ()):
            async with opened(self._http).stream(method, url, headers=headers) as answer:
                if not answer.is_success:
                    raise _error(answer, visible(url))
                yield answer


def _normal(address: str) -> str:
    """An address as all of its spellings are compared."""
    return quote(unquote(address), safe="/:@&=+$,;~!*'()[]")


class _Links(HTMLParser):
    """The targets of a page's links."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "a":
            self.found += [value for name, value in attrs if name == "href" and value]


class _WebContent(ChunkedContent):
    """What comes of one answer."""

    def __init__(self, info: ContentInfo, answer: httpx.Response | None, most: int | None) -> None:
        super().__init__(info, most=most)
        self._received = 0
        self._pieces = None if answer is None else answer.aiter_raw(1 << 18)

    async def _next_chunk(self) -> bytes | None:
        if self._pieces is None:
            return None
        try:
            piece = await anext(self._pieces, None)
        except httpx.HTTPError as error:
            raise TransferCut(
                f"The connection dropped: {type(error).__name__}", received=self._received
            ) from None
        if piece is None and self._left:
            raise TransferCut("The answer ended before its length", received=self._received)
        self._received += len(piece or b"")
        return piece


def _version(answer: httpx.Response, *, whole: int | None) -> str:
    """What changes whenever the file does, as far as the server says."""
    etag = answer.headers.get("etag", "").removeprefix("W/").strip('"')
    if etag:
        return str(etag)
    moment = _moment(answer.headers.get("last-modified"))
    return f"{whole}-{moment.timestamp():.0f}" if moment else f"{whole}"


def _whole_size(answer: httpx.Response) -> int | None:
    """Bytes of the whole file. None: the server did not say."""
    text = answer.headers.get("content-range", "").rpartition("/")[2]
    if not text and answer.status_code == 200:
        text = answer.headers.get("content-length", "")
    return int(text) if text.isdigit() else None


def _first_byte(answer: httpx.Response) -> int:
    """Where in the file the answer begins.

    Raises:
        ContentError: it does not say.
    """
    text = answer.headers.get("content-range", "")
    if answer.status_code == 200 and not text:
        return 0
    first = text.removeprefix("bytes ").partition("-")[0]
    if not first.isdigit():
        raise ContentError("The server sent a part of a file and not which part")
    return int(first)


def _moment(text: str | None) -> datetime | None:
    try:
        return parsedate_to_datetime(text) if text else None
    except ValueError:
        return None


def _error(answer: httpx.Response, shown: str) -> AmltuiError:
    status, after = answer.status_code, answer.headers.get("retry-after", "")
    seconds = float(after) if after.isdigit() else None
    if status in {401, 403}:
        return Unauthorized(
            f"The server does not let anybody read {shown}", status, hint="Files here are public."
        )
    if status in {404, 410}:
        return DatasetGone(f"There is no {shown}", 404)
    if status == 429:
        return TooManyRequests("The server asks to be asked less often", retry_after=seconds)
    return ServerFailed(f"{shown} was answered with {status}", status, retry_after=seconds)
