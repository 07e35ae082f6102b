"""`--debug`: what happens, told without secrets, on standard error or in a file."""

from __future__ import annotations

import logging
import os
from pathlib import Path

from amltui.redact import redacted
from amltui.text import visible_lines


class RedactingFormatter(logging.Formatter):
    """A log format whose lines hold no secret, tracebacks included."""

    def __init__(self) -> None:
        super().__init__("amltui: %(relativeCreated)d ms %(name)s: %(message)s")

    def format(self, record: logging.LogRecord) -> str:
        """The record as one redacted text."""
        return visible_lines(redacted(super().format(record)))


def log_to_stderr() -> None:
    """Tell everything on standard error from now on."""
    _log(logging.StreamHandler())


def log_to_file() -> Path:
    """Tell everything in a file from now on, for the screen is taken; where that is.

    Raises:
        LocalError: it cannot be written.
    """
    from amltui.config.paths import cache_dir
    from amltui.errors import LocalError

    path = cache_dir() / "debug.log"
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    except OSError as error:
        raise LocalError(
            f"Cannot write {path}: {error.strerror}",
            hint="AMLTUI_CACHE_DIR names another directory.",
        ) from error
    _log(logging.StreamHandler(os.fdopen(descriptor, "w", encoding="utf-8")))
    return path


def _log(handler: logging.Handler) -> None:
    handler.setFormatter(RedactingFormatter())
    logging.basicConfig(level=logging.DEBUG, handlers=[handler])
