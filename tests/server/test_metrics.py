"""What Prometheus reads, read by its own parser."""

from __future__ import annotations

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from amltui.server.options import ServeOptions
from amltui.server.run import serve
from tests.support.server import running_server
from tests.support.services import free_port
from tests.support.studio import Studio

LIST = "api/workspaces/{w}/datasources"


@pytest.fixture
def address():
    return f"127.0.0.1:{free_port()}"


def read(address):
    """Values by name and labels."""
    text = httpx.get(f"http://{address}/metrics").raise_for_status().text
    return {
        (sample.name, *(value for _, value in sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_requests_bytes_contents_and_whether_all_answers_are_read(tmp_path, address):
    with running_server(tmp_path / "data", metrics=address, samples=False) as server:
        studio = Studio(server)
        first = studio.create("sales", b"12345")
        studio.update(first, b"1234567")
        studio.begin(content=b"123")
        assert studio.read(first) == b"12345"
        for _ in range(3):
            studio.all()
        assert studio.http.get("datasources/none").status_code == 404
        assert httpx.get(f"{server.endpoint}made/up").status_code == 404
        found = read(address)
        studio.close()
    upload = "api/resourceuploads/workspaces/{w}/"
    content = "content/{key}"
    assert found["amltui_requests_total", "GET", LIST, "200"] == 3
    assert found["amltui_requests_total", "GET", f"{LIST}/{{id}}", "404"] == 1
    assert found["amltui_requests_total", "", "", "404"] == 1
    assert found["amltui_request_seconds_count", "GET", LIST] == 3
    assert found["amltui_received_bytes_total", "POST", upload] == 15
    assert found["amltui_sent_bytes_total", "GET", content] == 5
    assert found["amltui_requests_active", "POST", upload] == 0
    assert (found["amltui_datasets",], found["amltui_versions",]) == (1, 2)
    assert (found["amltui_contents",], found["amltui_contents_bytes",]) == (3, 15)
    assert found["amltui_uploads_open",] == 1
    assert found["amltui_up", "database"] == found["amltui_up", "store"] == 1
    assert 0 < found["amltui_probe_seconds", "database"] < 60
    assert found["process_open_fds",] > 3
    assert server.token not in repr(found)


def test_the_janitors_deeds_are_counted(tmp_path, address):
    with running_server(tmp_path / "data", metrics=address, samples=False) as server:
        studio = Studio(server)
        gone = studio.create("gone", b"12345")
        studio.http.delete(f"datasources/family/{gone['FamilyId']}").raise_for_status()
        while not (found := read(address)).get(("amltui_janitor_removed_total", "contents")):
            pass  # each reading waits for the server's loop, which the janitor works on
        found = read(address)  # that one may have counted contents before the janitor went on
        studio.close()
    assert found["amltui_janitor_runs_total", "done"] == 1
    assert found["amltui_contents",] == 0


def test_what_does_not_answer_is_said_and_all_else_is_still_read(tmp_path, address):
    data = tmp_path / "data"
    with running_server(data, metrics=address, samples=False):
        (data / "workspace.sqlite").rename(data / "away")
        found = read(address)
        (data / "away").rename(data / "workspace.sqlite")
        assert read(address)["amltui_up", "database"] == 1
    assert (found["amltui_up", "database"], found["amltui_up", "store"]) == (0, 1)
    assert ("amltui_datasets",) not in found


def test_nothing_is_served_there_unless_it_is_asked_for(tmp_path):
    with running_server(tmp_path / "data", samples=False) as server:
        assert httpx.get(f"{server.endpoint}metrics").status_code == 404


@pytest.mark.parametrize("wrong", ["nowhere", "127.0.0.1:99999", "192.0.2.1:9464"])
def test_an_address_that_cannot_be_is_told(tmp_path, wrong, capsys):
    assert serve(ServeOptions(tmp_path / "data", metrics=wrong)) == 1
    assert wrong in capsys.readouterr().err
