"""Whether the figures can be trusted today: yes, with care, or not as they stand; and what says so."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from dashboards import shown

# Days from the newest event to the publication beyond which figures want care, and beyond which they are of the past.
WANTS_CARE_DAYS, PAST_DAYS = 2, 31
LEADS = {"yes": "Yes", "with care": "Yes, with care", "no": "Not as they stand"}
HINTS = {"with care": "Take these figures with care", "no": "Do not trust these figures as they stand"}


def verdict(told: dict[str, Any], published_at: datetime | None) -> tuple[str, list[str]]:
    """Whether the figures can be trusted today (yes, with care, no), and what says so, of a row of data_health."""
    found = judged(told, published_at)
    return _worst(found), [said for _level, said in found]


def hint(told: dict[str, Any], published_at: datetime | None) -> str:
    """What readers of every page must know in one line; empty where the figures can be trusted."""
    found = judged(told, published_at)
    level = _worst(found)
    return "" if level == "yes" else f"**{HINTS[level]}**: {'; '.join(said for how, said in found if how != 'yes')}."


def _worst(found: list[tuple[str, str]]) -> str:
    return next(level for level in ("no", "with care", "yes") if level in {"yes", *(how for how, _said in found)})


def judged(told: dict[str, Any], published_at: datetime | None) -> list[tuple[str, str]]:
    """What is known of data, checks and models, each with what it means for the figures."""
    return [_of_data(told, published_at), _of_checks(told), *_of_models(told)]


def _of_data(told: dict[str, Any], published_at: datetime | None) -> tuple[str, str]:
    newest: datetime | None = told["newest_event_at"]
    if newest is None:
        return "no", "no event was ever loaded"
    said = f"data until {shown.day(newest)}"
    if published_at is None:
        return "yes", said
    age = (published_at - newest).days
    said += f", {shown.plural(age, 'day')} before it was published" if age > 0 else ", published within a day"
    return "no" if age > PAST_DAYS else "with care" if age > WANTS_CARE_DAYS else "yes", said


def _of_checks(told: dict[str, Any]) -> tuple[str, str]:
    failed, warned, passed = (int(told[f"n_checks_{status}"]) for status in ("failed", "warned", "passed"))
    if not failed + warned + passed:
        return "with care", "nothing was checked yet"
    said = f"{shown.plural(failed, 'check')} failed" if failed else "no check failed"
    level = "no" if failed else "with care" if warned else "yes"
    return level, f"{said}, {shown.number(warned)} warned, {shown.number(passed)} passed"


def _of_models(told: dict[str, Any]) -> list[tuple[str, str]]:
    if not told["n_models"]:
        return [("yes", "no model scores yet")]
    found = []
    # A publication that is older than these columns does not say.
    of = f"of {shown.plural(told['n_models'], 'model')}"
    if (drifted := told.get("n_models_drifted")) is not None:
        if told.get("drift_checked_for") is None:
            found.append(("with care", f"{of} none was looked at for drift yet"))
        else:
            said = f"{of} {shown.number(drifted) if drifted else 'none'} drifted"
            found.append(("with care" if drifted else "yes", said))
    if (due := told.get("n_models_due")) is not None:
        said = f"{shown.number(due) if due else 'none'} due to be fitted anew"
        found.append(("with care" if due else "yes", said))
    return found
