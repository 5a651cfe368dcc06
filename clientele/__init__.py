"""Clientele: a customer-intelligence warehouse built with dbt on DuckDB."""
