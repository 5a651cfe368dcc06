"""Which emotion a short text tells of: TF-IDF over words and pairs of words, one logistic regression a label.

The parameters are data beside this module (`emotion_text.parquet`), fitted by `clientele/ml/emotion_text_fit.py` on the
train split of GoEmotions (Demszky et al. 2020; comments in English). Texts come and go as Arrow arrays; nothing here
loops over them.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

PARAMETERS = Path(__file__).with_suffix(".parquet")
BETWEEN_WORDS = r"[^\pL\pN']+"
TEXTS_AT_ONCE = 20_000  # bounds the memory of a batch

CLASSIFIED = pa.schema(
    [
        ("emotion_event_id", pa.string()),
        ("known_from", pa.timestamp("us")),
        ("label", pa.string()),
        ("text_model_version", pa.string()),
    ]
)

Numbers = npt.NDArray[np.float32]


def terms(texts: pa.Array) -> tuple[npt.NDArray[np.int64], pa.Array]:
    """The words of texts and the pairs of words that follow each other: of each, the place of its text, and itself.

    "Not bad at all" gives not, bad, at, all, "not bad", "bad at" and "at all". A null has none.
    """
    words = pc.split_pattern_regex(pc.utf8_lower(pc.fill_null(texts.cast(pa.string()), "")), BETWEEN_WORDS)
    places = pc.list_parent_indices(words).to_numpy().astype(np.int64)
    flat = pc.list_flatten(words)
    is_word = pc.greater(pc.binary_length(flat), 0)
    places, flat = places[np.asarray(is_word)], flat.filter(is_word)
    if len(flat) < 2:
        return places, flat
    together = places[1:] == places[:-1]
    pairs = pc.binary_join_element_wise(flat[:-1], flat[1:], " ").filter(pa.array(together))
    return np.concatenate([places, places[1:][together]]), pa.concat_arrays([flat, pairs])


@dataclass(frozen=True)
class TextModel:
    """A fitted classifier: `weights` has a row a term and a column a label."""

    version: str
    labels: tuple[str, ...]
    terms: pa.Array
    idf: Numbers
    weights: Numbers
    intercepts: Numbers
    thresholds: Numbers  # of z, from which a label counts as told

    def z(self, texts: pa.Array) -> Numbers:
        """Log-odds, one row a text, one column a label; labels exclude each other in no way."""
        return tfidf(texts, self.terms, self.idf) @ self.weights + self.intercepts

    def classify(self, texts: pa.Array) -> pa.Array:
        """The label of each text: the one that stands highest above its threshold. Equal texts are worked on once."""
        encoded = texts.cast(pa.string()).dictionary_encode()
        best = [np.empty(0, np.int64)]
        for start in range(0, len(encoded.dictionary), TEXTS_AT_ONCE):
            some = encoded.dictionary.slice(start, TEXTS_AT_ONCE)
            best.append(np.argmax(self.z(some) - self.thresholds, axis=1))
        return pa.array(self.labels).take(pa.array(np.concatenate(best)).take(encoded.indices))


@cache
def stored() -> TextModel:
    """The model beside this module. Its weights are whole numbers of a step, a step a label."""
    content = PARAMETERS.read_bytes()
    table = pq.read_table(pa.BufferReader(content))
    told = json.loads(table.schema.metadata[b"text_model"])
    steps = pc.list_flatten(table["weights"].combine_chunks()).to_numpy().reshape(len(table), len(told["labels"]))
    return TextModel(
        version=hashlib.sha256(content).hexdigest()[:12],
        labels=tuple(told["labels"]),
        terms=table["term"].combine_chunks(),
        idf=table["idf"].to_numpy().astype(np.float32),
        weights=steps.astype(np.float32) * np.array(told["steps"], np.float32),
        intercepts=np.array(told["intercepts"], np.float32),
        thresholds=np.array(told["thresholds"], np.float32),
    )


def classified(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Rows of CLASSIFIED for events with their free_text, which goes no further."""
    model = stored()
    columns = {
        "emotion_event_id": batch.column("emotion_event_id"),
        "known_from": batch.column("known_from"),
        "label": model.classify(batch.column("free_text")),
        "text_model_version": pa.array([model.version] * batch.num_rows, pa.string()),
    }
    return pa.RecordBatch.from_arrays([columns[field.name].cast(field.type) for field in CLASSIFIED], schema=CLASSIFIED)


def tfidf(texts: pa.Array, vocabulary: pa.Array, idf: Numbers) -> Any:
    """A sparse row a text and a column a term: 1 + log(count), times idf, of length 1 (a text without terms: 0)."""
    from scipy import sparse

    places, found = terms(texts)
    columns = pc.index_in(found, value_set=vocabulary)
    is_known = np.asarray(columns.is_valid())
    columns = pc.fill_null(columns, 0).to_numpy()[is_known]
    counts = sparse.coo_matrix(
        (np.ones(len(columns), np.float32), (places[is_known], columns)), shape=(len(texts), len(vocabulary))
    ).tocsr()
    counts.data = (1.0 + np.log(counts.data)) * idf[counts.indices]
    length = np.sqrt(np.asarray(counts.multiply(counts).sum(axis=1)).ravel())
    return sparse.diags((1.0 / np.maximum(length, 1e-12)).astype(np.float32)) @ counts
