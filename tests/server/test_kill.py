"""`kill -9` at random moments: what was acknowledged is there, nothing else half is."""

from __future__ import annotations

import hashlib
import random
import subprocess
import sys
import threading
import time
from contextlib import suppress

import httpx
import pytest

from amltui.server import admin
from amltui.server.run import ServeOptions
from tests.support.server import ROOT, start_server
from tests.support.studio import Studio, url_of

pytestmark = pytest.mark.slow  # fifty servers are started and killed

WORKERS = 4


class Worker:
    """Does one thing after another to datasets of its own, and knows what must be there."""

    def __init__(self, number: int, seed: int) -> None:
        self.number = number
        self.random = random.Random(seed * 100 + number)
        self.known: dict[str, tuple[str, bytes]] = {}
        """Family to name and contents, as acknowledged."""
        self.pending: tuple[str, str, str, bytes] | None = None
        """What was asked and not answered: kind, family, name, contents."""
        self.done = 0
        self.created = 0

    def run(self, servers, stop) -> None:
        """Work until told to stop or until no server answers."""
        studios = [Studio(server) for server in servers]
        try:
            while not stop.is_set() and studios:
                studio = self.random.choice(studios)
                try:
                    self.step(studio)
                    self.done += 1
                except httpx.TransportError:
                    studios.remove(studio)
                    studio.close()
                    if studios:
                        self.settle(studios[0])
        except httpx.TransportError:
            pass
        finally:
            for studio in studios:
                studio.close()

    def step(self, studio) -> None:
        kinds = ["create"] if len(self.known) < 2 else ["create", "update", "rename", "delete"]
        kind = self.random.choice(kinds)
        family = self.random.choice(sorted(self.known)) if kind != "create" else ""
        old_name, old = self.known.get(family, ("", b""))
        content = self.random.randbytes(self.random.choice([0, 10, 50_000]))
        self.created += 1
        name = f"w{self.number} n{self.created}"
        if kind == "create":
            blocks = [content[:7], content[7:]] if content else []
            upload = studio.upload(*blocks)
            self.pending = (kind, family, name, content)
            made = studio.commit(upload, name).raise_for_status().json()
            self.known[made.split(".")[1]] = (name, content)
        elif kind == "update":
            upload = studio.begin(content=content)
            self.pending = (kind, family, old_name, content)
            studio.commit(upload, old_name, family=family).raise_for_status()
            self.known[family] = (old_name, content)
        elif kind == "rename":
            self.pending = (kind, family, name, old)
            studio.http.patch(
                f"datasources/family/{family}", json={"Name": name}
            ).raise_for_status()
            self.known[family] = (name, old)
        else:
            self.pending = (kind, family, old_name, old)
            studio.http.delete(f"datasources/family/{family}").raise_for_status()
            del self.known[family]
        self.pending = None

    def settle(self, studio) -> None:
        """Look whether what was not answered has happened; all else must be as acknowledged."""
        mine = [d for n, d in studio.own().items() if n.startswith(f"w{self.number} ")]
        found = {d["FamilyId"]: (d["Name"], d) for d in mine}
        if self.pending is not None:
            kind, family, name, content = self.pending
            if kind == "create":
                new = [f for f, (n, _) in found.items() if n == name]
                family = new[0] if new else ""
                happened = bool(new)
            elif kind == "delete":
                happened = family not in found
            else:
                shown, dataset = found[family]
                happened = (shown, hash_of(dataset)) == (name, sha256(content))
            if happened and kind == "delete":
                del self.known[family]
            elif happened:
                self.known[family] = (name, content)
            self.pending = None
        assert {f: n for f, (n, _) in self.known.items()} == {f: n for f, (n, _) in found.items()}
        for family, (_, dataset) in found.items():
            content = self.known[family][1]
            assert hash_of(dataset) == sha256(content)
            assert dataset["Size"] == len(content)

    def compare_bytes(self, studio) -> None:
        for name, dataset in studio.own().items():
            if name.startswith(f"w{self.number} "):
                assert studio.read(dataset) == self.known[dataset["FamilyId"]][1]


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def hash_of(dataset) -> str:
    """A content's link is named by its hash."""
    return url_of(dataset).partition("content/")[2].partition("?")[0]


