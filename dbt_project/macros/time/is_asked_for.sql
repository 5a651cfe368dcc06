{#- Whether a date is one of the days that this run was asked to build. -#}
{% macro is_asked_for(date) -%}
    {{ date }} in (select asked.snapshot_date from {{ ref('int_core__snapshots') }} as asked where asked.is_asked)
{%- endmacro %}
