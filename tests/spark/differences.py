"""What is not the same on Spark, and why: the smoke test leaves these columns out and prints the reasons.

The order of columns is not compared: Spark keeps the columns of a partition behind all others.
"""

from __future__ import annotations

# "schema.table.column" -> reason.
DIFFERENCES: dict[str, str] = {
    "ml.ml_run.run_id": "names the run, of which each engine has its own",
    "ml.ml_run.scored_at": "is the start of that run",
}

# Models left out on both engines, as dbt selects them: dbt-spark runs Python models only on hosted clusters, so neither
# the fits nor what reads them can be built on a local Spark; records are files of the machine that runs.
LEFT_OUT = "ml_*__fit+ source:records+"
# The classifier of free text is a Python model too: neither engine classifies any, and its table is left empty.
VARS = {"classify_free_text": False}
LEFT_OUT_ON_SPARK = f"{LEFT_OUT} int_emotion__classified"
