"""A storage account of Azure that keeps versions of blobs, which Azurite does not.

It answers what is asked for versions in the shapes that Microsoft documents, and nothing else:

- List Blobs with `include=versions`: all versions of a blob, oldest first, each with `VersionId`,
  the present one with `IsCurrentVersion`
  (https://learn.microsoft.com/rest/api/storageservices/list-blobs).
- Get Blob with `versionid`, and `x-ms-version-id` of what was read or written
  (https://learn.microsoft.com/rest/api/storageservices/get-blob).
- A write makes a version that is the present one; a deletion leaves the versions and no present
  one; a blob that was written before versions were kept has no id, and gets one when it is
  overwritten; a copy of a version onto its blob restores it
  (https://learn.microsoft.com/azure/storage/blobs/versioning-overview).

Signatures are not looked at.
"""

from __future__ import annotations

import contextlib
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

from tests.support.services import ACCOUNT, KEY


@dataclass
class Version:
    data: bytes
    version: str
    """"": it was written while no versions were kept."""
    etag: str
    written: datetime


class VersioningAccount:
    """The account; `keeps` says whether what is overwritten now stays as a version."""

    def __init__(self) -> None:
        self.keeps = True
        self.blobs: dict[str, tuple[list[Version], Version | None]] = {}
        """By container and name: earlier versions, oldest first, and the present one."""
        self.requests: list[str] = []
        self._now = datetime(2026, 1, 1, tzinfo=UTC)
        self.endpoint = ""

    @property
    def environment(self) -> dict[str, str]:
        """What a client needs to reach it."""
        return {
            "AZURE_STORAGE_ACCOUNT_NAME": ACCOUNT,
            "AZURE_STORAGE_ACCOUNT_KEY": KEY,
            "AZURE_STORAGE_ENDPOINT": self.endpoint,
            "AZURE_ALLOW_HTTP": "true",
        }

    def found(self, path: str, version: str | None) -> Version | None:
        """The present version, or the one with this id."""
        earlier, present = self.blobs.get(path, ([], None))
        if version is None:
            return present
        there = [*earlier, *([present] if present else [])]
        return next((one for one in there if one.version == version), None)

    def write(self, path: str, data: bytes) -> Version:
        self._now += timedelta(seconds=1)
        number = f"{self._now:%Y%m%d%H%M%S}"
        made = Version(data, self._version() if self.keeps else "", f'"0x8D{number}"', self._now)
        self._move(path, made)
        return made

    def delete(self, path: str) -> None:
        self._now += timedelta(seconds=1)
        self._move(path, None)

    def _move(self, path: str, made: Version | None) -> None:
        earlier, present = self.blobs.get(path, ([], None))
        if present is not None and self.keeps:
            present.version = present.version or f"{present.written:%Y-%m-%dT%H:%M:%S}.0000000Z"
            earlier = [*earlier, present]
        self.blobs[path] = earlier, made

    def _version(self) -> str:
        return f"{self._now:%Y-%m-%dT%H:%M:%S}.0000000Z"

    def listed(self, container: str, prefix: str, *, versions: bool) -> str:
        """The body of List Blobs."""
        found = []
        for path in sorted(self.blobs):
            where, _, name = path.partition("/")
            if where != container or not name.startswith(prefix):
                continue
            earlier, present = self.blobs[path]
            for one in (*(earlier if versions else ()), *([present] if present else ())):
                about = f"<VersionId>{one.version}</VersionId>" if versions and one.version else ""
                if about and one is present:
                    about += "<IsCurrentVersion>true</IsCurrentVersion>"
                found.append(
                    f"<Blob><Name>{escape(name)}</Name>{about}<Properties>"
                    f"<Last-Modified>{format_datetime(one.written, usegmt=True)}</Last-Modified>"
                    f"<Etag>{one.etag.strip(chr(34))}</Etag>"
                    f"<Content-Length>{len(one.data)}</Content-Length>"
                    "<Content-Type>application/octet-stream</Content-Type>"
                    "<BlobType>BlockBlob</BlobType></Properties></Blob>"
                )
        return (
            '<?xml version="1.0" encoding="utf-8"?><EnumerationResults '
            f'ServiceEndpoint="{self.endpoint}" ContainerName="{container}">'
            f"<Blobs>{''.join(found)}</Blobs><NextMarker /></EnumerationResults>"
        )


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    account: VersioningAccount

    def log_message(self, *_: Any) -> None: ...

    def _asked(self) -> tuple[str, dict[str, str]]:
        self.account.requests.append(f"{self.command} {self.path}")
        parts = urlsplit(self.path)
        path = unquote(parts.path).removeprefix(f"/{ACCOUNT}/")
        return path, {name: values[0] for name, values in parse_qs(parts.query).items()}

    def _answer(self, status: int, data: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", headers.get("length", str(len(data))))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def _refuse(self, status: int, code: str) -> None:
        self._answer(
            status,
            f"<Error><Code>{code}</Code><Message>{code}</Message></Error>".encode(),
            x_ms_error_code=code,
            Content_Type="application/xml",
        )

    def _about(self, one: Version) -> dict[str, str]:
        about = {"ETag": one.etag, "Last_Modified": format_datetime(one.written, usegmt=True)}
        return about | ({"x_ms_version_id": one.version} if one.version else {})

    def do_GET(self) -> None:
        path, query = self._asked()
        if query.get("comp") == "list":
            with_versions = "versions" in query.get("include", "").split(",")
            body = self.account.listed(path, query.get("prefix", ""), versions=with_versions)
            self._answer(200, body.encode(), Content_Type="application/xml")
            return
        one = self.account.found(path, query.get("versionid"))
        if one is None:
            self._refuse(404, "BlobNotFound")
            return
        if self.headers.get("If-Match", one.etag) != one.etag:
            self._refuse(412, "ConditionNotMet")
            return
        asked = self.headers.get("x-ms-range") or self.headers.get("Range")
        data, about = one.data, self._about(one) | {"x_ms_blob_type": "BlockBlob"}
        if asked is None:
            self._answer(200, data, **about)
            return
        first, _, last = asked.removeprefix("bytes=").partition("-")
        part = data[int(first) : int(last) + 1 if last else None]
        end = int(first) + len(part) - 1
        about["Content_Range"] = f"bytes {first}-{end}/{len(data)}"
        self._answer(206, part, **about)

    do_HEAD = do_GET  # noqa: N815 - the name is the server's

    def do_PUT(self) -> None:
        path, _ = self._asked()
        data = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        present = self.account.found(path, None)
        if self.headers.get("If-None-Match") == "*" and present is not None:
            self._refuse(409, "BlobAlreadyExists")
            return
        wanted = self.headers.get("If-Match")
        if wanted is not None and (present is None or present.etag != wanted):
            self._refuse(412, "ConditionNotMet")
            return
        source = self.headers.get("x-ms-copy-source")
        if source is None:
            made = self.account.write(path, data)
            self._answer(201, **self._about(made))
            return
        parts = urlsplit(source)
        version = parse_qs(parts.query).get("versionid", [None])[0]
        copied = self.account.found(unquote(parts.path).removeprefix(f"/{ACCOUNT}/"), version)
        if copied is None:
            self._refuse(404, "CannotVerifyCopySource")
            return
        made = self.account.write(path, copied.data)
        self._answer(202, **self._about(made), x_ms_copy_id="c", x_ms_copy_status="success")

    def do_DELETE(self) -> None:
        """Delete Blob: an earlier version, or the blob; the present one not by its id
        (https://learn.microsoft.com/rest/api/storageservices/delete-blob)."""
        path, query = self._asked()
        version = query.get("versionid")
        one = self.account.found(path, version)
        if one is None:
            self._refuse(404, "BlobNotFound")
        elif version is None:
            self.account.delete(path)
            self._answer(202)
        elif one is self.account.found(path, None):
            self._refuse(403, "OperationNotAllowedOnRootBlob")
        else:
            self.account.blobs[path][0].remove(one)
            self._answer(202)

    def do_POST(self) -> None:
        """Blob Batch of deletions (https://learn.microsoft.com/rest/api/storageservices/blob-batch)."""
        self._asked()
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        answers = []
        for number, path in enumerate(
            re.findall(r"^DELETE (\S+) HTTP/1.1\r?$", body, re.MULTILINE)
        ):
            name = unquote(urlsplit(path).path).removeprefix(f"/{ACCOUNT}").removeprefix("/")
            there = self.account.found(name, None) is not None
            if there:
                self.account.delete(name)
            said = "202 Accepted" if there else "404 Not Found"
            code = "" if there else "x-ms-error-code: BlobNotFound\r\n"
            answers.append(
                f"--answers\r\nContent-Type: application/http\r\nContent-ID: {number}\r\n\r\n"
                f"HTTP/1.1 {said}\r\n{code}x-ms-request-id: 1\r\n\r\n"
            )
        data = "".join((*answers, "--answers--\r\n")).encode()
        self._answer(202, data, Content_Type="multipart/mixed; boundary=answers")


@contextlib.contextmanager
def versioning_account() -> Iterator[VersioningAccount]:
    """An account that listens on loopback for the block."""
    account = VersioningAccount()
    handler = type("Handler", (_Handler,), {"account": account})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    account.endpoint = f"http://127.0.0.1:{server.server_port}/{ACCOUNT}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield account
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
