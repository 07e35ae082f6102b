"""An Azure of the tests: Resource Manager with one workspace, tokens, and Azurite for its blobs.

All of it is on loopback over TLS, reached by names below `core.local` through a proxy that knows
where each is. So amltui and Azure's own client run as they are: they are told a cloud, a proxy and
whom to trust, which both take from the environment.

The shapes are those of the public specification, azure-rest-api-specs,
`Microsoft.MachineLearningServices/stable/2023-10-01/examples/Workspace/`: `DataContainer`,
`DataVersionBase`, `Datastore`, and `Workspace/list.json`.
"""

from __future__ import annotations

import base64
import contextlib
import json
import re
import socket
import socketserver
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, unquote, urlsplit

from tests.support.services import ACCOUNT, KEY, azurite

SUBSCRIPTION, GROUP, WORKSPACE = "00000000-1111-2222-3333-444444444444", "test-rg", "my-aml"
ADDRESS = f"azureml://subscriptions/{SUBSCRIPTION}/resourcegroups/{GROUP}/workspaces/{WORKSPACE}"
MANAGER = "https://management.core.local/"
PATH = (
    f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{GROUP}"
    f"/providers/Microsoft.MachineLearningServices/workspaces/{WORKSPACE}"
)
PAGE = 100
MANAGED, BLOBS = "", ".blob."
"""What the names of hosts hold."""
_PATH = re.compile(re.escape(PATH) + r"(?:/(?P<rest>.*))?", re.IGNORECASE)
_START = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Asked:
    """A request."""

    method: str
    host: str
    path: str
    query: dict[str, str]
    body: bytes
    token: str


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer; `cut` bytes of it are sent before the connection is closed."""

    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    cut: int | None = None


@dataclass
class Version:
    number: str
    properties: dict[str, Any]
    created: datetime

    def message(self, name: str) -> dict[str, Any]:
        """As `DataVersionBase/get.json`."""
        return {
            "id": f"{PATH}/data/{name}/versions/{self.number}",
            "name": self.number,
            "type": "Microsoft.MachineLearningServices/workspaces/data/versions",
            "properties": self.properties,
            "systemData": _system(self.created),
        }


@dataclass
class Asset:
    name: str
    properties: dict[str, Any]
    created: datetime
    versions: list[Version] = field(default_factory=list)

    def message(self) -> dict[str, Any]:
        """As `DataContainer/get.json`."""
        shown = [one for one in self.versions if not one.properties.get("isArchived")]
        latest = max(shown, key=lambda one: one.created, default=None)
        numbers = [int(one.number) for one in self.versions if one.number.isdigit()]
        about = {
            **self.properties,
            "latestVersion": latest.number if latest else None,
            "nextVersion": str(max(numbers, default=0) + 1),
        }
        return {
            "id": f"{PATH}/data/{self.name}",
            "name": self.name,
            "type": "Microsoft.MachineLearningServices/workspaces/data",
            "properties": about,
            "systemData": _system(self.created),
        }


def _system(when: datetime) -> dict[str, Any]:
    text = when.strftime("%Y-%m-%dT%H:%M:%S.%f") + "7Z"  # seven digits, as Azure writes them
    return {
        "createdAt": text,
        "createdBy": "Ada Example",
        "createdByType": "User",
        "lastModifiedAt": text,
    }


class FakeAzure:
    """What is there, and what was asked."""

    def __init__(self, container: str) -> None:
        self.container = container
        self.assets: dict[str, Asset] = {}
        self.credentials = "AccountKey"
        self.principal: dict[str, str] = {}
        self.lake = False
        """Whether there is a Data Lake Gen2 datastore `lake` in the same account."""
        self.secrets: dict[str, Any] = {"secretsType": "AccountKey", "key": KEY}
        self.asked: list[Asked] = []
        self.rule: Callable[[Asked], Reply | None] = lambda _: None
        self.tokens = {"first-token-of-the-tests"}
        """Those that are accepted."""
        self.issued = 0
        self.trusts: Callable[[str], bool] = lambda _: False
        """Which assertions of programs are accepted."""
        self.wanted = ""
        self.pending = 0
        """How often a program asks before the person has typed the code."""
        self.lifetime = 3600
        self.stalled = threading.Event()
        self._clock = _START
        self._lock = threading.Lock()

    def now(self) -> datetime:
        """A later moment at every call."""
        self._clock += timedelta(seconds=1)
        return self._clock

    def add(self, name: str, uri: str, kind: str = "uri_file", **about: Any) -> Version:
        """A new version of an asset."""
        asset = self.assets.get(name)
        if asset is None:
            asset = self.assets[name] = Asset(
                name, {"dataType": kind, "isArchived": False, **about}, self.now()
            )
        number = asset.message()["properties"]["nextVersion"]
        properties = {"dataType": kind, "dataUri": uri, "isArchived": False, **about}
        made = Version(number, properties, self.now())
        asset.versions.append(made)
        return made

    def add_many(self, name: str, uri: str, count: int) -> None:
        """A new asset of many versions."""
        self.add(name, uri)
        made = self.assets[name].versions
        for number in range(2, count + 1):
            made.append(Version(str(number), dict(made[0].properties), self.now()))

    def path(self, inner: str) -> str:
        """The address of a path in the default datastore."""
        return (
            f"azureml://subscriptions/{SUBSCRIPTION}/resourcegroups/{GROUP}"
            f"/workspaces/{WORKSPACE}/datastores/workspaceblobstore/paths/{inner}"
        )

    def stall(self, asked: Asked) -> Reply | None:
        """A rule that answers nothing before `stalled` is set."""
        if "/data" in asked.path:
            self.stalled.wait(60)
        return None

    def stall_after(self, pages: int) -> None:
        """From the page after these on, no list is answered before `stalled` is set."""
        left = [pages]

        def rule(asked: Asked) -> Reply | None:
            if asked.path == f"{PATH}/data":
                if not left[0]:
                    self.stalled.wait(120)
                else:
                    left[0] -= 1
            return None

        self.rule = rule

    @property
    def managed(self) -> list[str]:
        """What was asked of the workspace, without what signs in: method and path below it."""
        return [
            f"{one.method} {one.path.removeprefix(PATH)}"
            for one in self.asked
            if one.path.startswith(PATH)
        ]

    @property
    def listed(self) -> int:
        """How many pages of the list of assets were asked for."""
        return len([one for one in self.asked if one.path == f"{PATH}/data"])

    def answer(self, asked: Asked) -> Reply:
        """What Azure says."""
        with self._lock:
            self.asked.append(asked)
            if (ruled := self.rule(asked)) is not None:
                return ruled
            if asked.host.startswith("login."):
                return self._authority(asked)
            if asked.token not in self.tokens:
                return error(401, "ExpiredAuthenticationToken", "The access token has expired.")
            return self._resource(asked)

    def _authority(self, asked: Asked) -> Reply:
        """As Entra, for a client secret, an assertion, and a person who is given a code."""
        here = f"https://{asked.host}/tenant"
        if asked.path.endswith("/.well-known/openid-configuration"):
            return Reply(
                body={
                    "issuer": f"{here}/v2.0",
                    "authorization_endpoint": f"{here}/oauth2/v2.0/authorize",
                    "token_endpoint": f"{here}/oauth2/v2.0/token",
                    "device_authorization_endpoint": f"{here}/oauth2/v2.0/devicecode",
                }
            )
        form = {key: values[0] for key, values in parse_qs(asked.body.decode()).items()}
        if asked.path.endswith("/devicecode"):
            self.wanted = form["scope"]  # said once, here
            return Reply(
                body={
                    "device_code": "the-device",
                    "user_code": "ABCD-1234",
                    "verification_uri": f"{here}/device",
                    "expires_in": 900,
                    "interval": 0,
                    "message": "not used",
                }
            )
        if form.get("device_code") == "the-device" and self.pending:
            self.pending -= 1
            return Reply(400, {"error": "authorization_pending", "error_description": "wait"})
        if not (
            form.get("client_secret") == "the-secret-of-the-program"
            or self.trusts(form.get("client_assertion", ""))
            or form.get("device_code") == "the-device"
        ):
            return Reply(401, {"error": "invalid_client", "error_description": "AADSTS7000215"})
        wanted = form.get("scope", self.wanted)
        words = [one for one in wanted.split() if one.endswith("/.default")]
        body = {
            "token_type": "Bearer",
            "expires_in": self.lifetime,
            "access_token": self.issue(words[0]),
        }
        if "device_code" in form:
            body |= _person(form["client_id"], f"{here}/v2.0")
        return Reply(body=body)

    def issue(self, scope: str) -> str:
        """A new token that is accepted."""
        self.issued += 1
        token = _token(scope.removesuffix(".default").rstrip("/"), self.issued)
        self.tokens.add(token)
        return token

    def _resource(self, asked: Asked) -> Reply:
        if asked.path in _LISTS:
            return Reply(body={"value": _LISTS[asked.path]})
        match = _PATH.fullmatch(asked.path)
        if match is None:
            return error(404, "ResourceNotFound", f"No resource {asked.path}")
        parts = [unquote(part) for part in (match["rest"] or "").split("/") if part]
        if not parts:
            return Reply(body=_workspace())
        if parts[0] == "datastores":
            return self._datastores(parts[1:], asked)
        if parts[0] == "data":
            return self._data(parts[1:], asked)
        return error(404, "ResourceNotFound", f"No resource {asked.path}")

    def _datastores(self, parts: list[str], asked: Asked) -> Reply:
        """As `Datastore/list.json`, `get.json` and `listSecrets.json`."""
        name = "workspaceblobstore"
        about = {
            "id": f"{PATH}/datastores/{name}",
            "name": name,
            "type": "Microsoft.MachineLearningServices/workspaces/datastores",
            "properties": {
                "datastoreType": "AzureBlob",
                "accountName": ACCOUNT,
                "containerName": self.container,
                "endpoint": "core.local",
                "protocol": "https",
                "isDefault": True,
                "description": None,
                "tags": None,
                "credentials": {"credentialsType": self.credentials, **self.principal},
            },
            "systemData": _system(_START),
        }
        if not parts:
            return Reply(body={"value": [about], "nextLink": None})
        if parts[0] == "lake" and self.lake:
            gen2 = about["properties"] | {
                "datastoreType": "AzureDataLakeGen2",
                "filesystem": self.container,
                "isDefault": False,
            }
            del gen2["containerName"]
            about = about | {"name": "lake", "properties": gen2}
        elif parts[0] != name:
            return error(404, "UserError", f"Could not find datastore: {parts[0]}")
        if len(parts) == 2 and parts[1].lower() == "listsecrets":
            return Reply(body=self.secrets)
        return Reply(body=about)

    def _data(self, parts: list[str], asked: Asked) -> Reply:
        view = asked.query.get("listViewType", "ActiveOnly")
        if not parts:
            found = [one for one in self.assets.values() if _seen(one, view)]
            return self._page(found, Asset.message, asked)
        asset = self.assets.get(parts[0])
        if len(parts) == 1:
            if asked.method == "PUT" and asset is not None:
                given = json.loads(asked.body)["properties"]
                asset.properties.update(_writable(given))
            elif asset is None:
                return error(404, "UserError", f"Data asset container {parts[0]} not found.")
            return Reply(body=asset.message())
        if len(parts) == 2:
            if asset is None:
                return error(404, "UserError", f"Data asset container {parts[0]} not found.")
            newest_first = asked.query.get("$orderBy") == "createdtime desc"
            versions = sorted(asset.versions, key=lambda one: one.created, reverse=newest_first)
            found = [one for one in versions if _seen(one, view)]
            return self._page(found, lambda one: one.message(asset.name), asked)
        return self._version(parts[0], asset, parts[2], asked)

    def _version(self, name: str, asset: Asset | None, number: str, asked: Asked) -> Reply:
        there = (
            next((one for one in asset.versions if one.number == number), None) if asset else None
        )
        if asked.method == "PUT":
            given = json.loads(asked.body)["properties"]
            if there is not None:
                if given.get("dataUri") not in {None, there.properties["dataUri"]}:
                    return error(409, "UserError", "The path of an existing version is fixed.")
                there.properties.update(_writable(given))
                return Reply(body=there.message(name))
            kind = given["dataType"]
            if asset is None:
                about = {"dataType": kind, "isArchived": False, "description": None, "tags": {}}
                asset = self.assets[name] = Asset(name, about, self.now())
            there = Version(number, {"isArchived": False, **given}, self.now())
            asset.versions.append(there)
            return Reply(201, there.message(name))
        if there is None:
            return error(404, "UserError", f"Data version {name}:{number} not found.")
        return Reply(body=there.message(name))

    def _page(self, found: list[Any], message: Callable[[Any], Any], asked: Asked) -> Reply:
        start = int(asked.query.get("$skipToken", "0"))
        size = int(asked.query.get("$top", PAGE))
        page, link = [message(one) for one in found[start : start + size]], None
        if start + size < len(found):
            view = asked.query.get("listViewType", "ActiveOnly")
            link = (
                f"https://{asked.host}{asked.path}?api-version={asked.query['api-version']}"
                f"&listViewType={view}&$skipToken={start + size}"
            )
            if "$orderBy" in asked.query:
                link += f"&$orderBy={quote(asked.query['$orderBy'])}"
        return Reply(body={"value": page, "nextLink": link})


def _token(audience: str, number: int) -> str:
    """A token of the form that Azurite takes, which looks at what it says of itself only."""
    about = {
        "aud": audience,
        "iss": "https://sts.windows.net/ab1f708d-50f6-404c-a006-d71b2ac7a606/",
        "iat": 1_600_000_000,
        "nbf": 1_600_000_000,
        "exp": 4_000_000_000,
        "jti": f"token-{number}",
    }
    return _signed(about)


def _person(client: str, issuer: str) -> dict[str, str]:
    """Who signed in."""
    about = {
        "aud": client,
        "iss": issuer,
        "iat": 1_600_000_000,
        "exp": 4_000_000_000,
        "sub": "ada",
        "oid": "ada",
        "tid": "tenant",
        "preferred_username": "ada@example.org",
    }
    return {"id_token": _signed(about), "client_info": _coded({"uid": "ada", "utid": "tenant"})}


def _signed(about: dict[str, Any]) -> str:
    return f"{_coded({'alg': 'x'})}.{_coded(about)}.signature-of-the-tests"


def _coded(about: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(about).encode()).decode().rstrip("=")


def error(status: int, code: str, message: str, **headers: str) -> Reply:
    """A refusal as Resource Manager words it."""
    return Reply(status, {"error": {"code": code, "message": message}}, headers)


def _seen(one: Asset | Version, view: str) -> bool:
    archived = bool(one.properties.get("isArchived"))
    return {"ActiveOnly": not archived, "ArchivedOnly": archived}.get(view, True)


def _writable(given: dict[str, Any]) -> dict[str, Any]:
    return {
        key: given[key]
        for key in ("description", "tags", "properties", "isArchived")
        if key in given
    }


def _workspace() -> dict[str, Any]:
    return {
        "id": PATH,
        "name": WORKSPACE,
        "type": "Microsoft.MachineLearningServices/workspaces",
        "location": "westeurope",
        "properties": {"friendlyName": "Tests", "description": ""},
    }


_LISTS = {
    "/subscriptions": [{"subscriptionId": SUBSCRIPTION, "displayName": "Test"}],
    PATH.rpartition("/")[0].replace(f"/resourceGroups/{GROUP}", ""): [_workspace()],
}


@dataclass
class Cloud:
    """A running one."""

    azure: FakeAzure
    environment: dict[str, str]
    """What a process needs to find and trust it."""
    ports: dict[str, int]
    """Where the manager (`MANAGED`) and the blobs (`BLOBS`) are reached, from now on."""
    certificate: tuple[Path, Path]
    """Files of what both show, and of its key."""

    def emptied(self) -> FakeAzure:
        """The workspace as at the beginning, with nothing in it."""
        tokens, issued = self.azure.tokens, self.azure.issued
        self.azure.__init__(self.azure.container)
        self.azure.tokens, self.azure.issued = tokens, issued  # who was signed in still is
        return self.azure


@contextlib.contextmanager
def running_azure(place: Path) -> Iterator[Cloud]:
    """All of it for the block; `place` is an empty directory."""
    ca, cert, key = certificates(place)
    with azurite(tls=(cert, key)) as blobs:
        azure = FakeAzure("")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(cert, key)
        with _https(azure, context) as manager, _proxy(ports := {}) as proxy:
            ports |= {MANAGED: manager, BLOBS: blobs.port}
            address = f"http://127.0.0.1:{proxy}"
            environment = {
                "SSL_CERT_FILE": str(ca),
                "REQUESTS_CA_BUNDLE": str(ca),
                "HTTPS_PROXY": address,
                "AZURE_AUTHORITY_HOST": "https://login.core.local",
                "AZURE_TENANT_ID": "tenant",
                "AZURE_CLIENT_ID": "program",
                "AZURE_CLIENT_SECRET": "the-secret-of-the-program",
            }
            azure.container = blobs.new_container().removeprefix("az://").partition("/")[0]
            yield Cloud(azure, environment, ports, (cert, key))


def certificates(place: Path) -> tuple[Path, Path, Path]:
    """An authority's certificate, one that it signed for everything below core.local, its key."""
    names = "subjectAltName=DNS:*.core.local,DNS:*.blob.core.local,IP:127.0.0.1"
    (place / "names").write_text(names)
    ca, ca_key = place / "ca.pem", place / "ca.key"
    cert, key, request = place / "cert.pem", place / "key.pem", place / "request.pem"
    new = ["openssl", "req", "-newkey", "rsa:2048", "-nodes"]
    run = lambda *words: subprocess.run(words, check=True, capture_output=True)  # noqa: E731
    run(*new, "-x509", "-days", "1", "-subj", "/CN=authority", "-keyout", ca_key, "-out", ca)
    run(*new, "-subj", "/CN=core.local", "-keyout", key, "-out", request)
    sign = ("openssl", "x509", "-req", "-days", "1", "-in", request, "-CA", ca, "-CAkey", ca_key)
    run(*sign, "-CAcreateserial", "-extfile", place / "names", "-out", cert)
    return ca, cert, key


