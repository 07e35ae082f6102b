"""Fields too long to be kept, read from the content when one is asked for."""

from __future__ import annotations

from amltui.formats.blocks import Codec, Cut
from amltui.formats.encoding import decode
from amltui.formats.fields import split_row
from amltui.formats.reader import Input, Stream
from amltui.formats.registry import Format
from amltui.formats.translation import translation_of


def whole_field(
    stream: Stream,
    cut: Cut,
    codec: Codec,
    fmt: Format,
    *,
    stream_encoding: str | None,
    encoding: str | None,
) -> str:
    """A field that was cut, whole.

    Args:
        stream: where it lies.
        cut: its place there.
        codec: what has read the content's header, which may name the delimiter.
        fmt: what the content is read as.
        stream_encoding: UTF-8, UTF-16 or UTF-32; None: `stream` begins where the content does.
        encoding: what the text is in.

    Raises:
        OSError: the disk fails.
    """
    data = Input(stream, stream_encoding, fmt=fmt)
    data.seek(cut.start)
    parts, missing = [], cut.size
    while missing and (part := data.read(missing)):
        parts.append(part)
        missing -= len(part)
    raw = b"".join(parts)
    if cut.quoted:
        fields = split_row(raw, codec.delimiter, skip_space=codec.skip_space)
        raw = fields.texts[0] or b""
    text = decode(raw, encoding)
    translation = translation_of(fmt)
    return text if translation is None else translation.back(text)
