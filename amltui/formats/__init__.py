"""One codec per data type id: bytes to rows, and frames."""
