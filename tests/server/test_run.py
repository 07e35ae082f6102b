"""Starting, stopping and logging, for a team and embedded."""

from __future__ import annotations

import json
import os
import signal
import socket
import ssl
import subprocess
import sys

import httpx
import psutil
import pytest

from tests.support.server import ROOT, RunningServer, running_server, start_server
from tests.support.studio import Studio, url_of

MIB = 1 << 20
_TEAM = """
import sys
from pathlib import Path
from amltui.server.run import ServeOptions, serve
data, port, *words = sys.argv[1:]
options = ServeOptions(Path(data), port=int(port), host=words[0] if words else "127.0.0.1")
sys.exit(serve(options))
"""


def start_team(data, port=0, *words, log=subprocess.PIPE):
    return subprocess.Popen(
        [sys.executable, "-c", _TEAM, str(data), str(port), *words],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=log,
        text=True,
    )


def settings_of(data):
    return json.loads((data / "settings.json").read_text())["workspace"]


def open_slowly(url):
    """A download of which nothing is read yet."""
    address, _, path = url.removeprefix("http://").partition("/")
    host, port = address.split(":")
    connection = socket.create_connection((host, int(port)))
    connection.sendall(f"GET /{path} HTTP/1.1\r\nHost: {address}\r\n\r\n".encode())
    assert connection.recv(12) == b"HTTP/1.1 200"
    return connection


def rest_of(connection):
    total = 0
    while part := connection.recv(MIB):
        total += len(part)
    connection.close()
    return total


def test_a_team_server_says_where_its_settings_are_and_never_the_token(tmp_path):
    data = tmp_path / "data"
    server = start_team(data)
    line = server.stdout.readline()
    workspace = settings_of(data)
    assert str(data / "settings.json") in line
    assert workspace["api_endpoint"] in line
    headers = {"x-ms-metaanalytics-authorizationtoken": workspace["authorization_token"]}
    base = f"{workspace['api_endpoint']}api/workspaces/{workspace['id']}"
    listed = httpx.get(f"{base}/datasources", headers=headers)
    link = url_of(listed.json()[0])
    httpx.get(link)
    refused = httpx.get(f"{base}/datasources", headers={"Authorization": "Bearer wrongtoken"})
    server.send_signal(signal.SIGTERM)
    out, log = server.communicate(timeout=60)
    assert server.returncode == 0
    assert workspace["authorization_token"] not in line + out + log
    assert "wrongtoken" not in log
    assert "sig=" not in log
    lines = [json.loads(text) for text in log.splitlines()]
    assert [entry["event"] for entry in lines] == ["started", *["request"] * 3, "stopped"]
    assert [entry["status"] for entry in lines[1:4]] == [200, 200, 401]
    assert lines[1]["id"] == listed.headers["x-ms-request-id"]
    assert lines[3]["id"] == refused.json()["Id"]


def start_with_big_content(data):
    """A team server, and the link to 24 MiB on it."""
    server = start_team(data)
    endpoint = server.stdout.readline().split()[4].rstrip(";")
    with running_server(data) as beside:
        studio = Studio(beside)
        url = url_of(studio.create("big", os.urandom(24 * MIB)))
        studio.close()
    return server, url.replace(beside.endpoint, endpoint)


def test_a_stop_finishes_transfers_and_takes_no_new_ones(tmp_path):
    server, url = start_with_big_content(tmp_path / "data")
    slow = open_slowly(url)
    server.send_signal(signal.SIGTERM)
    said = "waiting up to 300 s for transfers"
    assert any(said in line for line in iter(server.stderr.readline, ""))
    with pytest.raises(httpx.TransportError):
        httpx.get(url)
    assert rest_of(slow) > 24 * MIB
    assert server.wait(120) == 0
    server.communicate()


def test_a_second_signal_ends_a_server_that_waits_for_a_stalled_client(tmp_path):
    server, url = start_with_big_content(tmp_path / "data")
    slow = open_slowly(url)
    server.send_signal(signal.SIGTERM)
    with pytest.raises(subprocess.TimeoutExpired):
        server.wait(0.5)
    server.send_signal(signal.SIGTERM)
    assert server.wait(20) == 0
    slow.close()
    server.communicate()


def test_an_embedded_server_does_not_wait_long_for_a_stalled_client(tmp_path):
    with running_server(tmp_path / "data") as server:
        studio = Studio(server)
        slow = open_slowly(url_of(studio.create("big", os.urandom(24 * MIB))))
        studio.close()
        assert server.stop(timeout=20) == 0
        slow.close()


