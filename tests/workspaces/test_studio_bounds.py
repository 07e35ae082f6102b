"""What a server may send, and how its failures are told."""

from __future__ import annotations

import asyncio
import gzip
import json
import ssl
import time
from contextlib import asynccontextmanager

import pytest

from amltui import errors
from amltui.models import Dataset, Location
from amltui.workspaces.http import api_answers, client, faults
from amltui.workspaces.studio import Retry, StudioWorkspace
from tests.support.listening import listening
from tests.support.raw_server import Answer, json_answer, raw_server
from tests.workspaces.conftest import made_certificate

W = "11111111111111111111111111111111"
TOKEN = "s3cretT0ken"
ONCE = Retry(attempts=1)


@asynccontextmanager
async def at(port, scheme="http", host="127.0.0.1", retry=ONCE):
    async with StudioWorkspace(f"{scheme}://{host}:{port}/", W, TOKEN, retry=retry) as workspace:
        yield workspace


@asynccontextmanager
async def answering(handler):
    async with raw_server(handler) as server, at(server.port) as workspace:
        yield workspace


async def test_a_compressed_answer_is_read_and_one_that_grows_without_end_is_refused(monkeypatch):
    monkeypatch.setattr(api_answers, "MOST", 1 << 20)
    small = gzip.compress(json.dumps([{"Id": "w.f.i", "Name": "n"}]).encode())
    bomb = gzip.compress(b" " * (1 << 28))
    bodies = iter([small, bomb, small[:-9], b"not compressed"])

    def handler(_request):
        return Answer(body=next(bodies), headers={"Content-Encoding": "gzip"})

    async with answering(handler) as workspace:
        listing = await workspace.datasets()
        assert [one.name for one in listing.datasets] == ["n"]
        with pytest.raises(errors.WorkspaceError, match="larger than 1 MiB"):
            await workspace.datasets()
        for _ in range(2):
            with pytest.raises(errors.Damaged):
                await workspace.datasets()


async def test_an_answer_compressed_as_nobody_asked_is_refused():
    answer = Answer(body=b"x", headers={"Content-Encoding": "zstd"})
    async with answering(lambda _: answer) as workspace:
        with pytest.raises(errors.Damaged, match="not asked for"):
            await workspace.datasets()


async def test_an_endless_answer_is_refused(monkeypatch):
    monkeypatch.setattr(api_answers, "MOST", 1 << 20)

    async def serve(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while True:
            writer.write(b"10000\r\n" + b" " * 0x10000 + b"\r\n")
            await writer.drain()

    async with listening(serve) as port, at(port) as workspace:
        with pytest.raises(errors.WorkspaceError, match="larger"):
            await workspace.datasets()


async def drip(writer, piece):
    while True:
        writer.write(piece)
        await writer.drain()
        await asyncio.sleep(0.01)


async def test_headers_that_come_in_drops_end_and_are_not_asked_for_again(monkeypatch):
    monkeypatch.setattr(client, "HEAD_SECONDS", 0.2)
    connections = []

    async def serve(reader, writer):
        connections.append(1)
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\n")
        await drip(writer, b"x: y\r\n")

    async with listening(serve) as port, at(port, retry=Retry(first_wait=0.001)) as workspace:
        with pytest.raises(errors.Unreachable, match="headers took more than"):
            await workspace.datasets()
    assert len(connections) == 1


async def test_an_answer_that_comes_in_drops_ends_and_an_errors_status_is_kept(monkeypatch):
    monkeypatch.setattr(client, "BODY_SECONDS", 0.2)
    status = 200

    async def serve(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(f"HTTP/1.1 {status} X\r\nContent-Length: 99999\r\n\r\n".encode())
        await drip(writer, b" ")

    async with listening(serve) as port, at(port) as workspace:
        with pytest.raises(errors.Unreachable, match="took more than"):
            await workspace.datasets()
        status = 409
        with pytest.raises(errors.Conflict):
            await workspace.datasets()


async def test_a_content_may_take_longer_than_an_answer(monkeypatch):
    monkeypatch.setattr(client, "BODY_SECONDS", 0.1)
    monkeypatch.setattr(client, "HEAD_SECONDS", 0.1)

    async def serve(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n")
        for _ in range(20):
            writer.write(b".")
            await asyncio.sleep(0.02)
        await asyncio.Event().wait()

    async with listening(serve) as port, at(port) as workspace:
        place = Location(f"http://127.0.0.1:{port}/", "c", "?sig=s")
        source = Dataset("w.f.i", "f", "n", "PlainText", download_location=place)
        async with workspace.read(source) as content:
            assert b"".join([chunk async for chunk in content]) == b"." * 20


@pytest.mark.parametrize("piece", ["<", "<script", "<title", "<a ", "?a", "https://", "token="])
def test_an_error_page_costs_time_in_proportion_to_its_size(piece):
    def seconds(size):
        body = (piece * size).encode()[:size]
        taken = []
        for _ in range(5):
            started = time.process_time()
            faults.message_of(body, "text/html", "X", [])
            taken.append(time.process_time() - started)
        return min(taken)

    assert seconds(20_000) < 10 * seconds(5_000) + 0.002  # the square would be 16


def test_the_words_of_a_page_are_its_title_or_its_text_without_scripts():
    def said(page):
        return faults.message_of(page.encode(), "text/html", "X", [])

    assert said("<html><title lang=de>It &amp; broke</title><p>no") == "It & broke"
    assert said("<style>b {}</style><p>one<script>x<y</script> two</p>") == "one two"
    assert said("<p>one<script>never closed") == "one"


async def test_a_retry_after_that_is_no_time_is_ignored():
    fields = {"Retry-After": "Mon, 01 Jan 99999999999999999999 00:00:00 GMT"}
    async with answering(lambda _: Answer(503, headers=fields)) as workspace:
        with pytest.raises(errors.ServerFailed) as caught:
            await workspace.datasets()
    assert caught.value.retry_after is None


async def test_a_link_with_a_port_that_does_not_exist_is_no_address():
    async with answering(lambda _: json_answer([])) as workspace:
        place = Location("http://h:99999/", "c", "?sig=SIGNED")
        source = Dataset("w.f.i", "f", "n", "PlainText", download_location=place)
        with pytest.raises(errors.WorkspaceError, match="no address") as caught:
            async with workspace.read(source):
                pass
    assert "SIGNED" not in str(caught.value)


async def test_a_redirect_to_a_port_that_does_not_exist_is_refused():
    answer = Answer(302, headers={"Location": "http://127.0.0.1:99999/"})
    async with answering(lambda _: answer) as workspace:
        with pytest.raises(errors.AmltuiError, match="Port out of range"):
            await workspace.datasets()


@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
async def test_certificates_that_are_not_there_are_named_with_their_variable(
    monkeypatch, variable, tmp_path
):
    monkeypatch.setenv(variable, str(tmp_path / "nope.pem"))
    with pytest.raises(errors.ConfigError) as caught:
        async with at(9, "https"):
            pass
    assert variable in str(caught.value)
    assert "nope.pem" in str(caught.value)
    (tmp_path / "nope.pem").write_text("no certificate")
    with pytest.raises(errors.ConfigError, match="holds no certificate"):
        async with at(9, "https"):
            pass


async def test_plain_http_does_without_certificates_until_an_answer_leads_to_https(
    monkeypatch, tmp_path
):
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "nope.pem"))
    async with answering(lambda _: Answer(200, b"[]")) as workspace:
        assert await workspace.datasets() is not None
    elsewhere = Answer(302, headers={"Location": "https://127.0.0.1:9/"})
    async with answering(lambda _: elsewhere) as workspace:
        with pytest.raises(errors.ConfigError, match=r"nope\.pem"):
            await workspace.datasets()


def tls_server(certificate):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)

    async def serve(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]")
        await asyncio.Event().wait()

    return listening(serve, ssl=context)


