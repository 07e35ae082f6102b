"""Sending the files of a folder, all below one place that is named by their contents.

The same folder has the same place, so a repeated upload finds there what was sent before.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import anyio
import anyio.to_thread

from amltui.errors import AmltuiError, ContentChanged, LocalError, Rejected
from amltui.models import LocalFile
from amltui.text import reason_of, visible
from amltui.workspaces.azureml.uris import InDatastore
from amltui.workspaces.azureml.writing import FOLDER, Begun, Uploads
from amltui.workspaces.http.retries import Retry, repeated

_PIECE: Final = 8 << 20
_AT_ONCE: Final = 4
_LONGEST: Final = 1_024
"""Characters of a blob's name."""


async def send_folder(
    uploads: Uploads,
    name: str,
    files: Sequence[LocalFile],
    sent: Callable[[int], None],
    retry: Retry,
) -> InDatastore:
    """Upload files as what lies in one folder; where that is.

    Raises:
        ContentChanged: a file became another one meanwhile.
        LocalError: a file cannot be read.
        Rejected: the path of a file is too long.
    """
    digests = await anyio.to_thread.run_sync(lambda: [_sha256(one.path) for one in files])
    whole = hashlib.sha256()
    for file, digest in zip(files, digests, strict=True):
        whole.update(f"{file.name}\0{digest}\n".encode("utf-8", "surrogatepass"))
    datastore = await uploads.datastore()
    root = f"{FOLDER}/{whole.hexdigest()[:32]}/{name}"
    for file in files:
        if len(f"{root}/{file.name}") > _LONGEST:
            raise Rejected(f"The path of {visible(file.name)} is too long", 400)
    limiter = anyio.Semaphore(_AT_ONCE)
    failed: list[AmltuiError] = []

    async def one(file: LocalFile, digest: str) -> None:
        async with limiter:
            token = hashlib.sha256(f"{root}\0{file.name}".encode()).hexdigest()[:32]
            begun = Begun(datastore, f"{root}/{file.name}", token)
            try:
                await _send(uploads, begun, file, digest, sent, retry)
            except AmltuiError as error:
                failed.append(error)
                group.cancel_scope.cancel()

    async with anyio.create_task_group() as group:
        for file, digest in zip(files, digests, strict=True):
            group.start_soon(one, file, digest)
    if failed:
        raise failed[0]
    return InDatastore(datastore, root)


async def _send(
    uploads: Uploads,
    begun: Begun,
    file: LocalFile,
    digest: str,
    sent: Callable[[int], None],
    retry: Retry,
) -> None:
    size = await anyio.to_thread.run_sync(lambda: file.path.stat().st_size)
    there = await repeated(lambda: uploads.size(begun), retry, idempotent=True)
    if there == size:  # the place is named by the content: it is this one
        sent(size)
        return
    await repeated(lambda: uploads.open(begun), retry, idempotent=True)
    found = hashlib.sha256()
    index = start = 0
    while data := await anyio.to_thread.run_sync(_piece, file.path, start):
        found.update(data)
        await repeated(
            lambda index=index, data=data: uploads.send(begun, index, data),  # type: ignore[misc]
            retry,
            idempotent=True,
        )
        sent(len(data))
        start += len(data)
        index += 1
    if found.hexdigest() != digest:
        raise ContentChanged(
            f"{visible(str(file.path))} was changed while it was sent", hint="Send it again."
        )
    await repeated(lambda: uploads.complete(begun), retry, idempotent=True)


def _sha256(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise _unreadable(path, error) from None


def _piece(path: Path, start: int) -> bytes:
    try:
        with path.open("rb") as file:
            file.seek(start)
            return file.read(_PIECE)
    except OSError as error:
        raise _unreadable(path, error) from None


def _unreadable(path: Path, error: OSError) -> LocalError:
    return LocalError(f"Cannot read {visible(str(path))}: {reason_of(error)}")
