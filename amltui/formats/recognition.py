"""Which binary format bytes are in, by the first of them: what no text begins with."""

from __future__ import annotations

import re
from typing import Final

from amltui.errors import Unreadable

_SIGNATURES: Final = (
    ("gzip", rb"\x1f\x8b\x08"),
    ("Zstandard", rb"\x28\xb5\x2f\xfd"),
    ("bzip2", rb"BZh[1-9](?:1AY&SY|\x17\x72\x45\x38\x50\x90)"),
    ("xz", rb"\xfd7zXZ\0"),
    ("LZ4", rb"\x04\x22\x4d\x18"),
    ("Snappy", rb"\xff\x06\0\0sNaPpY"),
    ("7-Zip", rb"7z\xbc\xaf\x27\x1c"),
    ("RAR", rb"Rar!\x1a\x07"),
    ("Parquet", rb"PAR[1E][^\t\n\r -~]"),
    ("Arrow IPC (Feather)", rb"ARROW1\0\0"),
    ("an Arrow IPC stream", rb"\xff\xff\xff\xff...[\0-\x0f]\x10\0\0\0"),
    ("Feather version 1", rb"FEA1[^\t\n\r -~]"),
    ("ORC", rb"ORC.{,16}[\0-\x08]"),
    ("Avro", rb"Obj\x01"),
    ("HDF5", rb"\x89HDF\r\n\x1a\n"),
    ("a NumPy array", rb"\x93NUMPY"),
    ("R data", rb"RD[AX][23]\n[ABX]\n"),
    ("SQLite", rb"SQLite format 3\0"),
    ("an Excel workbook (xls) or another OLE file", rb"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"),
    ("PDF", rb"%PDF-\d\.\d"),
    ("PNG", rb"\x89PNG\r\n\x1a\n"),
    ("JPEG", rb"\xff\xd8\xff[\xc0-\xfe]"),
    ("GIF", rb"GIF8[79]a.{6}[\0-\x09\x0b\x0c\x0e-\x1f]"),
)
_PATTERNS: Final = tuple((name, re.compile(bytes_, re.DOTALL)) for name, bytes_ in _SIGNATURES)
_ZIP: Final = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")
_IN_ZIP: Final = (
    ("an Excel workbook (xlsx)", b"xl/"),
    ("a Word document (docx)", b"word/"),
    ("a presentation (pptx)", b"ppt/"),
    ("OpenDocument", b"mimetypeapplication/vnd.oasis.opendocument"),
)


def recognise(head: bytes) -> str | None:
    r"""The usual name of the binary format that a file's first bytes show; None: none is known.

    >>> recognise(b"\x1f\x8b\x08\0"), recognise(b"a,b\n1,2\n")
    ('gzip', None)

    Args:
        head: the first bytes; 4 KiB tell most kinds of zip archives apart, 16 all others.
    """
    if is_zip(head):
        return next((name for name, entry in _IN_ZIP if entry in head[:4096]), "zip")
    return next((name for name, pattern in _PATTERNS if pattern.match(head)), None)


def is_zip(head: bytes) -> bool:
    """Whether a file's first bytes are those of a zip archive."""
    return head.startswith(_ZIP)


def say_mismatch(head: bytes, data_type_id: str) -> str:
    """One line about bytes that a type of text cannot be in; "" where nothing speaks against it."""
    found = recognise(head)
    return f"These bytes are {found}, not {data_type_id}" if found else ""


def mismatch(message: str) -> Unreadable:
    """The error for what `say_mismatch` says."""
    return Unreadable(
        message, hint="Download it and unpack or convert it, or give it the right data type."
    )
