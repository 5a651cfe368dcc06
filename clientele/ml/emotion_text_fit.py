"""Fits the parameters of `emotion_text` anew: ``python -m clientele.ml.emotion_text_fit GOEMOTIONS_FOLDER``.

The folder holds train.tsv.gz, dev.tsv and labels.txt (text, label numbers, comment id). Terms that occur in fewer than
three texts are left out; thresholds are those with the best F1 on the fifth of the train split that a first fit does
not see. The dev split is not read.
"""

from __future__ import annotations

import gzip
import json
import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from clientele.ml.emotion_text import PARAMETERS, Numbers, terms, tfidf

FEWEST_TEXTS = 3  # with a term; rarer ones tell of the author
REGULARISATION = 1.0
FOLDS = 5
Flags = npt.NDArray[np.bool_]


def labels_of(folder: Path) -> list[str]:
    """The labels in the order of their numbers."""
    return (folder / "labels.txt").read_text().split()


def texts_of(folder: Path, split: str) -> tuple[pa.Array, Flags]:
    """The texts of a split (train or dev), and which labels each has: a row a text, a column a label."""
    path = next(folder.glob(f"{split}.tsv*"))
    with gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8") as handle:
        rows = [line.rstrip("\n").split("\t") for line in handle]
    has = np.zeros((len(rows), len(labels_of(folder))), dtype=bool)
    for place, row in enumerate(rows):
        has[place, [int(number) for number in row[1].split(",")]] = True
    return pa.array([row[0] for row in rows]), has


def vocabulary(texts: pa.Array) -> tuple[pa.Array, Numbers]:
    """The terms of at least three texts in the order of the alphabet, and their inverse document frequency."""
    places, found = terms(texts)
    once = pa.table({"place": places, "term": found}).group_by(["place", "term"]).aggregate([])
    counted = once.group_by("term").aggregate([("place", "count")]).sort_by("term")
    counted = counted.filter(pc.greater_equal(counted["place_count"], FEWEST_TEXTS))
    n_texts = counted["place_count"].to_numpy()
    idf = np.log((1 + len(texts)) / (1 + n_texts)) + 1
    return counted["term"].combine_chunks(), idf.astype(np.float32)


def logistic(x: object, has: Flags) -> tuple[Numbers, Numbers]:
    """Weights and intercepts, a column a label: one regression each, both sides of it weighted alike."""
    from sklearn.linear_model import LogisticRegression

    columns, intercepts = [], []
    for label in range(has.shape[1]):
        model = LogisticRegression(C=REGULARISATION, class_weight="balanced", solver="liblinear", random_state=0)
        model.fit(x, has[:, label])
        columns.append(model.coef_[0])
        intercepts.append(model.intercept_[0])
    return np.array(columns, np.float32).T, np.array(intercepts, np.float32)


def best_thresholds(z: Numbers, has: Flags) -> Numbers:
    """Of each label the threshold of z with the highest F1."""
    chosen = []
    for label in range(has.shape[1]):
        order = np.argsort(-z[:, label], kind="stable")
        hits = np.cumsum(has[order, label])
        f1 = 2 * hits / (np.arange(1, len(order) + 1) + has[:, label].sum())
        last = int(np.argmax(f1))
        following = order[min(last + 1, len(order) - 1)]
        chosen.append((z[order[last], label] + z[following, label]) / 2)
    return np.array(chosen, np.float32)


def fit(folder: Path) -> pa.Table:
    """The parameters, as `emotion_text.stored` reads them."""
    texts, has = texts_of(folder, "train")
    known, idf = vocabulary(texts)
    x = tfidf(texts, known, idf)
    aside = np.arange(len(has)) % FOLDS == 0
    weights, intercepts = logistic(x[~aside], has[~aside])
    thresholds = best_thresholds(x[aside] @ weights + intercepts, has[aside])
    weights, intercepts = logistic(x, has)
    steps = np.abs(weights).max(axis=0) / 127
    whole = np.round(weights / steps).astype(np.int8)
    told = {
        "labels": labels_of(folder),
        "steps": steps.astype(float).tolist(),
        "intercepts": intercepts.astype(float).tolist(),
        "thresholds": thresholds.astype(float).tolist(),
        "source": "GoEmotions, Demszky et al. 2020, CC BY 4.0: train split",
    }
    lists = pa.FixedSizeListArray.from_arrays(pa.array(whole.ravel()), whole.shape[1])
    table = pa.table({"term": known, "idf": idf, "weights": lists})
    return table.replace_schema_metadata({"text_model": json.dumps(told)})


def main() -> int:
    """Write the parameters beside the module."""
    if len(sys.argv) != 2:
        print(__doc__, file=sys.stderr)  # noqa: T201
        return 2
    pq.write_table(fit(Path(sys.argv[1])), PARAMETERS, compression="zstd", compression_level=19)
    return 0


if __name__ == "__main__":
    sys.exit(main())
