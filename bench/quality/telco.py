"""Telco churn, through our estimator as a table of customers, beside other tools in the same folds.

IBM's sample data: 7,043 customers, 1,869 of whom left. Five folds twice, stratified, seed 42, in the order of the file.
"""

from __future__ import annotations

from collections import Counter
from datetime import date
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.csv as pcsv
import pyarrow.parquet as pq

from bench.quality import peers, plain
from bench.quality.estimator import champion
from bench.quality.page import Options, Section, Target
from clientele.ml import churn, metrics
from clientele.ml.classifier import Examples
from clientele.ml.feature_table import choose_features, matrix
from clientele.ml.periods import fold_of
from clientele.ml.threads import single_threaded

FILE = "Telco-Customer-Churn.csv"
DAY = date(2020, 1, 1)  # of the only snapshot; the data set tells none
WORSE_AT_MOST = 0.003  # AUC below the better peer
METRICS = ("auc", "brier", "ece")
PEERS = {"lightgbm": "LightGBM, default", "catboost": "CatBoost, default"}
Splits = list[tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]]
Predicted = dict[str, list[npt.NDArray[np.float64]]]  # probabilities of the test rows, fold by fold


def customers(folder: Path) -> tuple[pa.Table, npt.NDArray[np.bool_]]:
    """The columns to learn from, and who left."""
    options = pcsv.ConvertOptions(null_values=["", " "], strings_can_be_null=True)
    table = pcsv.read_csv(folder / FILE, convert_options=options)
    left = np.array(table["Churn"].to_pylist()) == "Yes"
    return table.drop_columns(["customerID", "Churn"]), left


def folds(y: npt.NDArray[np.bool_], repeats: int = 2) -> Splits:
    """Places of the rows to learn from and to test on."""
    from sklearn.model_selection import RepeatedStratifiedKFold

    return list(RepeatedStratifiedKFold(n_splits=5, n_repeats=repeats, random_state=42).split(np.zeros(len(y)), y))


def ours(table: pa.Table, y: npt.NDArray[np.bool_], splits: Splits, seed: int) -> tuple[Predicted, Counter[str]]:
    """Predictions of the champion and of each algorithm, and how often which was champion."""
    predicted, chosen = Predicted(), Counter[str]()
    for learn, test in splits:
        rows = table.take(learn)
        features = choose_features(rows, rows.column_names)
        examples = Examples(
            matrix(rows, features), y[learn], features,
            np.full(len(learn), np.datetime64(DAY)), fold_of([str(place) for place in learn]),
        )  # fmt: skip
        best, candidates = champion(examples, 30, churn.learners("contractual", 30), seed=seed)
        chosen[best.algorithm] += 1
        for name, candidate in {"champion": best, **candidates}.items():
            assert candidate.classifier is not None
            x = matrix(table.take(test), candidate.classifier.model.features)
            predicted.setdefault(name, []).append(candidate.classifier.score(x, DAY)[0])
    return predicted, chosen


@single_threaded
def simpler(table: pa.Table, y: npt.NDArray[np.bool_], splits: Splits) -> Predicted:
    """Predictions of scikit-learn's plain logistic regression and boosting in the same folds."""
    from sklearn.compose import make_column_transformer
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    rows = table.to_pandas()
    texts = [field.name for field in table.schema if pa.types.is_string(field.type)]
    encoded = make_column_transformer(
        (OneHotEncoder(handle_unknown="ignore"), texts),
        remainder=make_pipeline(SimpleImputer(strategy="median"), StandardScaler()),
    )
    made = {"logistic regression, plain": lambda: make_pipeline(encoded, LogisticRegression(max_iter=2000))}
    rows[texts] = rows[texts].astype("category")
    return {
        name: [model().fit(rows.iloc[learn], y[learn]).predict_proba(rows.iloc[test])[:, 1] for learn, test in splits]
        for name, model in (made | plain.boosting()).items()
    }


