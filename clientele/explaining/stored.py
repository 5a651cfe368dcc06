"""Why a customer has the credit score they have, from stored rows alone: nothing is scored again.

A score stands with the version that gave it and the bin of each characteristic; a version stands with its scorecard. So
a score of any day that was built can be explained, whatever was fitted since.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

from clientele.explaining import verdict
from clientele.explaining.change import BY_DEGREES, Change, Characteristic, Means, band_of_scores, smallest_change
from clientele.explaining.units import rounded, unit_of
from clientele.querying import open_build

MOST_REASONS = 4
ABSURD = 1e15  # from here a number is not told, as the macro grouped has it
DIGITS = 15  # bins that a number of a score holds, as the macro scorecard_scores writes them
MISSING, OTHER = -1, -2  # bins that are no range, as clientele.ml.binning has them
CHANGED_SINCE = "built anew since"

Row = dict[str, Any]


class CannotExplainError(Exception):
    """There is no score to explain, or what is stored does not add up; the message says which, and what to do."""


@dataclass(frozen=True)
class Explanation:
    """A score in full. `decision`, `offers` and `consents` are rows as they are stored, of the run that gave the score.

    `answer` is what would bring a better recommendation, where there is one to bring; else `change` is what would move
    the band. `has_its_band` is false where the bands were drawn anew since, so that no change can be told of it.
    `facts` are what the rules of `policy` looked at. `human` is what people decided on what was recommended for the
    day, if they did. `legal_classes` are those of what was used, as the feature catalog has them, and `permission` the
    row of the consent policy that lets credit read financial data.
    """

    score: Row
    characteristics: list[Characteristic]
    reasons: list[tuple[Characteristic, str]]
    has_its_band: bool
    change: Change | None
    answer: verdict.Answer | None
    band_of: dict[int, str]
    pd_of: dict[int, float]
    policy: list[Row]
    facts: verdict.Facts | None
    decision: Row | None
    human: Row | None
    offers: list[Row]
    consents: list[Row]
    legal_classes: list[str]
    permission: Row | None
    currency: str


def explain(
    home: Path,
    customer_id: str,
    snapshot_date: date | None = None,
    *,
    load_grace_hours: float = 6,
    reporting_currency: str = "EUR",
    jurisdiction: str = "EU",
    credit_probation_days: int = 90,
) -> Explanation:
    """The score of a customer on a day, by default the last that was built.

    All four are the vars of the warehouse. What landed `load_grace_hours` after midnight was known for the day.

    Raises CannotExplainError; NoBuildError where nothing was built or a run holds the build.
    """
    with open_build(home) as connection:
        score = _score(connection, customer_id, snapshot_date)
        version = _version(connection, score)
        texts = _texts(connection)
        features = _features(connection, score)
        characteristics = _characteristics(
            score, json.loads(version["scorecard_json"]), texts, features, reporting_currency
        )
        _add_up(score, characteristics)
        bands = _rows(connection, "select band, pd_from, pd_to from seeds.credit_bands order by pd_from", [])
        pds = json.loads(version["pd_json"])
        band_of, order = band_of_scores(pds, bands), [row["band"] for row in bands]
        pd_of = {row["score"]: row["pd"] for row in pds}
        has_its_band = band_of.get(score["score"]) == score["band"]
        decision = next(iter(_of_day(connection, "ml.ml_credit__current_decisions", score)), None)
        policy = _policy(connection, decision)
        facts = verdict.facts_of(decision, features) if decision and "policy_verdict" in decision else None
        answer = decision and facts and verdict.answer(
            decision, policy, facts, characteristics, pd_of,
            probation_days=int(credit_probation_days), currency=reporting_currency,
        )  # fmt: skip
        is_of_band = has_its_band and not answer
        means = Means(max(0.0, (facts.left if facts else None) or 0.0))
        return Explanation(
            score=score,
            characteristics=characteristics,
            reasons=_reasons(connection, score, characteristics, texts, reporting_currency),
            has_its_band=has_its_band,
            change=smallest_change(score["score"], characteristics, band_of, order, means) if is_of_band else None,
            answer=answer or None,
            band_of=band_of,
            pd_of=pd_of,
            policy=policy,
            facts=facts,
            decision=decision,
            human=next(iter(_of_day(connection, "marts.credit_human_decisions", score, of_run=False)), None),
            offers=_of_day(connection, "ml.ml_credit__offers", score),
            consents=_consents(connection, score, timedelta(hours=float(load_grace_hours))),
            legal_classes=_legal_classes(connection, [one.name for one in characteristics]),
            permission=_permission(connection, jurisdiction),
            currency=reporting_currency,
        )


CONSENTS = """
    select purpose, legal_basis, has_notice, valid_from, valid_to
    from governance.gov_consent_asof
    where customer_id = ? and valid_from < ? and (valid_to is null or valid_to >= ?)
        and known_from < ? and (known_to is null or known_to >= ?)
    order by purpose, valid_from
