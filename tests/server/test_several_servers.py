"""Two servers on PostgreSQL and S3 behind nginx: restarted one by one, and killed one by one."""

from __future__ import annotations

import random
import signal
import threading

import httpx
import pytest

from tests.server.test_kill import Worker, settle_all, wait_for_writes
from tests.support.cluster import cluster
from tests.support.studio import Studio

WORKERS = 3
AWAY = {502, 503, 504}
"""What the proxy answers when it lost the server that it asked."""


class Client(Worker):
    """A worker that sends everything to the proxy, and remembers why it stopped."""

    def __init__(self, number: int, seed: int, *, failures: bool) -> None:
        super().__init__(number, seed)
        self.failures = failures
        self.error: BaseException | None = None

    def run(self, servers, stop) -> None:
        try:
            while not stop.is_set():
                # A connection for each request: one that the proxy closes while it reads its
                # configuration would be no failure of a server.
                studio = Studio(servers[0])
                studio.http.headers["Connection"] = "close"
                try:
                    self.step(studio)
                    self.done += 1
                except (httpx.TransportError, httpx.HTTPStatusError) as error:
                    deleted = self.deleted_before(error)
                    if not self.failures or not (deleted or is_away(error)):
                        raise
                    self.settle_later(servers[0], stop)
                    assert self.pending is not None or deleted not in self.known
                finally:
                    studio.close()
        except BaseException as error:
            self.error = error
            raise

    def deleted_before(self, error) -> str | None:
        """What the proxy found gone, asked again: the server that it asked first was killed."""
        gone = isinstance(error, httpx.HTTPStatusError) and error.response.status_code == 404
        if gone and self.pending is not None and self.pending[0] == "delete":
            return self.pending[1]
        return None

    def settle_later(self, server, stop) -> None:
        studio = Studio(server)
        try:
            while not stop.is_set():
                try:
                    return self.settle(studio)
                except (httpx.TransportError, httpx.HTTPStatusError) as error:
                    if not is_away(error):
                        raise
        finally:
            studio.close()


def is_away(error) -> bool:
    if isinstance(error, httpx.HTTPStatusError):
        return error.response.status_code in AWAY
    return True


@pytest.fixture(scope="module")
def running(postgres, moto):
    with cluster(2, postgres.new_database(), moto.new_container(), moto.environment) as found:
        yield found


def under_load(running, seed, act, *, failures):
    """Let workers work while `act` does something to each server in turn; the workers."""
    workers = [Client(number + seed, seed, failures=failures) for number in range(WORKERS)]
    stop = threading.Event()
    target = [running.workspace]
    threads = [threading.Thread(target=w.run, args=(target, stop)) for w in workers]
    for thread in threads:
        thread.start()
    try:
        for port in running.ports:
            wait_for_writes(workers, 6)
            act(port)
            wait_for_writes(workers, 6)
    finally:
        stop.set()
        for thread in threads:
            thread.join(60)
    assert [worker.error for worker in workers] == [None] * WORKERS
    settle_all(workers, running.workspace, read=True)
    return workers


def test_a_rolling_restart_fails_no_request(running):
    under_load(running, 100, running.restart, failures=False)


def test_each_server_is_killed_in_turn_and_nothing_acknowledged_is_lost(running):
    chance = random.Random(7)

    def kill(port):
        threading.Event().wait(chance.uniform(0, 0.03))
        running.stop(port, signal.SIGKILL)
        running.start(port)

    under_load(running, 200, kill, failures=True)