def of_peers(
    table: pa.Table, y: npt.NDArray[np.bool_], splits: Splits, options: Options
) -> tuple[Predicted, dict[str, str]]:
    """Predictions of the peers in the same folds, and their versions."""
    folder = options.scratch("telco")
    numbers = np.zeros((len(y), len(splits)), dtype=bool)
    for number, (_, test) in enumerate(splits):
        numbers[test, number] = True
    pq.write_table(table, folder / "customers.parquet")
    tests = {f"test_{number}": numbers[:, number] for number in range(len(splits))}
    pq.write_table(pa.table({"y": y, **tests}), folder / "folds.parquet")
    versions = peers.run("boosting", folder, say=options.say)
    told = pq.read_table(folder / "predicted.parquet")
    return {
        name: [told[f"{name}_{number}"].to_numpy()[test] for number, (_, test) in enumerate(splits)] for name in PEERS
    }, versions


def measure(options: Options) -> Section:
    """Ours and the peers; the target is the AUC beside the better peer."""
    table, y = customers(options.data_set("telco_churn"))
    splits = folds(y)
    options.say("telco: ours in ten folds")
    predicted, chosen = ours(table, y, splits, options.seed)
    section = Section("telco", "Churn of a telephone company's customers (Telco)")
    names = {
        "champion": "**ours**: the champion of each fold",
        **{n: f"ours: {n}" for n in predicted if n != "champion"},
    }
    options.say("telco: scikit-learn, LightGBM and CatBoost in the same folds")
    by_sklearn = simpler(table, y, splits)
    predicted |= by_sklearn
    names |= {name: name for name in by_sklearn}
    try:
        told, section.versions = of_peers(table, y, splits, options)
        predicted |= told
        names |= PEERS
    except RuntimeError as error:
        section.notes.append(f"The peers did not run: {error}")
    scores = {name: _scores(rows, y, splits) for name, rows in predicted.items()}
    section.tables.append(_table(scores, names))
    section.results = {
        name: dict(zip(METRICS, rows.mean(axis=0).tolist(), strict=True)) for name, rows in scores.items()
    }
    found = [scores[name][:, 0].mean() for name in PEERS if name in scores]
    if found:
        ahead = scores["champion"][:, 0].mean() - max(found)
        section.targets.append(Target("AUC above the better of LightGBM and CatBoost", ahead, at_least=-WORSE_AT_MOST))
    section.notes += _notes(chosen)
    return section


def _scores(rows: list[npt.NDArray[np.float64]], y: npt.NDArray[np.bool_], splits: Splits) -> npt.NDArray[np.float64]:
    """One row a fold, one column a metric."""
    measured = [metrics.of_probabilities(p, y[test]) for p, (_, test) in zip(rows, splits, strict=True)]
    return np.array([[one[metric] for metric in METRICS] for one in measured])


def _table(scores: dict[str, npt.NDArray[np.float64]], names: dict[str, str]) -> list[list[str]]:
    rows = [["model", "AUC", "Brier", "ECE, 15 groups"]]
    for name, of in scores.items():
        cells = [f"{m:.4f} ± {s:.4f}" for m, s in zip(of.mean(axis=0), of.std(axis=0, ddof=1), strict=True)]
        rows.append([names[name], *cells])
    return rows


def _notes(chosen: Counter[str]) -> list[str]:
    champions = ", ".join(f"{name} in {n}" for name, n in chosen.most_common())
    return [
        "Mean ± standard deviation over RepeatedStratifiedKFold, 5 folds x 2, seed 42, rows in the order of the file,"
        " ids left out; IBM's sample data (Apache-2.0), 7,043 customers.",
        f"The champion is chosen and calibrated within each fold's training rows: {champions}.",
        "Peers get categories as categories (pandas' type, CatBoost's cat_features), the logistic regression as 0 and 1"
        f" beside standardised numbers; none is calibrated. Slower: {plain.WORDS}.",
    ]
