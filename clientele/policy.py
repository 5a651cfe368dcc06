"""Whether what a credit model would read is allowed, asked of the compiled project before it is built.

Two questions: is every column that it reads of a class that the policy allows to credit, and is none made of a
protected attribute or of a feeling. The shadow's own columns, those of `feat_emotion_credit`, may be of the latter.
What no seed can allow is denied here: a policy that tries to is itself an error.
"""

from __future__ import annotations

import csv
import hashlib
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from clientele.contract import PROJECT_ROOT
from clientele.files import write_whole
from clientele.lineage import Lineage, tables_of
from clientele.lineage_query import LineageError
from clientele.nearest import meant
from clientele.seeds import SEEDS, rows_of

PURPOSE = "credit"
POLICY = SEEDS / "consent_policy.csv"
PURPOSES = ("credit", "customer_insight", "emotion_analytics", "emotion_credit")
# How classes begin that credit reads under no policy; as in allowed_classes.sql.
NEVER_ALLOWED = ("protected", "emotion")
# What credit models are fitted on and scored with, and what is said of customers by them. The shadow is fitted beside
# them, and never scores. The tables of fairness read protected attributes, and stand behind none of these.
READ_BY_CREDIT = (
    *("ml_credit__training_set", "ml_credit__inputs"),
    *("ml_credit__scores", "ml_credit__reasons", "ml_credit__decisions", "ml_credit__current_decisions"),
    "ml_credit__offers",
)
FITTED_ON, FIT, SHADOW = "ml_credit__training_set", "ml_credit__fit", "feat_emotion_credit"
CHECKED_FILE = "policy_checked.json"
# The same beside the code, for the next warehouse with the same vars; where the code cannot be written to, without.
SHARED_FILE = PROJECT_ROOT / "target" / CHECKED_FILE
MOST_STATES = 50  # of code and vars that are kept on record beside the code
CHECKED_CODE = (".sql", ".yml", ".csv", ".py")


class PolicyError(Exception):
    """A credit model would read what it must not; the message names each column and the way it took."""


def violations(manifest: Mapping[str, Any], jurisdiction: str) -> list[str]:
    """What is wrong with a compiled project (a dbt manifest), in words; nothing where it has no credit models."""
    models = {node["name"]: node for node in manifest["nodes"].values() if node["resource_type"] == "model"}
    lineage = Lineage(tables_of(manifest, _headers(manifest)))
    policy = _policy(manifest)
    allowed, found = allowed_classes(policy, jurisdiction), _allowed_in_vain(policy, jurisdiction)
    shadow = [name for name in models.get(SHADOW, {}).get("columns", ()) if name.startswith("emotion_")]
    # The columns of the shadow may be of feelings where it is fitted on them; no other column may be made of them.
    excused = [(FITTED_ON, (SHADOW, name)) for name in shadow]
    behind_fit = [(FIT, (FITTED_ON, name)) for name in shadow]
    classes = dict(_feature_classes(models))
    for root in (name for name in READ_BY_CREDIT if name in models):
        columns = lineage.columns(root)
        if not columns:
            raise LineageError(f"the columns of {root} are not known")
        of_shadow = set(shadow) if root == FITTED_ON else set[str]()
        for column in columns:
            legal_class, kept_for = classes.get(column, (None, None))
            if column in of_shadow or column not in classes:
                continue
            if legal_class not in allowed or (kept_for and PURPOSE not in kept_for):
                found.append(f"{root} reads {column}, which is {legal_class}: the policy allows {', '.join(allowed)}")
        for column in columns:
            of_feelings = excused if column in of_shadow else behind_fit
            found += map(str, lineage.violations(root, [column], of_feelings, allowed))
    return found