@contextlib.contextmanager
def _https(azure: FakeAzure, context: ssl.SSLContext) -> Iterator[int]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = 1 << 16  # in one packet: the head alone would wait for its acknowledgement

        def _serve(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            parts = urlsplit(self.path)
            query = {key: values[0] for key, values in parse_qs(parts.query).items()}
            token = self.headers.get("Authorization", "").removeprefix("Bearer ")
            body = self.rfile.read(length)
            host = self.headers.get("Host", "")
            reply = azure.answer(Asked(self.command, host, parts.path, query, body, token))
            raw = isinstance(reply.body, bytes)
            data = reply.body if raw else json.dumps(reply.body).encode()
            self.send_response(reply.status)
            for name, value in {"Content-Type": "application/json", **reply.headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data if reply.cut is None else data[: reply.cut])
            if reply.cut is not None:
                self.close_connection = True

        do_GET = do_PUT = do_POST = do_DELETE = do_PATCH = _serve  # noqa: N815

        def log_message(self, *_: object) -> None:
            pass

    server = _Quiet(("127.0.0.1", 0), Handler)
    server.socket = context.wrap_socket(
        server.socket, server_side=True, do_handshake_on_connect=False
    )
    yield from _served(server)


class _Quiet(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is no fault."""


def _served(server: socketserver.BaseServer) -> Iterator[int]:
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextlib.contextmanager
def _proxy(ports: dict[str, int]) -> Iterator[int]:
    """A proxy for CONNECT; the longest part that a host's name holds says which port it is."""

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            words = self.rfile.readline().split()
            while self.rfile.readline().strip():
                pass
            host = words[1].decode() if len(words) > 1 else ""
            port = ports[max((one for one in ports if one in host), key=len)]
            if words[0] != b"CONNECT" or ".core.local" not in host:
                self.wfile.write(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
                return
            with socket.create_connection(("127.0.0.1", port)) as there:
                self.wfile.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
                back = threading.Thread(target=_pump, args=(there, self.connection), daemon=True)
                back.start()
                _pump(self.connection, there)
                back.join()

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True
        block_on_close = False
        request_queue_size = 64

        def handle_error(self, request: Any, client_address: Any) -> None:
            """A client that went away is no fault."""

    yield from _served(Server(("127.0.0.1", 0), Handler))


def _pump(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65_536):
            target.sendall(data)
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_WR)
