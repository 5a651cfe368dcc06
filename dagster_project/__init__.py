"""The warehouse as Dagster assets: what runs when, in which order, and what is checked. Thin over `clientele` and dbt."""
