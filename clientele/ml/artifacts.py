"""Fitted models as bytes that are data, never pickle: skops with a list of what may be inside, and a sha256."""

from __future__ import annotations

import hashlib
from typing import Any

# Besides what skops trusts by itself (numpy, scikit-learn's public estimators, builtins).
TRUSTED = (
    "sklearn._loss.link.HalfLogitLink",
    "sklearn._loss.link.Interval",
    "sklearn._loss.link.LogLink",
    "sklearn._loss.loss.HalfBinomialLoss",
    "sklearn._loss.loss.HalfGammaLoss",
    "sklearn._loss.loss.HalfPoissonLoss",
    "sklearn.ensemble._hist_gradient_boosting.binning._BinMapper",
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
)


class ArtifactError(Exception):
    """An artifact is not what the registry says it is, or holds what may not be loaded."""


def pack(state: dict[str, Any]) -> bytes:
    """The bytes of a fitted model, given as a dict of numbers, texts, lists, arrays and scikit-learn estimators."""
    import skops.io

    return skops.io.dumps(state)


def sha256(artifact: bytes) -> str:
    """Hex digest by which an artifact is checked before it is opened."""
    return hashlib.sha256(artifact).hexdigest()


def unpack(artifact: bytes, digest: str, *, name: str = "model") -> dict[str, Any]:
    """What `pack` was given.

    Raises ArtifactError where the bytes do not have that sha256 (nothing is opened then), or where they hold a type
    that is not in TRUSTED.
    """
    import skops.io

    artifact = bytes(artifact)
    if sha256(artifact) != digest:
        raise ArtifactError(
            f"{name}: the artifact's sha256 is {sha256(artifact)[:12]}..., the registry says {digest[:12]}...: it was "
            "changed after it was fitted and is not opened. Fit anew with `clientele train`."
        )
    foreign = sorted(set(skops.io.get_untrusted_types(data=artifact)) - set(TRUSTED))
    if foreign:
        raise ArtifactError(f"{name}: the artifact holds {', '.join(foreign)}, which models here never do.")
    return skops.io.loads(artifact, trusted=list(TRUSTED))
