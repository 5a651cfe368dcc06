{#- Whether a row belongs to the newest snapshot that was built for all customers. -#}
{% macro is_newest_snapshot() -%}
    snapshot_date = (
        select max(snapshots.snapshot_date) from {{ ref('int_core__snapshots') }} as snapshots
        where snapshots.is_full
    )
{%- endmacro %}
