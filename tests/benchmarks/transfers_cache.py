"""How long a cache of 10,000 entries takes to tell how full it is and what it would evict.

    python -m tests.benchmarks.transfers_cache [ENTRIES]

`first` is the look that makes the index, after somebody deleted it; the goal is for the others.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from amltui.cache import Cache, PartFile
from amltui.cache.part_files import Identity
from amltui.models import Dataset

ROUNDS = 9


def fill(cache: Cache, count: int) -> None:
    now = time.time() - 10 * count
    for number in range(count):
        name = f"dataset {number}"
        source = Dataset(f"w.{number}.i", str(number), name, "GenericCSV", size=4096)
        entry = cache.entry("workspace", source)
        entry.begin(source)
        part = PartFile.create(entry.raw, Identity(size=4096, etag='"e"'))
        part.write(0, b"x" * 4096)
        part.close()
        part.path.rename(entry.raw)
        part.log.unlink()
        entry.table.mkdir()
        (entry.table / "rows").write_bytes(b"y" * 5000)
        os.utime(entry.directory, (now + number, now + number))


def timed(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return (time.perf_counter() - begun) * 1000


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    with tempfile.TemporaryDirectory() as directory, Cache(Path(directory)) as cache:
        fill(cache, count)
        print(f"{count} entries; first: {timed(cache.info):.0f} ms")
        info = [timed(cache.info) for _ in range(ROUNDS)]
        cache.quota = cache.info().size // 2
        choose = [timed(lambda: cache.choose(0)) for _ in range(ROUNDS)]
        chosen = len(cache.choose(0))
        print(
            f"info: median {statistics.median(info):.0f} ms, worst {max(info):.0f} ms; choosing "
            f"{chosen} to evict: median {statistics.median(choose):.0f} ms, "
            f"worst {max(choose):.0f} ms (goal < 100 ms)"
        )


if __name__ == "__main__":
    main()
