"""Value by LightGBM in two parts, P(spends) x spend of one who does: ``python two_part.py FOLDER RFM_COLUMN ...``.

Learns from each `learn_<name>.parquet`, whose column `spend` is what came, and tells of the rows of `test.parquet`.
"""

import json
import sys
from pathlib import Path
from typing import Any

import lightgbm
import numpy as np
import pandas as pd


def told(x: pd.DataFrame, spend: pd.Series, test: pd.DataFrame) -> np.ndarray[Any, Any]:
    """Defaults but for the loss of the amounts, which is of the gamma distribution as they are positive."""
    options = {"random_state": 42, "n_jobs": 1, "verbose": -1}
    spends = spend > 0
    whether = lightgbm.LGBMClassifier(**options).fit(x, spends)
    amount = lightgbm.LGBMRegressor(objective="gamma", **options).fit(x[spends], spend[spends])
    return whether.predict_proba(test)[:, 1] * amount.predict(test)


def main() -> None:
    """Writes a column a set of rows and of columns, `all` or `rfm`; the last line tells the version."""
    folder, rfm = Path(sys.argv[1]), sys.argv[2:]
    test, predicted = pd.read_parquet(folder / "test.parquet"), {}
    for file in sorted(folder.glob("learn_*.parquet")):
        rows = pd.read_parquet(file)
        for columns, names in {"all": list(test), "rfm": rfm}.items():
            predicted[f"{file.stem.removeprefix('learn_')}_{columns}"] = told(rows[names], rows["spend"], test[names])
    pd.DataFrame(predicted).to_parquet(folder / "predicted.parquet")
    print(json.dumps({"LightGBM": lightgbm.__version__}))


main()
