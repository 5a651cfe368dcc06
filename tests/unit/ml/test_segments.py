"""Segments: they are the simulated kinds, keep their ids and names next month, and survive small and empty data."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from clientele.ml import artifacts, segment_fit
from clientele.ml.segment_clusters import agreement, choose
from clientele.ml.segment_fit import COLUMNS, SegmentOptions
from clientele.ml.segment_ids import match
from clientele.ml.segment_model import NO_SEGMENT, PLACES, Segments
from clientele.ml.segment_names import Profile, name_all

from .kinds import USUAL, company, with_columns


def fit(table: pa.Table, last: Segments | None = None, **options: object) -> Segments:
    return segment_fit.fit(table, last=last, options=SegmentOptions(**options))  # type: ignore[arg-type]


def scored(segments: Segments, table: pa.Table) -> dict[str, list]:
    return segments.score(table).to_pydict()


def id_by_kind(segments: Segments, table: pa.Table) -> dict[str, int]:
    """The segment that most customers of a kind are in."""
    ids, kinds = np.array(scored(segments, table)["segment_id"]), np.array(table["kind"].to_pylist())
    return {kind: int(np.bincount(ids[kinds == kind]).argmax()) for kind in np.unique(kinds)}


def same_as_kinds(segments: Segments, table: pa.Table) -> float:
    return agreement(np.array(scored(segments, table)["segment_id"]), np.array(table["kind"].to_pylist()))


@pytest.fixture(scope="module")
def january() -> Segments:
    return fit(company())


def test_simulated_kinds_are_found(january: Segments) -> None:
    assert january.report["k"] == len(USUAL)
    assert january.report["stability"] > 0.9
    assert same_as_kinds(january, company()) > 0.95
    assert same_as_kinds(january, company(seed=2)) > 0.95, "customers it was not fitted on"


def test_names_say_what_customers_do(january: Segments) -> None:
    names = {name.text for name in january.names}
    assert len(names) == len(USUAL)
    assert not any(character.isdigit() for name in names for character in name)
    by_kind = {kind: dict(zip(january.ids, january.names, strict=True))[id_].text.lower()
               for kind, id_ in id_by_kind(january, company()).items()}  # fmt: skip
    assert "frequent" in by_kind["loyal"]
    assert "spenders" in by_kind["loyal"]
    assert "lapsed" in by_kind["lapsed"]
    assert "one-time buyers" in by_kind["lapsed"]
    assert "browsers who do not buy" in by_kind["browsers"]
    assert "discount" in by_kind["hunters"]


def test_next_month_keeps_ids_and_names(january: Segments) -> None:
    later = company(seed=2, grown=1.15)
    february = fit(later, january, seed=7)
    assert id_by_kind(february, later) == id_by_kind(january, company())
    assert dict(zip(february.ids, february.names, strict=True)) == dict(zip(january.ids, january.names, strict=True))
    assert february.report["agreement_with_last"] > 0.9


def test_order_of_rows_changes_nothing(january: Segments) -> None:
    table = company()
    again = fit(table.take(pa.array(np.random.default_rng(3).permutation(table.num_rows))))
    assert again.ids == january.ids
    assert again.names == january.names
    np.testing.assert_array_equal(again.centres, january.centres)


def test_new_kind_takes_a_new_id_and_a_retired_one_never_returns(january: Segments) -> None:
    table = company((*USUAL[:3], "whales"))
    february = fit(table, january)
    before, now = id_by_kind(january, company()), id_by_kind(february, table)
    assert {kind: now[kind] for kind in USUAL[:3]} == {kind: before[kind] for kind in USUAL[:3]}
    assert now["whales"] == january.next_id
    assert before["hunters"] not in february.ids
    march = fit(company(), february)
    assert id_by_kind(march, company())["hunters"] == february.next_id


def test_matching_leaves_out_who_is_too_far_away() -> None:
    last = np.array([[0.0, 0.0], [10.0, 0.0], [0.0, 10.0]])
    new = np.array([[9.0, 1.0], [0.5, -1.0], [40.0, 40.0]])
    assert match(new, last) == {0: 1, 1: 0}


def test_same_seed_same_result(january: Segments) -> None:
    again = fit(company())
    np.testing.assert_array_equal(again.centres, january.centres)
    assert again.names == january.names
    assert again.report == january.report
    assert not np.array_equal(fit(company(), most_rows=300, seed=5).centres, january.centres)


def test_sample_is_bounded() -> None:
    assert fit(company(), most_rows=200).report["n_customers"] == 200


def test_artifact_scores_alike(january: Segments) -> None:
    packed = artifacts.pack(january.to_state())
    loaded = Segments.from_state(artifacts.unpack(packed, artifacts.sha256(packed)))
    assert scored(loaded, company()) == scored(january, company())
    assert loaded.report == january.report
    assert loaded.next_id == january.next_id


def test_scores_are_distances_and_how_clear_they_are(january: Segments) -> None:
    rows = scored(january, company())
    own, other = np.array(rows["distance"]), np.array(rows["runner_up_distance"])
    assert (own <= other).all()
    np.testing.assert_allclose(rows["sureness"], 1 - own / other)
    assert (np.array(rows["segment_id"]) != np.array(rows["runner_up_id"])).all()
    points, ids = january.space.place(company()), np.array(rows["segment_id"])
    place = [january.ids.index(id_) for id_ in ids]
    np.testing.assert_allclose(own, np.linalg.norm(points - january.centres[place], axis=1))


def test_batches_give_what_the_whole_gives(january: Segments) -> None:
    table = company()
    parts = january.score_batches(table.to_batches(max_chunksize=37))
    assert pa.Table.from_batches(parts, schema=PLACES).equals(pa.Table.from_batches([january.score(table)]))


def test_empty_batch_is_an_empty_typed_batch(january: Segments) -> None:
    assert january.score(company().slice(0, 0)).schema == PLACES


def test_columns_that_hold_nothing_are_left_out() -> None:
    table = company()
    bare = with_columns(
        table,
        n_sessions_90d=pa.nulls(table.num_rows, pa.int64()),
        engagement_score=pa.nulls(table.num_rows, pa.float64()),
        refund_lifetime_share=pa.array(np.zeros(table.num_rows)),
    )
    segments = fit(bare)
    assert set(COLUMNS) - set(segments.space.columns) == {"n_sessions_90d", "engagement_score", "refund_lifetime_share"}
    assert same_as_kinds(segments, bare) > 0.9
    assert any("without an order" in name.text for name in segments.names)


def test_customer_with_nothing_known_gets_a_segment(january: Segments) -> None:
    nothing = pa.table({"customer_id": ["new"], **{name: pa.nulls(1, pa.float64()) for name in COLUMNS}})
    row = scored(january, nothing)
    assert row["segment_id"][0] in january.ids
    assert np.isfinite(row["distance"][0])


def test_rare_value_makes_no_segment_of_its_own() -> None:
    table = company()
    refunds = np.zeros(table.num_rows)
    refunds[:8] = 0.9
    segments = fit(with_columns(table, refund_lifetime_share=pa.array(refunds)))
    assert segments.report["k"] == len(USUAL)
    assert min(row["n_customers"] for row in segments.report["segments"]) > 100


def test_decimals_and_flags_are_numbers() -> None:
    table = company()
    money = pa.array(np.round(table["spend_lifetime"].to_numpy(), 2)).cast(pa.decimal128(28, 4))
    assert same_as_kinds(fit(with_columns(table, spend_lifetime=money)), table) > 0.95


def test_thirty_customers_are_enough() -> None:
    table = company(USUAL[:3], each=10)
    segments = fit(table)
    assert segments.report["k"] == 3
    assert same_as_kinds(segments, table) > 0.8


@pytest.mark.parametrize("n", [0, 1, 5])
def test_few_customers_are_one_segment_and_labelled_so(n: int) -> None:
    table = company().slice(0, n)
    segments = fit(table)
    assert [name.text for name in segments.names] == ["All customers"]
    assert "one segment" in segments.report["note"]
    rows = scored(segments, table)
    assert rows["segment_id"] == [1] * n
    assert rows["sureness"] == [1.0] * n
    assert rows["runner_up_id"] == [None] * n


def test_customers_who_are_all_alike_are_one_segment() -> None:
    table = company(("lapsed",), each=60)
    flat = pa.table({"customer_id": table["customer_id"], **{name: np.ones(60) for name in COLUMNS}})
    assert "no column" in fit(flat).report["note"]


def test_segment_of_all_does_not_hand_its_id_to_one_of_many() -> None:
    first = fit(company().slice(0, 5))
    grown = fit(company(), first)
    assert not set(first.ids) & set(grown.ids)
    assert fit(company(seed=2).slice(0, 8), first).ids == first.ids


def test_missing_column_is_named() -> None:
    with pytest.raises(KeyError, match="recency_days"):
        fit(company().drop_columns(["recency_days"]))


def test_any_columns_will_do() -> None:
    rng = np.random.default_rng(4)
    group = np.repeat([0, 1, 2], 60)
    table = pa.table(
        {
            "customer_id": [str(i) for i in range(180)],
            "tickets": rng.poisson(np.array([0.2, 5, 60])[group]),
            "visits": rng.poisson(np.array([60, 5, 0.2])[group]),
        }
    )
    segments = segment_fit.fit(table, ["tickets", "visits"])
    assert agreement(np.array(scored(segments, table)["segment_id"]), group) > 0.9
    assert "Customers with high tickets and with low visits" in {name.text for name in segments.names}


def test_like_profiles_get_different_names_without_a_number_of_their_own() -> None:
    like = [Profile("buyers", {"recency_days": 1.0}, {"recency_days": days}) for days in (400.0, 401.0)]
    names = [name.text for name in name_all(like, [None, None])]
    assert names == ["Lapsed buyers", "Lapsed buyers, recency days about 400"]
    close = [Profile("buyers", {"recency_days": z}, {"recency_days": 400.0}) for z in (1.0, 1.1, 1.2)]
    assert len({name.text for name in name_all(close, [None] * 3)}) == 3


def test_name_goes_when_it_is_no_longer_true() -> None:
    lapsed = Profile("buyers", {"recency_days": 1.0}, {"recency_days": 400.0})
    less, back = (Profile("buyers", {"recency_days": z}, {"recency_days": 200.0}) for z in (0.4, -1.0))
    (name,) = name_all([lapsed], [None])
    assert name_all([less], [name]) == [name]
    assert name_all([back], [name])[0].text == "Recent buyers"


def test_number_of_segments_is_the_clearest_of_the_stable_ones() -> None:
    def row(k: int, silhouette: float, stability: float, smallest: float = 0.1) -> dict[str, float]:
        return {"k": k, "silhouette": silhouette, "stability": stability, "smallest_share": smallest}

    tried = [row(3, 0.30, 0.95), row(4, 0.31, 0.9), row(5, 0.5, 0.5), row(6, 0.6, 0.99, 0.001)]
    assert choose(tried, last_k=None)["k"] == 4
    assert choose(tried, last_k=3)["k"] == 3, "not left for a difference that means nothing"
    assert choose([row(3, 0.3, 0.4), row(4, 0.2, 0.6)], last_k=None)["k"] == 4, "where none is stable"


class TestHdbscan:
    def fitted(self) -> tuple[Segments, pa.Table]:
        table = company(("loyal", "lapsed", "browsers"))
        rng = np.random.default_rng(9)
        spread = {name: pa.array(rng.uniform(0, 1, 25) * 10 ** rng.uniform(0, 5, 25)) for name in COLUMNS}
        strays = pa.table({"customer_id": [f"stray-{i}" for i in range(25)], "kind": ["stray"] * 25, **spread})
        table = pa.concat_tables([table, strays.select(table.column_names)], promote_options="permissive")
        return fit(table, algorithm="hdbscan"), table

    def test_finds_dense_groups_and_labels_the_rest_as_noise(self) -> None:
        segments, table = self.fitted()
        rows = scored(segments, table)
        kinds, ids = np.array(table["kind"].to_pylist()), np.array(rows["segment_id"])
        assert segments.report["k"] == 3
        assert segments.report["noise_share"] > 0
        assert same_as_kinds(segments, table) > 0.8
        assert (ids[kinds == "stray"] == NO_SEGMENT).mean() > 0.8
        assert {rows["segment_name"][i] for i in np.flatnonzero(ids == NO_SEGMENT)} == {"No clear segment"}
        assert {rows["sureness"][i] for i in np.flatnonzero(ids == NO_SEGMENT)} == {0.0}
        assert NO_SEGMENT not in segments.ids

    def test_unseen_customers_go_to_the_nearest_segment(self) -> None:
        segments, table = self.fitted()
        unseen = company(("loyal", "lapsed", "browsers"), seed=3)
        ids, seen = np.array(scored(segments, unseen)["segment_id"]), id_by_kind(segments, table)
        expected = np.array([seen[kind] for kind in unseen["kind"].to_pylist()])
        assert (ids == expected).mean() > 0.8

    def test_few_customers_are_one_segment(self) -> None:
        assert "one segment" in fit(company().slice(0, 5), algorithm="hdbscan").report["note"]
