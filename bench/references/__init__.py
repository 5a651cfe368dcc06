"""The feature layer written by hand, once for each tool it is compared with.

Every module has ``build(lake, out)``: from the folder of a generated batch to a table or a Parquet file with the
columns of ``customer_features``. ``python -m bench.references TOOL LAKE OUT`` runs one in a process of its own.
"""
