"""Bringing in what the first preview needs, before anybody waits for it."""

from __future__ import annotations

from typing import Final

_ROWS: Final = 200
_ROW: Final = b'%d,1.5,true,2020-01-01,2020-01-01 10:00,"x, y",\n'


def warm_up() -> None:
    """Import pyarrow and its parser, and use them once; takes about 0.3 s, safe in any thread."""
    from amltui.formats.registry import format_of
    from amltui.tables.beginning import first_rows

    # Each type, once as a cast that succeeds and once as one that fails.
    data = b"a,b,c,d,e,f,g\n" + b"".join(_ROW % row for row in range(_ROWS)) + b"x,x,x,x,x,x,x\n"
    first_rows(data, format_of("GenericCSV"), whole=True)