"""


def _score(connection: duckdb.DuckDBPyConnection, customer_id: str, snapshot_date: date | None) -> Row:
    if not _exists(connection, "ml", "ml_credit__scores"):
        raise CannotExplainError("this warehouse holds no credit scores yet: `clientele run` builds them.")
    rows = _rows(
        connection,
        "select * from ml.ml_credit__scores where customer_id = ? order by snapshot_date desc",
        [customer_id],
    )
    if not rows:
        raise CannotExplainError(_why_no_score(connection, customer_id))
    if snapshot_date is None:
        return rows[0]
    found = next((row for row in rows if row["snapshot_date"] == snapshot_date), None)
    if found is None:
        days = ", ".join(str(row["snapshot_date"]) for row in rows[:5])
        raise CannotExplainError(f"{customer_id} has no credit score of {snapshot_date}. The newest there are: {days}.")
    return found


def _why_no_score(connection: duckdb.DuckDBPyConnection, customer_id: str) -> str:
    """Nobody of this name, nothing to go by, or no scorecard."""
    if not customer_id.strip():
        return "no customer was named: `clientele explain CUSTOMER_ID`."
    sql = "select max(snapshot_date) as day from features.customer_features where customer_id = ?"
    day = _rows(connection, sql, [customer_id])[0]["day"]
    if day is None:
        return f"no customer is called {customer_id!r}: compare it with customer_id in marts.customer_profile."
    if not _rows(connection, "select 1 from ml.ml_credit__scores limit 1", []):
        message = " ".join(_messages_of_credit(connection)) or "it has no row yet"
        return (
            f"{customer_id} has no credit score, as no scorecard serves: governance.model_registry says of model"
            f" credit: {message}."
        )
    known = f"{customer_id} is a customer (last seen {day})"
    return f"{known}, and has no credit score: no account, loan or instalment is known."


def _messages_of_credit(connection: duckdb.DuckDBPyConnection) -> list[str]:
    if not _exists(connection, "governance", "model_registry"):
        return []
    sql = "select distinct message from governance.model_registry where model_name = 'credit' and message is not null"
    return [str(row["message"]) for row in _rows(connection, f"{sql} order by message", [])]


def _version(connection: duckdb.DuckDBPyConnection, score: Row) -> Row:
    rows = _rows(
        connection,
        "select scorecard_json, pd_json from ml.ml_credit__fit where model_name = ? and model_version = ?"
        " and scorecard_json is not null",
        [score["model_name"], score["model_version"]],
    )
    if not rows:
        raise CannotExplainError(
            f"the scorecard {score['model_version']} that gave this score is no longer in ml.ml_credit__fit: bring the "
            "build back from a backup."
        )
    return rows[0]


def _policy(connection: duckdb.DuckDBPyConnection, decision: Row | None) -> list[Row]:
    """The rules of the version that the recommendation was made by."""
    if not decision or not _exists(connection, "seeds", "credit_policy"):
        return []
    sql = "select rule, verdict, threshold, reason from seeds.credit_policy where policy_version = ? order by place"
    return _rows(connection, sql, [decision["policy_version"]])


def _permission(connection: duckdb.DuckDBPyConnection, jurisdiction: str) -> Row | None:
    """By which credit reads financial data."""
    if not _exists(connection, "seeds", "consent_policy"):
        return None
    sql = (
        "select jurisdiction, note from seeds.consent_policy where jurisdiction = ? and purpose = 'credit'"
        " and legal_class = 'financial' and verdict = 'allow'"
    )
    return next(iter(_rows(connection, sql, [jurisdiction])), None)


def _characteristics(
    score: Row, scorecard: list[Row], texts: dict[str, Row], values: Row, currency: str
) -> list[Characteristic]:
    by_name: dict[str, list[Row]] = {}
    # The order in which a score keeps its bins: the macro champion_scorecard.
    for row in sorted(scorecard, key=lambda row: str(row["characteristic"])):
        by_name.setdefault(row["characteristic"], []).append(row)
    bins = [_bin_of(digit) for digit in _digits(score, len(by_name))]
    if len(bins) != len(by_name):
        raise CannotExplainError(
            f"the score holds {len(bins)} bins and its scorecard {len(by_name)} characteristics: one was changed."
        )
    made = []
    for number, (name, rows) in zip(bins, by_name.items(), strict=True):
        row = next((row for row in rows if row["bin"] == number), {})
        if not row:
            raise CannotExplainError(f"the scorecard has no bin {number} of {name}: one of them was changed.")
        value = values.get(name) if name not in values or _lies_in(row, values[name]) else CHANGED_SINCE
        text = texts.get(name, {})
        made.append(
            Characteristic(
                name, value, number, row["label"], row["points"], row["reference_points"], rows,
                words=text.get("words") or name.replace("_", " "),
                can_change=text.get("can_change") or BY_DEGREES,
                moves_with=text.get("moves_with"),
                safer_when=text.get("safer_when"),
                can_be_shown=bool(text.get("can_be_shown")),
                unit=unit_of(text, currency),
            )
        )  # fmt: skip
    return made


def _lies_in(row: Row, value: Any) -> bool:
    """Whether a value falls into a bin; features of a day may have been built anew since it was scored."""
    if value is None or row["bin"] < 0:
        return (value is None) == (row["bin"] == MISSING) or row["bin"] == OTHER
    if row.get("categories"):
        return value in row["categories"]
    lower, upper = row.get("lower"), row.get("upper")
    return (lower is None or value >= lower) and (upper is None or value < upper)


def _digits(score: Row, many: int) -> str:
    """A hexadecimal digit a characteristic, of which a score keeps fifteen a number, the last filled up with zeros.

    Scores from before that keep them as text.
    """
    if score.get("bin_words") is None:
        return str(score["bins"])
    digits = "".join(f"{word:015x}" for word in score["bin_words"]).upper()
    return digits[:many] if len(score["bin_words"]) == -(-many // DIGITS) else digits


def _bin_of(digit: str) -> int:
    """The bin that a hexadecimal digit of a score stands for, as the macro scorecard_code writes it."""
    return -2 if digit == "F" else int(digit, 16) - 1


def _features(connection: duckdb.DuckDBPyConnection, score: Row) -> Row:
    """What was known on that day; empty where its snapshot is not kept any more."""
    rows = _rows(
        connection,
        "select * from features.customer_features where customer_id = ? and snapshot_date = ?",
        [score["customer_id"], score["snapshot_date"]],
    )
    return rows[0] if rows else {}


def _add_up(score: Row, characteristics: Sequence[Characteristic]) -> None:
    total = score["base_points"] + sum(one.points for one in characteristics)
    if total != score["score"]:
        raise CannotExplainError(
            f"{score['base_points']} base points and those of the characteristics make {total}, the stored score is "
            f"{score['score']}: score or scorecard was changed after it was given."
        )


def _reasons(
    connection: duckdb.DuckDBPyConnection,
    score: Row,
    characteristics: Sequence[Characteristic],
    texts: dict[str, Row],
    currency: str,
) -> list[tuple[Characteristic, str]]:
    """What cost most points, in the words of the day; in today's where those are not kept."""
    lost = sorted((one for one in characteristics if one.points_lost > 0), key=lambda one: (-one.points_lost, one.name))
    lost, told = lost[:MOST_REASONS], _of_day(connection, "ml.ml_credit__reasons", score)
    if told:
        words = {row["characteristic"]: row["reason"] for row in sorted(told, key=lambda row: int(row["reason_rank"]))}
        if list(words) != [one.name for one in lost]:
            raise CannotExplainError(
                f"what was told of the score ({', '.join(words)}) is not what cost most points"
                f" ({', '.join(one.name for one in lost)}): one of them was changed after it was given."
            )
        return [(one, words[one.name]) for one in lost]
    return [(one, _in_words(one, texts.get(one.name), currency)) for one in lost]


