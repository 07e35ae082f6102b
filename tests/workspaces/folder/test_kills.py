"""`kill -9` at random moments while the program reads from folders and stores and writes there.

AMLTUI_TEST_KILLS=100 kills each test's commands so often.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
from pathlib import Path
from time import monotonic
from urllib.parse import urlsplit

import obstore
import pytest
from botocore.config import Config
from botocore.session import get_session
from obstore.store import LocalStore, from_url

from amltui.workspaces.folder.store_listing import HIDDEN
from tests.support.forks import COMMAND

pytestmark = pytest.mark.slow  # processes are started and killed

KILLS = int(os.environ.get("AMLTUI_TEST_KILLS", "10"))
"""Of downloads, and as many of uploads, of each kind of store."""
PART = 5 << 20


@pytest.fixture(params=["disk", "moto", "azurite"])
def url(request, monkeypatch, tmp_path):
    """An empty folder of this disk, bucket, or container."""
    if request.param == "disk":
        (tmp_path / "there").mkdir()
        return (tmp_path / "there").as_uri()
    service = request.getfixturevalue(request.param)
    for name, value in service.environment.items():
        monkeypatch.setenv(name, value)
    return service.new_container()


@pytest.fixture
def store(url):
    """obstore's view of it."""
    if url.startswith("file:"):
        return LocalStore(urlsplit(url).path)
    return from_url(url, client_options={"allow_http": True})


@pytest.fixture
def amltui(url, forks, tmp_path):
    """Runs the program, and kills it `after` some seconds; its exit code, and what it said."""
    environment = os.environ | {
        f"AMLTUI_{name}_DIR": str(tmp_path / name.lower()) for name in ("CONFIG", "CACHE", "DATA")
    }

    def run(*arguments, after=None):
        with Path(os.devnull).open("r+b") as nothing, (tmp_path / "said").open("w+b") as said:
            streams = [nothing.fileno(), nothing.fileno(), said.fileno()]
            process = forks.start(COMMAND, list(arguments), environment, tmp_path, streams)
            try:
                code = process.wait(after)
            except subprocess.TimeoutExpired:
                process.kill()
                code = process.wait()
            said.seek(0)
            return code, said.read().decode()

    assert run("profile", "add", "there", "--url", url, "--write")[0] == 0
    return run


def shown(store):
    """The objects that a list shows: what a killed process probed the store with is hidden."""
    found = {meta["path"] for page in obstore.list(store) for meta in page}
    return {key for key in found if not key.rpartition("/")[2].startswith((HIDDEN, "."))}


def test_a_killed_download_leaves_nothing_under_its_name_and_goes_on(amltui, store, url, tmp_path):
    longest = 0.4 if url.startswith("file:") else 0.9
    folder = tmp_path / "to"
    folder.mkdir()
    kills, rounds = 0, 0
    while kills < KILLS:
        assert rounds < 4 * KILLS, f"only {kills} of {rounds} downloads could be killed"
        data = random.randbytes(40_000_000 + rounds)
        obstore.put(store, "big.bin", data)
        target = folder / f"{rounds}.bin"
        for attempt in range(6):
            code, said = amltui(
                *("get", "big.bin", "-o", str(target), "--profile", "there"),
                after=random.uniform(0.0, longest) if attempt < 5 else None,
            )
            if code == 0 or (code == 5 and target.exists()):  # killed when it was done
                break
            assert code == -signal.SIGKILL, said
            kills += 1
            assert not target.exists() or target.read_bytes() == data
        assert target.read_bytes() == data
        target.unlink()
        rounds += 1
    print(f"{kills} kills, {rounds} downloads")
    assert list(folder.iterdir()) == []


def test_a_killed_upload_leaves_nothing_and_goes_on(amltui, store, url, tmp_path):
    first, last = (0.0, 0.5) if url.startswith("file:") else (0.2, 1.4)
    source = tmp_path / "big.bin"
    kills, rounds = 0, 0
    while kills < KILLS:
        assert rounds < 4 * KILLS, f"only {kills} of {rounds} uploads could be killed"
        data = random.randbytes(4 * PART + rounds)
        source.write_bytes(data)
        name = f"{rounds}.bin"
        put = ("put", str(source), "--name", name, "--profile", "there")
        for turn in range(11):
            began = monotonic()
            code, said = amltui(*put, after=random.uniform(first, last) if turn < 10 else None)
            if code == 0 or (code == 5 and name in shown(store)):  # killed when it was done
                if code == 0 and turn == 0:  # as long as that is what a kill has time for
                    last = max(min(last, monotonic() - began), 1.2 * first)
                break
            assert code == -signal.SIGKILL, said
            kills += 1
            assert shown(store) <= {f"{n}.bin" for n in range(rounds + 1)}
        assert bytes(obstore.get(store, name).bytes()) == data
        obstore.delete(store, name)
        rounds += 1
    print(f"{kills} kills, {rounds} uploads")
    assert shown(store) == set()
    if url.startswith("s3"):
        client = get_session().create_client(
            "s3",
            "us-east-1",
            endpoint_url=os.environ["AWS_ENDPOINT"],
            config=Config(s3={"addressing_style": "path"}),
        )
        bucket = url.split("/")[2]
        assert "Uploads" not in client.list_multipart_uploads(Bucket=bucket)
