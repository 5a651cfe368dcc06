"""The warehouse as Dagster assets: what runs when, in which order, what is checked. Thin over `clientele` and dbt."""
