{#- The null policy of counts and sums: 0 for a customer without events, null where the source holds nothing yet.
    A sum with `counted_by` (n_orders for spend_7d and n_orders_7d) is also null where there were rows, but none with a
    value: the source does not tell, or no exchange rate was known. -#}
{% macro zero_if_covered(columns, coverage, counted_by=none) -%}
    {%- for column in columns %}
    {%- if counted_by %}
    case
        when {{ coverage }} and coalesce({{ counted_by }}_{{ column.split('_')[-1] }}, 0) = 0 then 0
        when {{ coverage }} then {{ column }}
    end as {{ column }}
    {%- else %}
    case when {{ coverage }} then coalesce({{ column }}, 0) end as {{ column }}
    {%- endif %}{{ ',' if not loop.last }}
    {%- endfor %}
{%- endmacro %}
