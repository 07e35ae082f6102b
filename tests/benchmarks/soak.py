"""Mixed traffic for a long time: whether the server's memory and descriptors stay flat.

    python -m tests.benchmarks.soak [--minutes 30] [--database URL]

Eight clients create, update, rename, read, list, ask for schemas and pages, send wrong tokens and
delete what they made, so that the workspace stays as large as it is. Memory and descriptors of the
server's process are read each second; the first fifth of the time warms up and counts for nothing.
The slowest step of each kind is told, so that a wait that grows shows before it ends in a timeout,
and the end of the server's log where a client met something else than it should or must ask again.
"""

from __future__ import annotations

import argparse
import random
import re
import statistics
import tempfile
import threading
import time
from pathlib import Path

import httpx
import psutil

from tests.support.server import RunningServer, running_server
from tests.support.studio import Studio

MIB = 1 << 20
CLIENTS = 8
KEPT = 20
"""Datasets of one client at a time."""


STEPS = ("create", "create", "create", "update", "list", "schema", "pages", "wrong token")
"""What a draw of 0 to 7 does; any other reads."""


def expect(answer: httpx.Response, *codes: int, later: int = 0) -> list[str]:
    """Fail with what came, where it is none of these; what one is told who must ask `later`."""
    told = f"{answer.status_code} {answer.url.path} {answer.text[:200]}"
    if answer.status_code == later and "retry-after" in answer.headers:
        return [told]
    if answer.status_code not in codes:
        raise AssertionError(told)
    return []


class Client(threading.Thread):
    """One of them; what it does is chosen by a seed."""

    def __init__(self, server: RunningServer, number: int, stop: threading.Event) -> None:
        super().__init__()
        self.random = random.Random(number)
        self.server, self.number, self.stop = server, number, stop
        self.done = 0
        self.slowest: dict[str, float] = {}
        """Seconds, by kind of step."""
        self.later: list[str] = []
        """Schemas that were not computed then: a client that is told so asks again."""
        self.failed = ""

    def run(self) -> None:
        studio = Studio(self.server)
        page = httpx.Client(base_url=self.server.endpoint, follow_redirects=True, timeout=60)
        key = re.search('form_key" value="([0-9a-f]+)"', page.get("").text)
        assert key
        page.post("web/sign-in", data={"form_key": key[1], "token": self.server.token})
        mine: list[dict] = []
        tag = ""
        try:
            while not self.stop.is_set():
                act = self.random.randrange(10)
                began = time.monotonic()
                if act < 3 or not mine:
                    size = self.random.choice([0, 100, 10_000, 1 << 20])
                    rows = b"a,b\n" + b"%d,word\n" % self.done * (size // 10)
                    mine.append(studio.create(f"soak {self.number} {self.done}", rows))
                    if len(mine) > KEPT:
                        gone = mine.pop(0)["FamilyId"]
                        studio.http.delete(f"datasources/family/{gone}").raise_for_status()
                elif act == 3:
                    at = self.random.randrange(len(mine))
                    mine[at] = studio.update(mine[at], b"a,b\n1,%d\n" % self.done)
                elif act == 4:
                    answer = studio.http.get("datasources", headers={"If-None-Match": tag})
                    tag = answer.headers["etag"]
                elif act == 5:
                    path = f"datasources/{self.random.choice(mine)['Id']}/schema"
                    self.later += expect(studio.http.get(path), 200, 202, 409, later=503)
                elif act == 6:
                    page.get("web/").raise_for_status()
                    page.get(f"web/datasets/{self.random.choice(mine)['Id']}").raise_for_status()
                elif act == 7:
                    wrong = {"x-ms-metaanalytics-authorizationtoken": f"wrong {self.done}"}
                    expect(httpx.get(self.server.url(), headers=wrong), 401, 429)
                else:
                    studio.read(self.random.choice(mine))
                kind = STEPS[act] if act < len(STEPS) and mine else "read or create"
                took = time.monotonic() - began
                self.slowest[kind] = max(took, self.slowest.get(kind, 0.0))
                self.done += 1
        except Exception as error:  # noqa: BLE001 - it is told at the end
            asked = error.request.url.path if isinstance(error, httpx.RequestError) else ""
            self.failed = f"{error!r} {asked}"
        finally:
            studio.close()
            page.close()


def watch(server: RunningServer, seconds: float) -> list[tuple[int, int]]:
    """Bytes of memory and descriptors, each second."""
    process, seen = psutil.Process(server.process.pid), []
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        seen.append((process.memory_info().rss, process.num_fds()))
        time.sleep(1)  # how often memory is looked at
    return seen


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--database")
    given = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(dir="/var/tmp") as name,
        running_server(
            Path(name) / "data", database=given.database, web=True, afresh=True
        ) as server,
    ):
        stop = threading.Event()
        clients = [Client(server, number, stop) for number in range(CLIENTS)]
        for client in clients:
            client.start()
        watch(server, given.minutes * 12)
        seen = watch(server, given.minutes * 48)
        stop.set()
        for client in clients:
            client.join()
        log = (server.data / "server.log").read_text().splitlines()
    failed = [client.failed for client in clients if client.failed]
    part = max(1, len(seen) // 5)
    for what, unit, bound, values in (
        ("memory", MIB, "at most +10 MiB", [memory / MIB for memory, _ in seen]),
        ("descriptors", 1, "flat", [float(files) for _, files in seen]),
    ):
        first, last = statistics.median(values[:part]), statistics.median(values[-part:])
        print(f"{what}: {first:.0f} first, {last:.0f} last, {last - first:+.0f} "
              f"({bound}{', in MiB' if unit == MIB else ''}); most {max(values):.0f}")  # fmt: skip
    kinds = sorted({kind for client in clients for kind in client.slowest})
    slow = (f"{kind} {max(c.slowest.get(kind, 0.0) for c in clients):.1f} s" for kind in kinds)
    print(f"slowest steps: {', '.join(slow)}")
    print(f"{sum(client.done for client in clients)} steps; failures: {failed}")
    later = [words for client in clients for words in client.later]
    print(f"schemas that were not to be had at once: {later}")
    if failed or later:
        print("the end of the server's log:", *log[-20:], sep="\n")


if __name__ == "__main__":
    main()
