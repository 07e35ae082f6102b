"""One JSON object per line: requests, and failures with the id that the client was told.

Paths are logged without their query strings, where signatures stand; headers are not logged.
"""

from __future__ import annotations

import logging
import sys
from datetime import UTC, datetime
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any, Final

import msgspec

LOGGER: Final = logging.getLogger("amltui.server")
_FILES: Final = {True: (64 << 20, 32), False: (4 << 20, 1)}
"""Bytes of a file and how many older ones stay, with and without requests in the log."""


class _Json(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "event": record.getMessage(),
        }
        line |= getattr(record, "fields", {})
        if record.exc_info:
            line["cause"] = self.formatException(record.exc_info)
        return msgspec.json.encode(line).decode()


def configure(file: Path | None, *, access: bool) -> None:
    """Log to a file that is rotated, or to stderr; `access` says whether requests too."""
    handler: logging.Handler
    if file is None:
        handler = logging.StreamHandler(sys.stderr)
    else:
        size, older = _FILES[access]
        handler = RotatingFileHandler(file, maxBytes=size, backupCount=older, delay=True)
    handler.setFormatter(_Json())
    LOGGER.handlers = [handler]
    LOGGER.propagate = False
    LOGGER.setLevel(logging.INFO if access else logging.WARNING)


def event(message: str, level: int = logging.INFO, *, failed: bool = False, **fields: Any) -> None:
    """Write one line. `failed`: with the exception being handled."""
    if LOGGER.isEnabledFor(level):
        LOGGER.log(level, message, extra={"fields": fields}, exc_info=failed)
