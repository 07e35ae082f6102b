"""What bytes are and how they read: one codec per format, encodings, guesses, frames.

The border to `tables`: here is all that must know a format. A codec is given bytes and gives rows
of text as Arrow batches, in one pass over a stream, and keeps nothing. `tables` knows no format: it
keeps where rows are and the columns made of them, and answers questions. So a delimiter, a quote or
an encoding is this package's matter; a file on disk, a row number or a type of a column that one's.

    registry, recognition, guess        which format: by the type id, the bytes, the file's name
    encoding                            which characters
    reader                              a stream to blocks of whole rows to batches (`RowReader`)
    delimited, plain, arff              the codecs; scan, fields and oversized find rows and fields
    frames                              pandas frames, as the old client made and wrote them

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
