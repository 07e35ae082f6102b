"""What clients do through the proxies that `amltui help deployment` shows."""

from __future__ import annotations

import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from urllib.parse import urlsplit

import httpx
import pytest

from amltui.server import admin
from amltui.server.audit import Filter
from amltui.server.options import ServeOptions
from tests.support import proxies
from tests.support.server import running_server
from tests.support.services import free_port
from tests.support.studio import Studio, url_of

ELSEWHERE = "127.0.0.2"
"""The address of a client that is no proxy."""


@pytest.mark.parametrize("proxy", [proxies.nginx, proxies.caddy])
def test_a_workspace_behind_a_documented_proxy_does_all_that_it_does_alone(tmp_path, proxy):
    port, behind = free_port(), free_port()
    options = {"public_url": f"http://127.0.0.1:{port}/", "proxies": ["127.0.0.1"], "port": behind}
    with running_server(tmp_path / "data", **options) as server, proxy(port, behind):
        assert urlsplit(server.endpoint).port == port
        studio = Studio(server)
        content = os.urandom(3 << 20)
        blocks = studio.upload(content[:1_000_000], content[1_000_000:], type_="Zip")
        studio.commit(blocks, "blocks", DataTypeId="Zip").raise_for_status()
        whole = studio.create("whole", content, DataTypeId="Zip")
        assert {"blocks", "whole"} == set(studio.own())
        url = url_of(whole)
        assert urlsplit(url).port == port
        answer = studio.get(url)
        assert answer.content == content
        part = studio.get(url, Range="bytes=1000-1999", If_Range=answer.headers["etag"])
        assert (part.status_code, part.content) == (206, content[1000:2000])
        assert part.headers["repr-digest"] == answer.headers["repr-digest"]
        assert studio.get(url, Range="bytes=-10").content == content[-10:]
        assert studio.get(url, Range="bytes=9000000-").status_code == 416
        listed = studio.http.get("datasources")
        tag = {"If-None-Match": listed.headers["etag"]}
        assert studio.http.get("datasources", headers=tag).status_code == 304
        wrong = httpx.get(server.url(), headers={"Authorization": "Bearer wrong"})
        assert wrong.status_code == 401
        studio.close()
        transport = httpx.HTTPTransport(local_address=ELSEWHERE)
        with httpx.Client(transport=transport, headers=server.headers) as client:
            said = {"X-Forwarded-For": "203.0.113.9"}  # anybody may write this
            gone = server.url(f"datasources/family/{whole['FamilyId']}")
            client.delete(gone, headers=said).raise_for_status()
    found = []
    admin.read_audit(ServeOptions(tmp_path / "data"), Filter(action="dataset.delete"), found.extend)
    assert [entry.client for entry in found] == [ELSEWHERE]


@pytest.fixture(params=["one directory", "postgres"])
def shared(request, tmp_path):
    """The data directories of two servers of one workspace, and what both are told."""
    if request.param == "one directory":
        return tmp_path / "data", tmp_path / "data", {}
    (tmp_path / "2").mkdir(mode=0o700)
    database = request.getfixturevalue("postgres").new_database()
    told = {"database": database, "contents": str(tmp_path / "contents")}
    return tmp_path / "1", tmp_path / "2", told


def test_a_server_of_their_own_sends_the_contents_behind_nginx(shared):
    one, two, options = shared
    port, first, second = (free_port() for _ in range(3))
    options["public_url"] = f"http://127.0.0.1:{port}/"
    with running_server(one, port=first, **options) as server:
        if two != one:
            shutil.copy(one / "settings.json", two)
        with (
            running_server(two, port=second, **options) as sender,
            proxies.nginx(port, first, second),
        ):
            both = [
                Studio(replace(server, endpoint=f"http://127.0.0.1:{p}/")) for p in (first, second)
            ]
            with ThreadPoolExecutor() as writers:
                made = list(writers.map(lambda n: both[n % 2].create(f"small {n}"), range(20)))
            studio = Studio(server)
            assert len(studio.own()) == len(made) == 20
            content = os.urandom(1 << 20)
            large = studio.create("large", content, DataTypeId="Zip")
            assert studio.read(large) == content
            assert server.stop() == 0
            assert studio.get(url_of(large), Range="bytes=0-9").content == content[:10]
            assert studio.http.get("datasources").status_code == 502
            for one_of_them in (studio, *both):
                one_of_them.close()
            assert sender.stop() == 0
