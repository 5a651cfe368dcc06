"""Failures of runs in words for people: what failed, why, what to do."""

import json
import urllib.request
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg

# What is said by these tells what to do; what they were raised from does not.
FOR_PEOPLE = (
    "Failure",
    "LandingError",
    "CannotRunError",
    "PublishingError",
    "RefusedError",
    "NoBuildError",
    "HeldError",
)
WEBHOOK = "CLIENTELE_ALERT_WEBHOOK"
NEXT = {
    "landed_exports": "Mend the file or the mapping it names and start `land` again; nothing of it has landed.",
    "dbt_build": "See which table or check it was, mend the model or the data, start the run again. "
    "What was published stays up.",
    "audit": "Published tables stay as they were. `clientele status` lists what stands against a new publication.",
    "published_marts": "`clientele status` tells which version readers see. Start the run again.",
}


def message_of(run: dg.DagsterRun, failures: list[tuple[str, str]]) -> str:
    """A message for people: what failed, why, what to do. `failures` is step and cause of each."""
    day = run.tags.get("dagster/partition", "")
    lines = [f"Clientele: {run.job_name}{f' of {day}' if day else ''} failed (run {run.run_id})."]
    for step, cause in failures:
        lines += ["", f"{step}: {cause.strip()}", NEXT.get(step, "Start the run again; every step can be repeated.")]
    return "\n".join(lines)


def root_cause(error: object) -> str:
    """The message of an error as Dagster serialises it: the first that was written for people, else the innermost."""
    while getattr(error, "cls_name", None) not in FOR_PEOPLE and getattr(error, "cause", None) is not None:
        error = error.cause  # type: ignore[attr-defined]
    text = str(getattr(error, "message", error)).strip()
    # Dagster begins it with the class of the exception, path and all.
    first, _, rest = text.partition(": ")
    return rest if rest and first.split(".")[-1] == getattr(error, "cls_name", None) else text


def write_message(text: str, run_id: str, home: Path) -> Path:
    """Keep a message under reports/failures."""
    path = home / "reports" / "failures" / f"{datetime.now(UTC):%Y-%m-%dT%H%M%S}-{run_id[:8]}.txt"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text + "\n")
    return path


def post(text: str, address: str) -> None:
    """Send a message to a webhook that takes {"text": ...}, as chat programs do. Raises OSError where it cannot."""
    if not address.startswith(("https://", "http://")):
        raise OSError(f"{WEBHOOK} is no address of a webhook: it begins with neither https:// nor http://")
    body = json.dumps({"text": text}).encode()
    request = urllib.request.Request(address, body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=10):
        pass
