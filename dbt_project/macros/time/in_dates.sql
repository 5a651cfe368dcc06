{#- Whether a date column is one of some dates. -#}
{% macro in_dates(column, dates) -%}
    {{ column }} in (
        {%- for date in dates %}cast('{{ date }}' as date){{ ', ' if not loop.last }}{% endfor -%}
    )
{%- endmacro %}
