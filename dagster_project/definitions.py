"""All that Dagster loads; what there is to load stands in defs/."""

from pathlib import Path

import dagster as dg


@dg.definitions
def defs() -> dg.Definitions:
    """The definitions of every folder below defs/."""
    return dg.load_from_defs_folder(path_within_project=Path(__file__).parent)
