"""The models: plain functions over arrays and Arrow batches, which know neither dbt nor Dagster."""
