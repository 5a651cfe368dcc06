"""SHAP's tree explainer on our trees: ``python tree_shap.py FOLDER``. Fits the trees again from the bins in FOLDER.

TreeExplainer reads the thresholds of scikit-learn's trees as they are: so it is given the bins, as the trees were.
"""

import json
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import shap
import sklearn

from clientele.ml.boosting import BoostingOptions, fit_trees
from clientele.ml.feature_table import Feature


def main() -> None:
    """Writes the values of both kinds; the last line tells seconds, versions and whether the trees are the same."""
    folder = Path(sys.argv[1])
    learn, rows, background = (pd.read_parquet(folder / f"{name}.parquet") for name in ("learn", "rows", "background"))
    y, told = learn.pop("y").to_numpy(), rows.pop("log_odds").to_numpy()
    trees = fit_trees(learn.to_numpy(), y, [Feature(name) for name in learn], BoostingOptions())
    result = {"shap": shap.__version__, "scikit-learn": sklearn.__version__}
    result["differs_by"] = float(np.abs(trees.decision_function(rows.to_numpy()) - told).max())
    # Given an array, SHAP would take 100 rows of it.
    masker = shap.maskers.Independent(background.to_numpy(), max_samples=len(background))
    for kind, given in {"interventional": masker, "tree_path_dependent": None}.items():
        began = time.perf_counter()
        explainer = shap.TreeExplainer(trees, data=given, feature_perturbation=kind)
        values = explainer.shap_values(rows.to_numpy(), check_additivity=False)
        result[f"{kind}_seconds"] = time.perf_counter() - began
        pd.DataFrame(values, columns=rows.columns).to_parquet(folder / f"{kind}.parquet")
    print(json.dumps(result))


main()
