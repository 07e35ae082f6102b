"""What no well-behaved client sends."""

from __future__ import annotations

import socket
import time
from contextlib import ExitStack

import httpx
import psutil
import pytest

from amltui.server.http_errors import StartError
from amltui.server.run import ServeOptions, check
from tests.support.server import running_server
from tests.support.studio import Studio, url_of

LIMIT = 30


@pytest.fixture(scope="module")
def dataset(server):
    studio = Studio(server)
    yield studio.create("hostile", b"0123456789" * 10)
    studio.close()


def address(server):
    host, _, port = server.endpoint.removeprefix("http://").strip("/").partition(":")
    return host, int(port)


def ask(server, line, *fields, body=b""):
    """Status and the rest of the answer to exactly these bytes."""
    head = [f"{line} HTTP/1.1", "Host: test", "Connection: close", *fields, "", ""]
    with socket.create_connection(address(server), LIMIT) as connection:
        connection.sendall("\r\n".join(head).encode("latin-1") + body)
        answer = b""
        while part := connection.recv(65536):
            answer += part
    return int(answer.split()[1]), answer.partition(b"\r\n\r\n")[2]


@pytest.mark.parametrize(
    ("line", "fields"),
    [
        ("GET /health", ["X: " + "a" * (1 << 20)]),
        ("GET /health", [f"X-{n}: a" for n in range(10_000)]),
        ("GET /health?" + "a" * (1 << 20), []),
    ],
    ids=["a long field", "many fields", "a long query"],
)
def test_a_head_that_is_too_large_is_refused(server, line, fields):
    try:
        status, _ = ask(server, line, *fields)
    except ConnectionError:  # refused before all of it was sent, and the answer lost on the way
        status = 431
    assert status == 431


DEEP = b"[" * 400_000 + b"]" * 400_000


@pytest.mark.parametrize("hosts", [[], ["Host: one", "Host: two"]], ids=["no host", "two hosts"])
def test_a_request_has_one_host(server, hosts):
    head = "\r\n".join(["GET /health HTTP/1.1", *hosts, "Connection: close", "", ""])
    with socket.create_connection(address(server), LIMIT) as connection:
        connection.sendall(head.encode())
        assert connection.recv(12) == b"HTTP/1.1 400"


def test_who_asks_before_it_sends_is_refused_before_it_sends(server):
    path = f"/api/resourceuploads/workspaces/{server.workspace_id}/?dataTypeId=Zip"
    fields = ["Host: x", "Authorization: Bearer wrong", "Content-Length: 99999999"]
    head = "\r\n".join([f"POST {path} HTTP/1.1", *fields, "Expect: 100-continue", "", ""])
    with socket.create_connection(address(server), LIMIT) as connection:
        connection.sendall(head.encode())
        assert connection.recv(12) == b"HTTP/1.1 401"


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b'{"Name":"' + b"x" * (2 << 20) + b'"}', 413),
        (b'{"Name":' + DEEP + b"}", 400),
        (b'{"Unknown":' + DEEP + b"}", 400),
        (b'{"Name":"\xff\xfe"}', 400),
        (b'{"Name":"\\ud800"}', 400),
        (b'{"Name":"a\\u0000b"}', 400),
        (b'{"Name":"' + b"x" * 257 + b'"}', 400),
        (b'{"Name":', 400),
        (b"[]", 400),
        (b"", 400),
        (b'{"Name":"first","Name":"last"}', 200),
    ],
)
def test_a_body_that_is_no_edit_is_refused(server, dataset, body, status):
    path = f"/api/workspaces/{server.workspace_id}/datasources/family/{dataset['FamilyId']}"
    fields = [f"{name}: {value}" for name, value in server.headers.items()]
    got, answer = ask(server, f"PATCH {path}", *fields, f"Content-Length: {len(body)}", body=body)
    assert got == status, answer
    if status == 200:
        assert b'"Name":"last"' in answer


@pytest.mark.parametrize(
    ("wanted", "status"),
    [
        ("bytes=-0", 416),
        ("bytes=100-", 416),
        ("bytes=--5", 200),
        ("bytes=5-2", 200),
        ("bytes=-", 200),
        ("bytes=0-9,0-9,0-9,5-6", 200),
        ("bytes=99999999999999999999999-", 200),
        ("bytes=\xff-", 200),
        ("lines=1-2", 200),
        ("bytes=-99999999999999999", 206),
    ],
)
def test_a_range_that_makes_no_sense_is_ignored_or_refused(server, dataset, wanted, status):
    got, answer = ask(server, f"GET /{url_of(dataset)[len(server.endpoint) :]}", f"Range: {wanted}")
    assert got == status
    if status != 416:
        assert answer == b"0123456789" * 10


