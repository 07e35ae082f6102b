"""The border where errors of the libraries that read files become the program's own."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator

import pyarrow as pa

from amltui.errors import AmltuiError, Unreadable
from amltui.formats.registry import Format
from amltui.text import visible


@contextlib.contextmanager
def mapped(fmt: Format) -> Iterator[None]:
    """Say what is wrong with a file in the program's own errors."""
    try:
        yield
    except (AmltuiError, MemoryError):
        raise
    except (pa.ArrowException, OSError, sqlite3.Error, ValueError, OverflowError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise
        words = visible(str(error).strip().partition("\n")[0])[:200]
        raise Unreadable(f"The {fmt.data_type_id} file cannot be read: {words}") from error
