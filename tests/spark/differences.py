"""What is not the same on Spark, and why: the smoke test leaves these columns out and prints the reasons.

The order of columns is not compared: Spark keeps the columns of a partition behind all others.
"""

from __future__ import annotations

# "schema.table.column" -> reason.
DIFFERENCES: dict[str, str] = {
    "ml.ml_run.run_id": "names the run, of which each engine has its own",
    "ml.ml_run.scored_at": "is the start of that run",
}

# Models left out on both engines, as dbt selects them, and why.
LEFT_OUT = "ml_*__fit+ source:records+"
WHY_LEFT_OUT = (
    "dbt-spark runs Python models on hosted clusters alone, so that no fit and nothing that reads one is built here "
    "(those of credit: tests/spark/credit.py); records are files of the machine that runs"
)
# The classifier of free text is a Python model too: neither engine classifies any, and its table is left empty.
VARS = {"classify_free_text": False}
LEFT_OUT_ON_SPARK = f"{LEFT_OUT} int_emotion__classified"
