"""Whether today still looks like what models learnt from: drift, performance, volume and freshness.

The one place that imports Evidently, inside the functions that need it, as the import takes seconds.
"""
