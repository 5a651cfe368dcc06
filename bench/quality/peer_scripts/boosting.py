"""LightGBM and CatBoost as they come, on folds handed over as Parquet: ``python boosting.py FOLDER``."""

import json
import sys
from pathlib import Path

import catboost
import lightgbm
import numpy as np
import pandas as pd


def main() -> None:
    """Writes the probability of every test row, a column a model and fold; the last line tells versions."""
    folder = Path(sys.argv[1])
    x, folds = pd.read_parquet(folder / "customers.parquet"), pd.read_parquet(folder / "folds.parquet")
    texts = [name for name in x if x[name].dtype == object]
    codes, words = x.copy(), x.copy()
    for name in texts:
        codes[name] = codes[name].astype("category")
        words[name] = words[name].fillna("missing")
    models = {
        "lightgbm": (lambda: lightgbm.LGBMClassifier(random_state=42, n_jobs=1, verbose=-1), codes),
        "catboost": (
            lambda: catboost.CatBoostClassifier(
                random_seed=42, thread_count=1, cat_features=texts, verbose=0, allow_writing_files=False
            ),
            words,
        ),
    }
    predicted = {}
    for name, (made, rows) in models.items():
        for number in range(folds.shape[1] - 1):
            test = folds[f"test_{number}"].to_numpy()
            model = made().fit(rows[~test], folds["y"][~test])
            told = np.full(len(rows), np.nan)
            told[test] = model.predict_proba(rows[test])[:, 1]
            predicted[f"{name}_{number}"] = told
    pd.DataFrame(predicted).to_parquet(folder / "predicted.parquet")
    print(json.dumps({"LightGBM": lightgbm.__version__, "CatBoost": catboost.__version__}))


main()
