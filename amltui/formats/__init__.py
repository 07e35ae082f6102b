"""One codec per data type id: bytes to rows, and frames.

Importing this package costs nothing: pyarrow and numpy come with the first block parsed.
"""

from amltui.formats.guess import UNKNOWN_BINARY, data_type_of_name, guess_data_type
from amltui.formats.registry import KNOWN, Format, file_name, format_of

__all__ = [
    "KNOWN",
    "UNKNOWN_BINARY",
    "Format",
    "data_type_of_name",
    "file_name",
    "format_of",
    "guess_data_type",
]
