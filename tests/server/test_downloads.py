"""Many downloads at once: all come whole, and what others do with theirs keeps nobody waiting."""

from __future__ import annotations

import contextlib
import hashlib
import os
import socket
import struct
from concurrent.futures import ThreadPoolExecutor

import psutil
import pytest

from tests.server.test_run import MIB, open_slowly
from tests.support.server import running_server
from tests.support.services import wait_until
from tests.support.studio import Studio, url_of

LIMIT = 15
"""Seconds, below the twenty that a download may wait for its turn."""
CONTENT = os.urandom(16 * MIB)


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with running_server(tmp_path_factory.mktemp("data") / "data", samples=False) as running:
        yield running


@pytest.fixture(scope="module")
def url(server):
    with Studio(server) as studio:
        return url_of(studio.create("large", CONTENT, DataTypeId="Zip"))


@pytest.fixture
def studio(server):
    with Studio(server) as studio:
        studio.http.timeout = LIMIT
        yield studio


def body_of(connection):
    """All that still comes on a connection, without the rest of the head."""
    received = b""
    while b"\r\n\r\n" not in received:
        received += connection.recv(MIB)
    parts = [received.partition(b"\r\n\r\n")[2]]
    left = len(CONTENT) - len(parts[0])
    while left and (part := connection.recv(MIB)):
        parts.append(part)
        left -= len(part)
    return b"".join(parts)


def break_off(connection):
    """Close it as a client that is killed: what is under way is thrown away."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def asked(url):
    """A connection on which the download was asked for; whether it begins is not known."""
    address, _, path = url.removeprefix("http://").partition("/")
    host, _, port = address.partition(":")
    connection = socket.create_connection((host, int(port)), LIMIT)
    connection.sendall(f"GET /{path} HTTP/1.1\r\nHost: {address}\r\n\r\n".encode())
    return connection


def test_those_who_read_nothing_keep_nobody_waiting_and_get_all_later(studio, url):
    with contextlib.ExitStack() as opened:
        slow = [opened.enter_context(open_slowly(url)) for _ in range(32)]
        small = studio.create("small", b"a small one")
        assert "small" in studio.own()
        assert studio.http.get(url_of(small)).content == b"a small one"
        with ThreadPoolExecutor(8) as readers:
            assert all(body == CONTENT for body in readers.map(body_of, slow))


def test_many_at_once_are_whole_each_the_range_that_it_asked_for(studio, url):
    def part(number):
        start = number * 123_457
        answer = studio.http.get(url, headers={"Range": f"bytes={start}-"})
        assert answer.status_code == 206
        return hashlib.sha256(answer.content).digest() == hashlib.sha256(CONTENT[start:]).digest()

    with ThreadPoolExecutor(16) as readers:
        assert all(readers.map(part, range(32)))


@pytest.mark.parametrize("when", ["before it begins", "at its head", "in the middle"])
def test_of_a_hundred_downloads_that_break_off_none_keeps_its_turn(studio, server, url, when):
    process = psutil.Process(server.process.pid)
    before = process.num_fds()
    connections = [asked(url) for _ in range(100)]
    for connection in connections:
        if when != "before it begins":
            assert connection.recv(12) == b"HTTP/1.1 200"
        if when == "in the middle":
            connection.recv(MIB)
    for connection in connections:
        break_off(connection)
    with ThreadPoolExecutor(4) as readers:
        answers = list(readers.map(studio.http.get, [url] * 4))
    assert all(answer.content == CONTENT for answer in answers)

    def closed():
        assert process.num_fds() <= before + 4  # of the connections that the client keeps

    wait_until(closed, LIMIT)