def _texts(connection: duckdb.DuckDBPyConnection) -> dict[str, Row]:
    """Today's words, by characteristic."""
    if not _exists(connection, "seeds", "credit_reason_texts"):
        return {}
    return {row["characteristic"]: row for row in _rows(connection, "select * from seeds.credit_reason_texts", [])}


def _in_words(one: Characteristic, text: Row | None, currency: str) -> str:
    """The reason as credit_score_reasons has it; the bin where the value itself is not kept any more."""
    if text is None:
        return one.name.replace("_", " ")
    if one.bin == MISSING:
        return str(text["text_missing"])
    told, value = text["text"], one.label
    if isinstance(one.value, int | float | Decimal):
        number = float(one.value) * float(text["multiplier"])
        if not abs(number) < ABSURD:
            return one.words
        number = rounded(number, int(text["decimals"]))
        if number < 0 and text["text_negative"]:
            told, number = text["text_negative"], -number
        value = f"{number:,.{text['decimals']}f}"
    return str(told).replace("{value}", value).replace("{currency}", currency)


def _consents(connection: duckdb.DuckDBPyConnection, score: Row, load_grace: timedelta) -> list[Row]:
    """Those that ran on the day, by what was known of them when it was built."""
    midnight = datetime.combine(score["snapshot_date"], time())
    known = midnight + load_grace
    return _rows(connection, CONSENTS, [score["customer_id"], midnight, midnight, known, known])