@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"])
async def test_a_private_issuer_is_trusted_by_the_old_clients_variable_too(
    monkeypatch, variable, certificate
):
    monkeypatch.setenv(variable, str(certificate[0]))
    async with tls_server(certificate) as port, at(port, "https") as workspace:
        assert await workspace.datasets() is not None


async def test_plain_http_to_a_port_of_tls_says_https(certificate):
    async with tls_server(certificate) as port, at(port) as workspace:
        with pytest.raises(errors.AmltuiError) as caught:
            await workspace.datasets()
    assert "https://" in caught.value.hint


@pytest.mark.parametrize("said", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b""])
async def test_tls_to_a_port_of_plain_http_says_http(said):
    async def serve(reader, writer):
        await reader.read(100)
        writer.write(said)
        writer.close()

    async with listening(serve) as port, at(port, "https") as opened:
        with pytest.raises(errors.Unreachable) as caught:
            await opened.datasets()
    assert "http://" in caught.value.hint


@pytest.mark.parametrize(
    ("names", "expired", "said"),
    [("IP:127.0.0.1", True, "expired"), ("DNS:other.example", False, "another host")],
)
async def test_what_is_wrong_with_a_certificate_is_said(
    monkeypatch, tmp_path, names, expired, said
):
    pair = await asyncio.to_thread(made_certificate, tmp_path, names, expired=expired)
    monkeypatch.setenv("SSL_CERT_FILE", str(pair[0]))
    async with tls_server(pair) as port, at(port, "https") as workspace:
        with pytest.raises(errors.Unreachable) as caught:
            await workspace.datasets()
    assert said in caught.value.hint
    assert not caught.value.passing


async def test_failures_of_the_network_are_told_in_words():
    async with raw_server(lambda _: None) as server:
        port = server.port
    for host, words in (("127.0.0.1", "refused"), ("nowhere.invalid", "")):
        async with at(port, host=host) as workspace:
            with pytest.raises(errors.Unreachable) as caught:
                await workspace.datasets()
        assert "Errno" not in str(caught.value)
        assert words in str(caught.value)


async def test_a_list_says_how_many_of_its_entries_could_not_be_read():
    entries = [{"Id": "w.f.i", "Name": "n", "Size": "x"}, {"Name": "without an id"}]
    async with answering(lambda _: json_answer(entries, ETag='"v1"')) as workspace:
        listing = await workspace.datasets()
    assert [one.name for one in listing.datasets] == ["n"]
    assert (listing.unreadable, listing.etag) == (1, '"v1"')
