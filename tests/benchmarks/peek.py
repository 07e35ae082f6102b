"""Places of a CSV of 20 GB elsewhere, which is made as it is read and is never on a disk.

    python -m tests.benchmarks.peek [--round-trip 0.05]

From asking for the last row, or that in the middle, to having it: what is above one round trip,
and how much was fetched for it.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

from amltui.cache import Cache
from amltui.services.previews import open_preview
from amltui.transfers import Transfers
from tests.benchmarks.tables import say
from tests.support.generated import GeneratedWorkspace

ROWS = 200_000_000
ROUNDS = 5
PLACES: dict[str, Callable[[int], int]] = {
    "G: the last row": lambda count: count - 1,
    ":50%: the row in the middle": lambda count: count // 2,
}


async def place(directory: Path, delay: float, row: Callable[[int], int]) -> tuple[float, int]:
    """Seconds from asking for a row to having it, and the bytes that were fetched for it."""
    workspace = GeneratedWorkspace(ROWS, delay=delay)
    with Cache(directory, 1 << 40) as cache:
        async with Transfers(workspace, cache) as queue:

            async def transfers() -> Transfers:
                return queue

            async def connect() -> GeneratedWorkspace:
                return workspace

            preview = await open_preview(
                cache, workspace.key, transfers, workspace.listed, connect=connect, limit=1 << 20
            )
            try:
                peeked = preview.peeked
                assert peeked is not None
                before = preview.received
                began = time.perf_counter()
                _, found = await preview.window_of(row(peeked.row_count), 1)
                seconds = time.perf_counter() - began
                assert peeked.here(found.start)
                return seconds, preview.received - before
            finally:
                preview.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--round-trip", type=float, default=0.05)
    delay = parser.parse_args().round_trip
    for name, row in PLACES.items():
        found = []
        for _ in range(ROUNDS):
            with tempfile.TemporaryDirectory() as directory:
                found.append(asyncio.run(place(Path(directory), delay, row)))
        above = (median(seconds for seconds, _ in found) - delay) * 1000
        say(f"{name}, above a round trip", f"{above:.0f} ms", "100 ms")
        fetched = max(size for _, size in found)
        say(f"{name}, fetched", f"{fetched / 2**20:.2f} MiB", "2 MiB")


if __name__ == "__main__":
    main()