def _legal_classes(connection: duckdb.DuckDBPyConnection, names: list[str]) -> list[str]:
    sql = "select feature, legal_class from governance.feature_catalog where list_contains(?, feature)"
    known = {row["feature"]: row["legal_class"] for row in _rows(connection, sql, [names])}
    return sorted({known.get(name, "unknown") for name in names})


def _of_day(connection: duckdb.DuckDBPyConnection, table: str, score: Row, *, of_run: bool = True) -> list[Row]:
    """Rows of a table that keeps its days, about this customer and day, of the run that gave the score.

    Or of whichever run, as people decided on what they were shown: the day may have been scored again since.
    """
    if not _exists(connection, *table.split(".")):
        return []
    rows = _rows(
        connection,
        f"select * from {table} where customer_id = ? and snapshot_date = ?",
        [score["customer_id"], score["snapshot_date"]],
    )
    return [row for row in rows if not of_run or row["run_id"] == score["run_id"]]


def _exists(connection: duckdb.DuckDBPyConnection, schema: str, table: str) -> bool:
    sql = "select 1 from information_schema.tables where table_schema = ? and table_name = ?"
    return bool(connection.execute(sql, [schema, table]).fetchall())


def _rows(connection: duckdb.DuckDBPyConnection, sql: str, values: Sequence[Any]) -> list[Row]:
    found = connection.execute(sql, list(values))
    names = [column[0] for column in found.description or []]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]
