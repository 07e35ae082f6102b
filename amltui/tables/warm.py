"""Bringing in what the first preview needs, before anybody waits for it."""

from __future__ import annotations


def warm_up() -> None:
    """Import pyarrow and its parser, and use them once; takes about 0.3 s, safe in any thread."""
    from amltui.formats.registry import format_of
    from amltui.tables.first import first_rows

    first_rows(b'a,b,c\n1,2020-01-01,"x"\n"2",,y\n', format_of("GenericCSV"), whole=True)
