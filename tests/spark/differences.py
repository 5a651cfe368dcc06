"""What is not the same on Spark, and why: the smoke test leaves these columns out and prints the reasons.

The order of columns is not compared: Spark keeps the columns of a partition behind all others.
"""

from __future__ import annotations

# "schema.table.column" -> reason.
DIFFERENCES: dict[str, str] = {}
