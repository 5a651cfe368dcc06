{#- Whether `snapshot_date` is one of the snapshots that this run builds. -#}
{% macro in_snapshots_to_build(column='snapshot_date') -%}
    {{ column }} in (
        {%- for date in snapshots_to_build() %}cast('{{ date }}' as date){{ ', ' if not loop.last }}{% endfor -%}
    )
{%- endmacro %}