@pytest.mark.parametrize(
    "path",
    [
        "content/../settings.json",
        "content/..%2f..%2fsettings.json",
        "content/%2e%2e/settings.json",
        "content//etc/passwd",
        "../settings.json",
    ],
)
def test_no_path_leads_out_of_the_store(server, dataset, path):
    query = url_of(dataset).partition("?")[2]
    status, answer = ask(server, f"GET /{path}?{query}")
    assert status in {403, 404}
    assert server.token.encode() not in answer


@pytest.mark.parametrize(
    "numbers",
    [
        "numberOfBlocks=99999999999&blockId=0",
        "numberOfBlocks=999999999&blockId=0",
        "numberOfBlocks=1&blockId=-1",
        "numberOfBlocks=1&blockId=1",
        "numberOfBlocks=%D9%A1&blockId=0",
        "numberOfBlocks=1e3&blockId=0",
        "blockId=0",
    ],
)
def test_numbers_that_are_none_are_refused(server, numbers):
    path = f"/api/blobuploads/workspaces/{server.workspace_id}/?uploadId=x&{numbers}"
    fields = [f"{name}: {value}" for name, value in server.headers.items()]
    assert ask(server, f"POST {path}", *fields, "Content-Length: 1", body=b"x")[0] == 400


def test_a_client_that_stalls_does_not_stay(tmp_path):
    """Before, in the middle of and after a head, and in the middle of a body."""
    with running_server(tmp_path / "data", idle_timeout=1.0) as server, ExitStack() as opened:
        start = f"/api/resourceuploads/workspaces/{server.workspace_id}/?dataTypeId=Zip"
        fields = "".join(f"{name}: {value}\r\n" for name, value in server.headers.items())
        head = f"POST {start} HTTP/1.1\r\nHost: test\r\n{fields}".encode()
        large, unknown = b"Content-Length: 20000000\r\n\r\n", b"Transfer-Encoding: chunked\r\n\r\n"
        sent = {
            "nothing": b"",
            "half a head": head,
            "a head": head + large,
            "half a small body": head + b"Content-Length: 100\r\n\r\nhalf",
            "half a body": head + large + bytes(1_000_000),
            "half a body of unknown length": head + unknown + b"4\r\nhalf\r\n",
            "a request, and then nothing": b"GET /health HTTP/1.1\r\nHost: test\r\n\r\n",
        }
        connections = {}
        for name, data in sent.items():
            connection = socket.create_connection(address(server), LIMIT)
            connections[name] = opened.enter_context(connection)
            connection.sendall(data)
        for name, connection in connections.items():
            answer = b""
            while part := connection.recv(65536):  # until the server closes it
                answer += part
            status = answer[9:12]
            stalled = "body" in name or name == "a head"
            refused = b"411" if "unknown" in name else b"408"
            assert status == (refused if stalled else status), name
        assert list((server.data / "temp").iterdir()) == []


def test_a_client_that_is_slow_is_served(tmp_path):
    with running_server(tmp_path / "data", idle_timeout=1.0) as server:
        start = f"/api/resourceuploads/workspaces/{server.workspace_id}/?dataTypeId=Zip"
        fields = "".join(f"{name}: {value}\r\n" for name, value in server.headers.items())
        piece = bytes(640 << 10)
        head = (
            f"POST {start} HTTP/1.1\r\nHost: test\r\n{fields}Content-Length: {15 * len(piece)}\r\n"
        )
        with socket.create_connection(address(server), LIMIT) as connection:
            connection.sendall(f"{head}\r\n".encode())
            for _ in range(15):
                connection.sendall(piece)
                time.sleep(0.1)  # this is the slowness: in sum longer than the server's patience
            assert connection.recv(12) == b"HTTP/1.1 200"


@pytest.mark.parametrize("token", ["right", "wrong"])
def test_a_body_of_unknown_length_is_refused_with_words(server, token):
    path = f"/api/resourceuploads/workspaces/{server.workspace_id}/?dataTypeId=Zip"
    known = server.headers if token == "right" else {"Authorization": "Bearer wrong"}
    fields = [*(f"{name}: {value}" for name, value in known.items()), "Transfer-Encoding: chunked"]
    status, text = ask(server, f"POST {path}", *fields, body=b"4\r\nwhat\r\n0\r\n\r\n")
    assert (status, b"Content-Length" in text) == (411, True)


