"""Ingest in a process of its own, so that it never takes the interpreter from the screen.

    python -m amltui.tables.worker SOURCE DATA_TYPE_ID DIRECTORY [--dialect=TEXT] [--follow]
        [--sheet=NAME] [--part=BYTES]

Prints one JSON object per line: progress (`stage`, `rows`, `consumed`, `malformed`), or as its
last line an error (`error`, `message`, `hint`). With `--follow` it reads on standard input how
many bytes of the source are there (a number per line), then `end`. It ends when its standard
input does, so also when its parent is killed.
"""

from __future__ import annotations

import json
import os
import sys
import time
from dataclasses import asdict
from pathlib import Path
from threading import Thread
from typing import Any, Final

from amltui.errors import AmltuiError, Cancelled
from amltui.formats.dialect import format_with
from amltui.priority import process_gives_way
from amltui.tables.ingest_progress import IngestProgress
from amltui.tables.source import GrowingFile
from amltui.tables.writing import ingest

_PAUSE: Final = 0.05
"""Seconds between two lines of progress of one stage."""


class _Printer:
    def __init__(self) -> None:
        self._last = 0.0
        self._stage = ""

    def __call__(self, progress: IngestProgress) -> None:
        now = time.monotonic()
        if progress.stage == self._stage and now - self._last < _PAUSE:
            return
        self._last, self._stage = now, progress.stage
        self.line(asdict(progress))

    @staticmethod
    def line(value: dict[str, Any]) -> None:
        sys.stdout.write(json.dumps(value) + "\n")
        sys.stdout.flush()


def _listen(stream: GrowingFile, *, follow: bool) -> None:
    """Take in what the parent says until it is gone."""
    if not follow:
        stream.finish()
    for line in sys.stdin.buffer:
        word = line.strip()
        if word == b"end":
            stream.finish()
        elif word.isdigit():
            stream.advance(int(word))
    stream.cancel()


def main(arguments: list[str]) -> int:
    """Run the worker; returns the exit code: 0 done, 1 failed, 130 the parent went away."""
    source, data_type_id, directory, *options = arguments
    dialect = next((one.partition("=")[2] for one in options if one.startswith("--dialect=")), "")
    process_gives_way()
    printer = _Printer()
    try:
        with GrowingFile(Path(source)) as stream:
            listener = Thread(
                target=_listen, args=(stream,), kwargs={"follow": "--follow" in options}
            )
            listener.daemon = True
            listener.start()
            fmt = format_with(data_type_id, dialect)
            names = [one.removeprefix("--sheet=") for one in options if one.startswith("--sheet=")]
            parts = [int(one[len("--part=") :]) for one in options if one.startswith("--part=")]
            ingest(
                Path(source) if fmt.kind == "batches" or parts else stream,
                fmt,
                Path(directory),
                report=printer,
                sheet=names[0] if names else None,
                part=parts[0] if parts else None,
            )
    except Cancelled:
        return 130
    except (AmltuiError, OSError) as error:
        hint = error.hint if isinstance(error, AmltuiError) else ""
        printer.line({"error": type(error).__name__, "message": str(error), "hint": hint})
        return 1
    return 0


if __name__ == "__main__":
    code = main(sys.argv[1:])
    # The listening thread waits in a read that nothing ends: leave without it.
    sys.stdout.flush()
    os._exit(code)
