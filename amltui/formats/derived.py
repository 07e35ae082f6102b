"""What streams of another form have in common: going back, and stopping at bombs."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Final

from amltui.errors import Swollen, Unreadable

if TYPE_CHECKING:
    from amltui.formats.input import Stream

RATIO: Final = 200
"""Bytes that a byte may unpack to, on average, once `UNSUSPECTED` bytes are unpacked."""
UNSUSPECTED: Final = 64 << 20
_PIECE: Final = 64 * 1024
"""Bytes that are read at once to pass them over."""


class DerivedStream(ABC):
    """A stream that is made of another one, from its first byte on."""

    def __init__(self, stream: Stream) -> None:
        """Begin; `stream` stands at its first byte."""
        self._stream = stream
        self._at = 0
        """Bytes that were given out."""
        self._start()

    @abstractmethod
    def _start(self) -> None:
        """Take nothing for read; the stream stands at its first byte."""

    @abstractmethod
    def read(self, size: int) -> bytes:
        """See `formats.input.Stream.read`."""

    def seek(self, offset: int) -> None:
        """See `formats.input.Stream.seek`. Back is from the start again: there is no other way."""
        if offset < self._at:
            self._stream.seek(0)
            self._at = 0
            self._start()
        while self._at < offset and self.read(min(_PIECE, offset - self._at)):
            pass


class UnpackedStream(DerivedStream):
    """A stream that is unpacked from another one."""

    packed = 0
    """Bytes of the other one that were read."""
    what = ""
    """What it is, in words."""

    def _count(self, size: int) -> None:
        """Note that `size` more bytes are unpacked.

        Raises:
            Swollen: they are far more than such a content should hold.
        """
        self._at += size
        if self._at > UNSUSPECTED and self._at > RATIO * self.packed:
            raise Swollen(
                f"The {self.what} unpacks to more than {RATIO} times its size, as bombs do: it "
                f"was read up to byte {self._at:,} of what it holds",
                hint="If you trust it, download and unpack it.",
            )

    def _unreadable(self, problem: str) -> Unreadable:
        return Unreadable(
            f"The {self.what} {problem}, after {self._at:,} bytes of what it holds",
            hint="Get it again from where it came from: this copy is not whole.",
        )