def seed_violations(jurisdiction: str, path: Path = POLICY) -> list[str]:
    """What is wrong with the policy as it is written, for credit and in a jurisdiction, by line and column."""
    rows = rows_of(path)
    found = [line for at, row in rows for line in _row_violations(f"{path.name} line {at}, column", row)]
    known = list(dict.fromkeys(row["jurisdiction"] for _, row in rows))
    if jurisdiction not in known:
        said = f"the var jurisdiction is {jurisdiction} (vars.yml of the warehouse), and {path.name} knows"
        return [*found, f"{said} {', '.join(known)}{meant(jurisdiction, known)}"]
    for at, row in rows:
        if (row["jurisdiction"], row["purpose"], row["legal_class"]) == (jurisdiction, PURPOSE, "financial"):
            if row["verdict"] == "deny":
                said = f"the policy of {jurisdiction} denies credit financial data, of which it is made; write allow"
                found.append(f"{path.name} line {at}, column verdict: {said}")
            return found
    said = (
        f"{path.name}: the policy of {jurisdiction} has no row that allows credit financial data, of which it is made"
    )
    return [*found, f"{said}; add {jurisdiction},{PURPOSE},financial,allow,false,"]


def _row_violations(where: str, row: Mapping[str, str]) -> Iterator[str]:
    """What the columns of a row do not tell one by one: clientele.seeds asks about those."""
    if row["purpose"] not in PURPOSES:
        nearest = meant(row["purpose"], PURPOSES)
        yield f"{where} purpose: {row['purpose']!r} is none of {', '.join(PURPOSES)}{nearest}"
    if row["verdict"] != "allow":
        return
    if row["legal_class"] == "protected":
        yield f"{where} verdict: protected attributes are allowed to no purpose; write deny"
    if row["purpose"] == PURPOSE and row["legal_class"].startswith("emotion"):
        yield f"{where} verdict: feelings are allowed to no credit; write deny (the shadow reads as emotion_credit)"
    if row["legal_class"] == "emotion_biometric" and row["requires_notice"].lower() != "true":
        yield f"{where} requires_notice: biometric emotion is allowed with a notice alone; write true"


def allowed_classes(policy: list[dict[str, str]], jurisdiction: str) -> list[str]:
    """The classes that credit may read: what the policy does not list is denied, and what is NEVER_ALLOWED always."""
    return [name for name in _listed(policy, jurisdiction) if not name.startswith(NEVER_ALLOWED)]


def _listed(policy: list[dict[str, str]], jurisdiction: str) -> list[str]:
    of_credit = (jurisdiction, PURPOSE, "allow")
    return [row["legal_class"] for row in policy if (row["jurisdiction"], row["purpose"], row["verdict"]) == of_credit]


def _allowed_in_vain(policy: list[dict[str, str]], jurisdiction: str) -> list[str]:
    """What a policy allows to credit though none may: whoever wrote it believes that it is used."""
    return [
        f"consent_policy.csv allows {name} to {PURPOSE}, which no policy may: set the verdict to deny "
        "(only the shadow, purpose emotion_credit, may read feelings)"
        for name in _listed(policy, jurisdiction)
        if name.startswith(NEVER_ALLOWED)
    ]


def ensure(home: Path, variables: Mapping[str, Any], jurisdiction: str, heeded: Mapping[str, Any]) -> None:
    """Raise PolicyError unless credit models read what they may, by the code and vars of a warehouse.

    `heeded` are those of the vars that tables depend on. Compiles the project without touching the warehouse, once for
    each state of code and vars: what was found right is on record in the warehouse's folder.
    """
    if not (PROJECT_ROOT / "dbt_project" / "models" / "ml" / "credit").is_dir():
        return
    if found := seed_violations(jurisdiction):
        raise PolicyError("\n".join(["nothing is built, as the policy cannot be followed:", *_bulleted(found)]))
    state, record = _state(heeded, jurisdiction), home / CHECKED_FILE
    if any(state in _checked(path) for path in (record, SHARED_FILE)):
        return
    try:
        found = violations(_compiled(home, variables), jurisdiction)
    except LineageError as error:
        found = [str(error)]
    if found:
        listed = "\n".join(_bulleted(found))
        raise PolicyError(
            f"nothing is built, as credit would read what it must not ({jurisdiction}, consent_policy.csv):\n{listed}"
        )
    write_whole(record, json.dumps([state]))
    with suppress(OSError):
        SHARED_FILE.parent.mkdir(exist_ok=True)
        write_whole(SHARED_FILE, json.dumps([*_checked(SHARED_FILE), state][-MOST_STATES:]))