@pytest.mark.parametrize("size", [1_000_000, 20_000_000])
@pytest.mark.parametrize("ending", ["close", "half-close"])
def test_a_block_that_breaks_off_is_no_block(server, size, ending):
    api, fields = f"{server.endpoint}api", server.headers
    where = f"workspaces/{server.workspace_id}"
    begun = httpx.post(
        f"{api}/resourceuploads/{where}/", params={"dataTypeId": "PlainText"}, headers=fields
    )
    upload = begun.json()["Id"]
    block = {"numberOfBlocks": 2, "uploadId": upload, "dataTypeId": "PlainText"}
    first = httpx.post(
        f"{api}/blobuploads/{where}/", params=block | {"blockId": 0}, content=b"x", headers=fields
    )
    assert first.status_code == 200
    query = "&".join(f"{name}={value}" for name, value in (block | {"blockId": 1}).items())
    lines = [f"{name}: {value}" for name, value in fields.items()]
    head = [f"POST /api/blobuploads/{where}/?{query} HTTP/1.1", "Host: test", *lines]
    with socket.create_connection(address(server), LIMIT) as connection:
        text = "\r\n".join([*head, f"Content-Length: {size}", "", ""])
        connection.sendall(text.encode() + bytes(size // 2))
        if ending == "half-close":
            connection.shutdown(socket.SHUT_WR)
            assert not connection.recv(65536).startswith(b"HTTP/1.1 200")
    dataset = {"DataSource": {"Name": f"broken {upload}", "DataTypeId": "PlainText"}}
    commit = httpx.post(
        f"{api}/{where}/datasources", json=dataset | {"UploadId": upload}, headers=fields
    )
    assert (commit.status_code, "1 of 2 blocks" in commit.text) == (400, True)


def test_behind_a_proxy_links_and_clients_are_the_proxys_word(tmp_path):
    public = "https://datasets.example.org/studio"
    options = {"public_url": public, "failed_logins": 2, "log": tmp_path / "log"}
    with running_server(tmp_path / "data", **options) as server:
        assert server.endpoint == f"{public}/"
        port = next(
            found.laddr.port
            for found in psutil.Process(server.process.pid).net_connections()
            if found.status == psutil.CONN_LISTEN
        )
        base = f"http://127.0.0.1:{port}/api/workspaces/{server.workspace_id}/datasources"
        listed = httpx.get(base, headers={**server.headers, "Host": "elsewhere"}).json()
        assert url_of(listed[0]).startswith(f"{public}/content/")

        def wrong(forwarded):
            headers = {"Authorization": "Bearer wrong", "X-Forwarded-For": forwarded}
            return httpx.get(base, headers=headers).status_code

        assert [wrong("192.0.2.1") for _ in range(3)] == [401, 401, 429]
        assert wrong("192.0.2.9, 192.0.2.1") == 429
        assert wrong("192.0.2.1, 192.0.2.2") == 401


def test_only_a_named_proxy_says_who_the_client_is(tmp_path):
    options = {"public_url": "https://datasets.example.org/", "proxies": ["192.0.2.7"]}
    log = tmp_path / "log"
    with running_server(tmp_path / "data", failed_logins=2, log=log, **options) as server:
        port = next(
            found.laddr.port
            for found in psutil.Process(server.process.pid).net_connections()
            if found.status == psutil.CONN_LISTEN
        )
        base = f"http://127.0.0.1:{port}/api/workspaces/{server.workspace_id}/datasources"

        def wrong(forwarded):
            headers = {"Authorization": "Bearer wrong", "X-Forwarded-For": forwarded}
            return httpx.get(base, headers=headers).status_code

        assert [wrong(f"192.0.2.{n}") for n in range(10, 13)] == [401, 401, 429]


def test_an_address_of_a_proxy_that_is_none_is_refused(tmp_path):
    with pytest.raises(StartError, match="no address of a proxy"):
        check(ServeOptions(tmp_path, proxies=("here",)))


@pytest.mark.parametrize("url", ["datasets.example.org", "ftp://x/", "https://", "https://x/?y=1"])
def test_a_public_address_that_nobody_could_use_is_refused(tmp_path, url):
    with pytest.raises(StartError):
        check(ServeOptions(tmp_path, public_url=url))


def test_without_a_proxy_nobody_says_for_others_who_they_are(tmp_path):
    with running_server(tmp_path / "data", failed_logins=2) as server:

        def wrong(forwarded):
            headers = {"Authorization": "Bearer wrong", "X-Forwarded-For": forwarded}
            return httpx.get(server.url("datasources"), headers=headers).status_code

        assert [wrong(f"192.0.2.{n}") for n in range(3)] == [401, 401, 429]
