"""Three public data sets of credits that were paid back or were not.

German credit (UCI, CC BY 4.0): 1,000 credits, 300 bad. Taiwan (UCI, CC BY 4.0): 30,000 card clients, 6,636 in default
next month. Lending Club (MIT): 9,857 loans, 517 bad.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.csv as pcsv

Labels = npt.NDArray[np.bool_]

# File, column of the outcome, its value for a default, and what tells nothing of the applicant.
FILES: dict[str, tuple[str, str, Any, tuple[str, ...]]] = {
    "german_credit": ("germancredit.csv", "creditability", "bad", ()),
    "taiwan_credit": ("UCI_Credit_Card.csv.gz", "Default", 1, ("ID",)),
    "lending_club": ("lending_club.csv", "Class", "bad", ()),
}
NAMES = {"german_credit": "German credit", "taiwan_credit": "Taiwan", "lending_club": "Lending Club"}


def read(name: str, folder_of: Callable[[str], Path]) -> tuple[pa.Table, Labels]:
    """The characteristics, and who defaulted."""
    file, outcome, default, ids = FILES[name]
    options = pcsv.ConvertOptions(null_values=["", " "], strings_can_be_null=True)
    table = pcsv.read_csv(folder_of(name) / file, convert_options=options)
    return table.drop_columns([outcome, *ids]), np.array(table[outcome].to_pylist(), dtype=object) == default
