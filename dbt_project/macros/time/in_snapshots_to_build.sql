{#- Whether `snapshot_date` is one of the snapshots that this run builds. From scratch that is all there are, and saying so
    tells the engine how many rows to expect: it takes a list of dates for a fifth of them, and then joins in an order
    that needs three times the memory. -#}
{% macro in_snapshots_to_build() -%}
    {#- Named before any condition, so that dbt sees the dependency. -#}
    {%- set dates = snapshots_to_build() -%}
    {{ in_dates('snapshot_date', dates) if is_incremental() else 'true' }}
{%- endmacro %}