def test_a_killed_parent_ends_the_embedded_server(tmp_path):
    script = (
        "import sys, time; sys.path.insert(0, '.')\n"
        "from pathlib import Path; from tests.support.server import start_server\n"
        "server = start_server(Path(sys.argv[1]))\n"
        "print(server.process.pid, server.endpoint, flush=True); time.sleep(600)\n"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", script, tmp_path / "data"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    pid, endpoint = parent.stdout.readline().split()
    assert httpx.get(f"{endpoint}health").is_success
    parent.kill()
    parent.communicate()
    psutil.wait_procs([psutil.Process(int(pid))] if psutil.pid_exists(int(pid)) else [], 30)
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{endpoint}health")


def test_a_list_is_compressed_and_the_same_as_its_datasets_one_by_one(tmp_path):
    """Before and after changes, of which each makes anew only what it changed."""
    process = start_team(tmp_path / "data", log=subprocess.DEVNULL)
    process.stdout.readline()
    given = settings_of(tmp_path / "data")
    address, token = given["api_endpoint"], given["authorization_token"]
    server = RunningServer(address, given["id"], token, tmp_path / "data", process)
    studio = Studio(server)

    def assert_same():
        plain = studio.http.get("datasources", headers={"Accept-Encoding": "identity"})
        packed = studio.http.get("datasources")
        assert "content-encoding" not in plain.headers
        assert packed.headers["content-encoding"] == "gzip"
        assert packed.json() == plain.json()
        for listed in packed.json():
            alone = studio.one(listed["Id"])
            for only_here in ("Sha256", "CreatedBy"):
                alone.pop(only_here)
            assert listed == alone
            assert studio.get(url_of(listed)).is_success
        return int(packed.headers["content-length"]), len(plain.content)

    small, large = assert_same()
    assert small < large / 2
    made = [studio.create(f'"{n}" \u2713', b"%d" % n, DataTypeId="Zip") for n in range(3)]
    assert_same()
    family = f"datasources/family/{made[0]['FamilyId']}"
    studio.http.patch(family, json={"Description": "changed"}).raise_for_status()
    studio.http.delete(f"datasources/family/{made[1]['FamilyId']}").raise_for_status()
    assert_same()
    studio.close()
    process.terminate()
    process.communicate(timeout=60)


def test_a_taken_port_is_told(tmp_path):
    with running_server(tmp_path / "one") as server:
        port = int(server.endpoint.rsplit(":", 1)[1].strip("/"))
        second = start_team(tmp_path / "two", port)
        _, words = second.communicate(timeout=60)
        assert second.returncode == 1
        assert "cannot be listened on" in words


def test_another_host_is_refused_without_tls(tmp_path):
    server = start_team(tmp_path / "data", 0, "0.0.0.0")
    _, words = server.communicate(timeout=60)
    assert server.returncode == 1
    assert "--insecure" in words
    assert not (tmp_path / "data").exists()


def test_it_speaks_tls(tmp_path):
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1"]
    command += ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"]
    subprocess.run([*command, "-keyout", key, "-out", cert], check=True, capture_output=True)
    with running_server(tmp_path / "data", tls_cert=cert, tls_key=key) as server:
        assert server.endpoint.startswith("https://")
        trust = ssl.create_default_context(cafile=str(cert))
        listed = httpx.get(server.url("datasources"), headers=server.headers, verify=trust)
        link = url_of(listed.json()[0])
        assert link.startswith(server.endpoint)
        assert httpx.get(link, verify=trust).is_success


def test_limits_are_told_and_leave_nothing_behind(tmp_path):
    with running_server(tmp_path / "data", upload_limit=2 * MIB, quota=3 * MIB) as server:
        studio = Studio(server)
        start = f"{server.endpoint}api/resourceuploads/workspaces/{server.workspace_id}/"
        query = {"dataTypeId": "Zip"}
        assert studio.http.post(start, params=query, content=bytes(2 * MIB + 1)).status_code == 413
        upload = studio.begin("Zip")
        assert studio.block(upload, 0, 3, bytes(MIB)).is_success
        assert studio.block(upload, 1, 3, bytes(MIB + 1)).status_code == 413
        studio.create("one", os.urandom(2 * MIB))
        full = studio.http.post(start, params=query, content=os.urandom(MIB + 1))
        assert full.status_code == 507
        assert studio.http.get("quota").json() == {
            "UsedStorage": 3 * MIB,  # the block too
            "MaximumStorage": 3 * MIB,
        }
        assert list((server.data / "temp").iterdir()) == []
        studio.close()


def test_a_read_only_workspace_directory_is_told(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(RuntimeError, match="exit code 1"):
        start_server(tmp_path / "file" / "data")


def test_an_embedded_server_ends_cleanly_by_a_signal_too(tmp_path):
    with running_server(tmp_path / "data") as server:
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(120) == 0
