"""Seconds of optbinning's Scorecard on rows handed over as Parquet: ``python binning_speed.py FILE``."""

import json
import sys
import time
import warnings
from importlib.metadata import version

import pandas as pd
from optbinning import BinningProcess, Scorecard
from sklearn.linear_model import LogisticRegression

warnings.filterwarnings("ignore")


def main() -> None:
    """Binning of all characteristics, logistic regression and points; reading is not counted."""
    rows = pd.read_parquet(sys.argv[1])
    y = rows.pop("is_default").astype(int)
    texts = [name for name in rows if rows[name].dtype == object]
    began = time.perf_counter()
    process = BinningProcess(list(rows.columns), categorical_variables=texts, n_jobs=1)
    Scorecard(binning_process=process, estimator=LogisticRegression(max_iter=1_000)).fit(rows, y)
    print(json.dumps({"seconds": time.perf_counter() - began, "optbinning": version("optbinning")}))


main()
