{#- The null policy of counts and sums: 0 for a customer without events, null where the source holds nothing yet. -#}
{% macro zero_if_covered(columns, coverage) -%}
    {%- for column in columns %}
    case when {{ coverage }} then coalesce({{ column }}, 0) end as {{ column }}{{ ',' if not loop.last }}
    {%- endfor %}
{%- endmacro %}
