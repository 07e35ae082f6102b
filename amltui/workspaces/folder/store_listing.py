"""The objects below a prefix, page by page. Everything here blocks."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from amltui.formats import data_type_of_name
from amltui.models import Dataset
from amltui.workspaces.folder.store_connect import raw_pages
from amltui.workspaces.folder.store_errors import LIST, OddName, mapped

HIDDEN: Final = ".amltui"
"""How the names of our own objects begin: notes, and what probes a bucket."""
_PAGE: Final = 1_000


@dataclass(frozen=True, slots=True)
class Object:
    """An object as the store listed it."""

    key: str
    etag: str
    """Without quotes: lists give it bare, heads quoted, of one store."""
    dataset: Dataset


def pages_of(store: Any, url: str) -> Iterator[tuple[tuple[Object, ...], int]]:
    """Objects, and how many beside them have names that cannot be read here.

    obstore gives up a whole list at the first name that it cannot hold, one with `//` or a control
    character: then the list begins again by the cloud's own client, without what was given.
    """
    import obstore

    given: set[str] = set()
    chunks: Iterator[Any] = iter(())
    first = True
    while True:
        try:
            with mapped(url, LIST):
                if first:
                    chunks, first = iter(obstore.list(store, chunk_size=_PAGE)), False
                chunk = next(chunks, None)
        except OddName:
            break
        if chunk is None:
            return
        page = tuple(_files(chunk))
        given.update(one.key for one in page)
        yield page, 0
    yield from _raw(url, given)


def _files(chunk: list[Any]) -> Iterator[Object]:
    """What of a page is no mark of a folder: consoles make an empty object `dir/` for each.

    obstore gives its name without the slash; what lies in the folder follows it at once.
    """
    paths = [str(meta["path"]) for meta in chunk]
    for meta, after in zip(chunk, [*paths[1:], ""], strict=True):
        if meta["size"] or not after.startswith(f"{meta['path']}/"):
            yield object_of(meta)


def _raw(url: str, given: set[str]) -> Iterator[tuple[tuple[Object, ...], int]]:
    container, prefix = container_of(url)
    start = f"{prefix}/" if prefix else ""
    for metas in raw_pages(url, container, start):
        page, odd = [], 0
        for meta in metas:
            key = meta["path"].removeprefix(start)
            if _is_odd(key):
                odd += 1
            elif key not in given and not key.endswith("/"):
                page.append(object_of(meta | {"path": key}))
        yield tuple(page), odd


def _is_odd(key: str) -> bool:
    """Whether obstore cannot name an object."""
    parts = key.removesuffix("/").split("/")
    return any(part in {"", ".", ".."} for part in parts) or any(
        char < " " or char == "\x7f" for char in key
    )


def is_hidden(key: str) -> bool:
    """Whether an object is one of our own."""
    return key.rpartition("/")[2].startswith(HIDDEN)


def account_of(url: str) -> tuple[str, str]:
    """Which store an address lies in: its kind, and the account where the address says it."""
    parts = urlsplit(url)
    kind = parts.scheme.removesuffix("a") if parts.scheme == "s3a" else parts.scheme
    azure = kind not in {"s3", "gs"}
    return "azure" if azure else kind, parts.netloc.partition("@")[2]


def container_of(url: str) -> tuple[str, str]:
    """Bucket or container, and the prefix below it without slashes at its ends."""
    parts = urlsplit(url)
    return parts.netloc.partition("@")[0], unquote(parts.path).strip("/")


def hadoop_address(url: str) -> str | None:
    """A bucket or container with its prefix as Hadoop addresses it; None: its account is not known.

    >>> hadoop_address("s3://bucket/a%20b/")
    's3a://bucket/a b'
    """
    (kind, account), (container, prefix) = account_of(url), container_of(url)
    if kind == "azure":
        account = account.partition(".")[0] or os.environ.get("AZURE_STORAGE_ACCOUNT_NAME", "")
        if not account:
            return None
        container = f"{container}@{account}.dfs.core.windows.net"
    scheme = {"azure": "abfss", "s3": "s3a"}.get(kind, kind)
    return f"{scheme}://{container}/{prefix}".rstrip("/")


def object_of(meta: Any) -> Object:
    """An object as obstore describes it."""
    key, size = str(meta["path"]), int(meta["size"])
    etag = str(meta.get("e_tag") or "").removeprefix("W/").strip('"')
    if not etag:  # some stores give none: size and time must do
        etag = f"{size:x}-{meta['last_modified'].timestamp():.6f}"
    made = Dataset(
        id=f"{key}@{etag}",
        family_id=key,
        name=key,
        data_type_id=data_type_of_name(key),
        size=size,
        created_date=meta["last_modified"],
        uploaded_from_filename=key.rpartition("/")[2],
        source_origin="Object store",
        typed=False,
    )
    return Object(key, etag, made)
