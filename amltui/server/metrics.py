"""`serve --metrics`: what Prometheus reads, on an address of its own.

Requests are counted as they end. What the database and the store hold, and how fast they answer,
is looked up when it is read. The client library's own server answers, in a thread of its own, so
that it also answers while the event loop is busy.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Final

import sqlalchemy as sa
from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    start_http_server,
)
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy.ext.asyncio import AsyncConnection

from amltui.models import GLOBAL_WORKSPACE_ID
from amltui.server import catalog
from amltui.server.database.failures import is_failure
from amltui.server.database.tables import blocks, contents, families, instances, uploads
from amltui.server.http_errors import HTTPError, StartError
from amltui.server.state import ServerState, Watcher

_PATIENCE: Final = 10.0
"""Seconds that the database and the store may take when they are looked at."""
_SECONDS: Final = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 120, 600)
_HELD: Final = (
    ("datasets", "Datasets of the workspace, examples not counted", families),
    ("versions", "Versions of all datasets, examples not counted", instances),
    ("contents", "Contents in the store, examples counted", contents),
    ("uploads_open", "Uploads that were begun and not committed", uploads),
)


class Metrics(Watcher):
    """All metrics of one server."""

    def __init__(self, state: ServerState) -> None:
        self.registry = CollectorRegistry()
        self.registry.register(_Held(state, asyncio.get_running_loop()))
        ProcessCollector(registry=self.registry)
        labels = ("method", "route")
        self._requests = Counter(
            "amltui_requests", "Requests", (*labels, "status"), registry=self.registry
        )
        self._seconds = Histogram(
            "amltui_request_seconds",
            "Seconds from a request's head to the end of its answer",
            labels,
            buckets=_SECONDS,
            registry=self.registry,
        )
        self._received = Counter(
            "amltui_received_bytes", "Bytes of bodies of requests", labels, registry=self.registry
        )
        self._sent = Counter(
            "amltui_sent_bytes", "Bytes of bodies of answers", labels, registry=self.registry
        )
        self._active = Gauge(
            "amltui_requests_active", "Requests under way", labels, registry=self.registry
        )
        self._runs = Counter(
            "amltui_janitor_runs", "Runs of the janitor", ("result",), registry=self.registry
        )
        self._removed = Counter(
            "amltui_janitor_removed",
            "What the janitor removed, by kind",
            ("kind",),
            registry=self.registry,
        )

    @contextmanager
    def active(self, method: str, route: str) -> Iterator[None]:
        """A request is under way: those of uploads' routes are the uploads under way."""
        with self._active.labels(method, route).track_inprogress():
            yield

    def request(
        self, method: str, route: str, status: int, seconds: float, received: int, sent: int
    ) -> None:
        """A request is over."""
        self._requests.labels(method, route, str(status)).inc()
        self._seconds.labels(method, route).observe(seconds)
        self._received.labels(method, route).inc(received)
        self._sent.labels(method, route).inc(sent)

    def janitor(self, removed: dict[str, int] | None) -> None:
        """The janitor ran. None: it failed."""
        self._runs.labels("failed" if removed is None else "done").inc()
        for kind, number in (removed or {}).items():
            self._removed.labels(kind).inc(number)


@contextmanager
def serving(state: ServerState, address: str) -> Iterator[Metrics]:
    """Answer at `HOST:PORT` for the block.

    Raises:
        StartError: the address cannot be listened on, or is none.
    """
    host, _, port = address.rpartition(":")
    if not (port.isascii() and port.isdigit() and int(port) <= 65535):
        raise StartError(f"{address} is no address for metrics: write it as 127.0.0.1:9464.")
    metrics = Metrics(state)
    host = host.strip("[]") or "127.0.0.1"
    try:
        server, thread = start_http_server(int(port), host, metrics.registry)
    except OSError as error:
        raise StartError(f"{address} cannot be listened on: {error.strerror}") from None
    try:
        yield metrics
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Held(Collector):
    """What the database and the store hold, and whether and how fast they answer."""

    def __init__(self, state: ServerState, loop: asyncio.AbstractEventLoop) -> None:
        self._state = state
        self._loop = loop

    def describe(self) -> list[Metric]:
        """Nothing: without this the registry would read all of it when it is registered."""
        return []

    def collect(self) -> list[Metric]:
        """All of it, looked up on the server's loop; called in a thread of the metrics' server."""
        asked = asyncio.run_coroutine_threadsafe(self._read(), self._loop)
        return asked.result(3 * _PATIENCE)

    async def _read(self) -> list[Metric]:
        up = GaugeMetricFamily("amltui_up", "Whether it answers", labels=["part"])
        seconds = GaugeMetricFamily(
            "amltui_probe_seconds", "Seconds that it took to answer now", labels=["part"]
        )
        parts: dict[str, Callable[[], Awaitable[None]]] = {
            "database": self._probe_database,
            "store": self._state.store.probe,
        }
        for part, probe in parts.items():
            began = time.perf_counter()
            answered = await _answers(probe)
            up.add_metric([part], float(answered))
            if answered:
                seconds.add_metric([part], time.perf_counter() - began)
        held: list[Metric] = []

        async def count() -> None:
            async with self._state.database.reading() as connection:
                held.extend(await _counts(connection))

        await _answers(count)
        return [up, seconds, *held]

    async def _probe_database(self) -> None:
        async with self._state.database.reading() as connection:
            await catalog.probe(connection, self._state.workspace_id)


async def _answers(probe: Callable[[], Awaitable[None]]) -> bool:
    try:
        async with asyncio.timeout(_PATIENCE):
            await probe()
    except Exception as error:
        if isinstance(error, HTTPError) or is_failure(error):
            return False
        raise
    return True


async def _counts(connection: AsyncConnection) -> list[Metric]:
    found: list[Metric] = []
    for name, words, table in _HELD:
        asked = sa.select(sa.func.count()).select_from(table)
        if "workspace_id" in table.c:
            asked = asked.where(table.c.workspace_id != GLOBAL_WORKSPACE_ID)
        number = await connection.scalar(asked) or 0
        found.append(GaugeMetricFamily(f"amltui_{name}", words, value=number))
    for name, words, column in (
        ("contents_bytes", "Bytes of all contents in the store", contents.c.size),
        ("uploads_open_bytes", "Bytes of blocks that were not committed", blocks.c.size),
    ):
        size = await connection.scalar(sa.select(sa.func.coalesce(sa.func.sum(column), 0)))
        found.append(GaugeMetricFamily(f"amltui_{name}", words, value=int(size or 0)))
    return found
