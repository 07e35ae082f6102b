"""What pandas and Arrow have to be told about delimited text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import pandas as pd

PANDAS: Final = tuple(int(part) for part in pd.__version__.split(".")[:2])


@dataclass(frozen=True, slots=True)
class CsvOptions:
    """How the fields of a text are told apart, for both parsers."""

    delimiter: str
    header: bool
    skip_space: bool
    """Whether spaces before a field do not count."""
    names: Sequence[str | int] | None = None
    """Of all columns, where the first row has fewer fields. None: as the first row says."""

    def for_pandas(self) -> dict[str, Any]:
        """Arguments for `pandas.read_csv`."""
        options: dict[str, Any] = {
            "sep": self.delimiter,
            "header": 0 if self.header else None,
            "skipinitialspace": self.skip_space,
            "encoding": "utf-8",
            "low_memory": False,
        }
        if self.names is not None:
            options["names"] = list(self.names)
        if PANDAS < (3, 1):
            options["float_precision"] = "round_trip"
        return options