def _bulleted(lines: list[str]) -> Iterator[str]:
    return (f"  - {line}" for line in lines)


def _checked(path: Path) -> list[str]:
    """The states that are on record as right; none where the file is not there or of an older kind."""
    try:
        states = json.loads(path.read_text())
    except (OSError, ValueError):
        return []
    return states if isinstance(states, list) else []


def _compiled(home: Path, variables: Mapping[str, Any]) -> dict[str, Any]:
    selection = " ".join(f"+{name}" for name in READ_BY_CREDIT)
    command = [sys.executable, "-m", "dagster_project.compiling", str(home), selection, json.dumps(dict(variables))]
    # As of no day: nothing that one run is told changes what is read.
    own = {name: value for name, value in os.environ.items() if name not in ("CLIENTELE_SNAPSHOT_DATE",)}
    env = own | {"CLIENTELE_HOME": str(home), "DBT_SEND_ANONYMOUS_USAGE_STATS": "false", "DO_NOT_TRACK": "1"}
    done = subprocess.run(command, cwd=PROJECT_ROOT, env=env, capture_output=True, text=True, check=False)
    if done.returncode:
        raise PolicyError(f"nothing is built, as the project does not compile:\n{_said(done.stdout)}")
    return json.loads((home / "target" / "policy" / "manifest.json").read_text())


def _said(output: str) -> str:
    """What is wrong, of what dbt printed, once: without where in its own code it was found."""
    lines = [line.strip() for line in output.splitlines()]
    noise = re.compile(r"$|>|Runtime Error$|Compilation Error in |.*Encountered an error:$")
    kept = dict.fromkeys(line for line in lines if not noise.match(line))
    return "\n".join(f"  - {line}" for line in kept) or output[-3000:]


def _state(variables: Mapping[str, Any], jurisdiction: str) -> str:
    """Names the code, the vars, the jurisdiction and this check itself."""
    digest = hashlib.sha256(json.dumps([jurisdiction, dict(variables)], sort_keys=True, default=str).encode())
    parts = [*(PROJECT_ROOT / "dbt_project").rglob("*"), PROJECT_ROOT / "dbt_project.yml"]
    own = [Path(__file__).with_name(name) for name in ("policy.py", "lineage.py", "lineage_query.py")]
    for path in sorted([*parts, *own]):
        if path.suffix in CHECKED_CODE:
            # With the folder: in which one a model lies says whether it holds features.
            digest.update(os.path.relpath(path, PROJECT_ROOT).encode() + path.read_bytes())
    return digest.hexdigest()


def _feature_classes(models: Mapping[str, Any]) -> Iterator[tuple[str, tuple[str, list[str] | None]]]:
    """Of each feature its class, and the purposes that its group is kept for."""
    for node in models.values():
        if node["path"].startswith("features/"):
            kept_for = node["config"].get("meta", {}).get("purposes")
            for name, column in node["columns"].items():
                if legal_class := column.get("config", {}).get("meta", {}).get("legal_class"):
                    yield name, (legal_class, kept_for)


def _policy(manifest: Mapping[str, Any]) -> list[dict[str, str]]:
    (seed,) = (node for node in manifest["nodes"].values() if node["name"] == "consent_policy")
    with (Path(seed["root_path"]) / seed["original_file_path"]).open(newline="", encoding="utf-8") as handle:
        return list(csv.DictReader(handle))


def _headers(manifest: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    found = {}
    for node in manifest["nodes"].values():
        if node["resource_type"] == "seed":
            with (Path(node["root_path"]) / node["original_file_path"]).open(newline="", encoding="utf-8") as handle:
                found[node["name"]] = tuple(next(csv.reader(handle)))
    return found