def work_and_kill(workers, servers, victim, chance) -> None:
    """Let all workers work, kill one server at a random moment, let the others go on a little.

    The moment lies shortly after some acknowledged writes: a slow machine needs longer for them.
    """
    stop = threading.Event()
    threads = [threading.Thread(target=w.run, args=(servers, stop)) for w in workers]
    for thread in threads:
        thread.start()
    wait_for_writes(workers, chance.randint(2, 12))
    stop.wait(chance.uniform(0, 0.03))
    victim.kill()
    if len(servers) > 1:
        wait_for_writes(workers, 4)
    stop.set()
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive()


def wait_for_writes(workers, more: int) -> None:
    """Wait until the workers have seen so many more of their writes acknowledged."""
    wanted = sum(worker.done for worker in workers) + more
    deadline = time.monotonic() + 60
    while sum(worker.done for worker in workers) < wanted:
        assert time.monotonic() < deadline, "the server acknowledges nothing"
        time.sleep(0.002)  # the workers are plain threads: nothing else tells


def settle_all(workers, server, *, read: bool) -> None:
    studio = Studio(server)
    try:
        for worker in workers:
            worker.settle(studio)
            if read:
                worker.compare_bytes(studio)
    finally:
        studio.close()


def close(server) -> None:
    with suppress(OSError):
        server.process.stdin.close()
    server.process.stdout.close()


def test_fifty_kills_lose_nothing_that_was_acknowledged(tmp_path):
    data, chance = tmp_path / "data", random.Random(50)
    workers = [Worker(number, 1) for number in range(WORKERS)]
    for kill in range(50):
        server = start_server(data)
        settle_all(workers, server, read=kill % 10 == 0)
        work_and_kill(workers, [server], server, chance)
        close(server)
    server = start_server(data)
    settle_all(workers, server, read=True)
    server.stop()
    close(server)
    report = admin.check(ServeOptions(data))
    assert report.findings == ()
    assert sum(worker.done for worker in workers) >= 100


def test_of_two_servers_on_one_database_one_is_killed_and_nothing_is_lost(tmp_path, postgres):
    data, chance = tmp_path / "data", random.Random(51)
    workers = [Worker(number, 2) for number in range(WORKERS)]
    options = {"database": postgres.new_database()}
    survivor = start_server(data, **options)
    for _ in range(8):
        victim = start_server(data, **options)
        work_and_kill(workers, [survivor, victim], victim, chance)
        close(victim)
        settle_all(workers, survivor, read=False)
    settle_all(workers, survivor, read=True)
    survivor.stop()
    close(survivor)
    assert admin.check(ServeOptions(data, **options)).findings == ()
    assert sum(worker.done for worker in workers) >= 8 * 6


def test_two_servers_and_a_migration_are_killed_again_and_again_and_nothing_is_lost(
    tmp_path, postgres
):
    data, new, chance = tmp_path / "data", tmp_path / "new", random.Random(52)
    url = postgres.new_database()
    options = {"database": url, "samples": False}
    command = [sys.executable, "-m", "amltui", "server", "migrate", "--from", url]
    command += ["--from-contents", data, "--to", new]
    workers = [Worker(number, 3) for number in range(WORKERS)]
    servers = [start_server(data, **options) for _ in range(2)]
    settings = (data / "settings.json").read_bytes()
    for number in range(10):
        migration = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=ROOT
        )
        victim = servers[number % 2]
        work_and_kill(workers, servers, victim, chance)
        if number > 1:  # until then its own start takes longer
            time.sleep(chance.uniform(0, 1.5))
        migration.kill()
        migration.wait()
        close(victim)
        servers[number % 2] = start_server(data, **options)
        settle_all(workers, servers[number % 2], read=False)
    for server in servers:
        server.stop()
        close(server)
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    assert admin.check(ServeOptions(new)).findings == ()
    (new / "settings.json").write_bytes(settings)
    moved = start_server(new, samples=False)
    settle_all(workers, moved, read=True)
    moved.stop()
    close(moved)
    assert admin.check(ServeOptions(data, database=url)).findings == ()
