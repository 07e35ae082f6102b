"""Fields too long to be kept, read from the content when one is asked for."""

from __future__ import annotations

import codecs
from collections.abc import Callable, Iterable, Iterator
from typing import Final

from amltui.formats.blocks import FIELD_KEPT, ROW_KEPT, Cut
from amltui.formats.encoding import MIXED
from amltui.formats.input import Input, Stream
from amltui.formats.registry import Format
from amltui.formats.row_fields import QUOTED
from amltui.formats.translation import translation_of
from amltui.text import human_size

_PIECE: Final = 1024 * 1024


def say_cut(count: int) -> str:
    """What answers are like where a table has not all of some cells."""
    cells = "1 cell is" if count == 1 else f"{count:,} cells are"
    return (
        f"{cells} too long for answers to hold whole (more than {human_size(ROW_KEPT)} in a row): "
        f"of such a cell only the first {human_size(FIELD_KEPT)} count here"
    )


def field_parts(
    stream: Stream,
    cut: Cut,
    fmt: Format,
    *,
    stream_encoding: str | None,
    encoding: str | None,
) -> Iterator[str]:
    """A field that was cut, whole, in parts that fit into memory.

    Args:
        stream: where it lies.
        cut: its place there.
        fmt: what the content is read as.
        stream_encoding: UTF-8, UTF-16 or UTF-32; None: `stream` begins where the content does.
        encoding: what the text is in.

    Raises:
        OSError: the disk fails.
    """

    def pieces() -> Iterator[bytes]:
        stream.seek(0)
        data = Input(stream, stream_encoding, fmt=fmt)
        data.seek(cut.start)
        found = _read(data, cut.size)
        return unquoted(found) if cut.quoted else found

    translation = translation_of(fmt)
    decoder = codecs.getincrementaldecoder(_encoding(pieces, encoding))()
    for piece in pieces():
        text = decoder.decode(piece)
        yield text if translation is None else translation.back(text)


def _read(data: Input, missing: int) -> Iterator[bytes]:
    while missing and (part := data.read(min(missing, _PIECE))):
        missing -= len(part)
        yield part


def unquoted(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """A quoted field without its quotes, as `split_row` gives it."""
    inside, held = True, b""
    for number, piece in enumerate(pieces):
        part = held + piece if number else piece[1:]
        if not inside:
            yield piece
            continue
        # Whether a quote closes the field shows with what follows it.
        text = part.rstrip(b'"')
        held = part[len(text) :]
        match = QUOTED.match(text)
        assert match is not None
        yield match.group().replace(b'""', b'"')
        if match.end() < len(text):
            inside = False
            yield text[match.end() + 1 :] + held
            held = b""
    yield b'"' * (len(held) // 2)


def _encoding(pieces: Callable[[], Iterator[bytes]], encoding: str | None) -> str:
    """The encoding that `decode` takes for the whole."""
    name = "utf-8" if encoding is None else encoding
    names = [name]
    if name.startswith("utf-8"):
        names = ["utf-8", name.removeprefix(MIXED) if name != "utf-8" else "cp1252"]
    for one in names:
        decoder = codecs.getincrementaldecoder(one)()
        try:
            for piece in pieces():
                decoder.decode(piece)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            continue
        return one
    return "latin-1"
