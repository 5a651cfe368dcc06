import numpy as np
import pytest

from clientele.ml import artifacts


class Foreign:
    """A type that no model of ours holds."""


def test_data_comes_back_as_it_was() -> None:
    state = {"kind": "x", "steps": [np.arange(3.0), np.empty(0)], "nested": {"a": 1, "b": [1.5, "two"]}, "flag": True}
    packed = artifacts.pack(state)
    again = artifacts.unpack(packed, artifacts.sha256(packed))
    assert again["nested"] == state["nested"]
    assert (again["steps"][0] == state["steps"][0]).all()


def test_a_changed_byte_is_refused_before_anything_is_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    import skops.io

    packed = artifacts.pack({"kind": "x"})
    digest = artifacts.sha256(packed)
    monkeypatch.setattr(skops.io, "loads", lambda *_args, **_options: pytest.fail("it was opened"))
    changed = packed[:-1] + bytes([packed[-1] ^ 1])
    with pytest.raises(artifacts.ArtifactError, match=r"churn 12ab: .* was changed after it was fitted"):
        artifacts.unpack(changed, digest, name="churn 12ab")


def test_a_foreign_type_is_refused_though_the_digest_fits() -> None:
    packed = artifacts.pack({"kind": Foreign()})
    with pytest.raises(artifacts.ArtifactError, match="Foreign"):
        artifacts.unpack(packed, artifacts.sha256(packed))


def test_trees_are_trusted() -> None:
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

    x = np.random.default_rng(0).random((200, 3))
    for estimator, y in (
        (HistGradientBoostingClassifier(max_iter=3), x[:, 0] > 0.5),
        (HistGradientBoostingRegressor(max_iter=3, loss="gamma"), x[:, 0] + 0.1),
    ):
        packed = artifacts.pack({"trees": estimator.fit(x, y)})
        again = artifacts.unpack(packed, artifacts.sha256(packed))["trees"]
        assert (again.predict(x) == estimator.predict(x)).all()
