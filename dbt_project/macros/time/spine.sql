{#- The customers of the snapshots that this run builds. -#}
{% macro spine() -%}
    select * from {{ ref('int_core__customer_spine') }}
    where {{ in_snapshots_to_build() }}
{%- endmacro %}
