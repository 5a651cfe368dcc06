{#- Whether `snapshot_date` is one of the snapshots that this run builds. -#}
{% macro in_snapshots_to_build() -%}
    {{ in_dates('snapshot_date', snapshots_to_build()) }}
{%- endmacro %}
