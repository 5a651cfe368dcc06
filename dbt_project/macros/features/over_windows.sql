{#- The names that windowed() gives: ['n_orders_7d', 'n_orders_30d', ...]; `over` as there. -#}
{% macro over_windows(names, over=none) %}
    {%- set columns = [] -%}
    {%- for name in names -%}
        {%- for days in over or windows() -%}
            {%- do columns.append(name ~ '_' ~ days ~ 'd') -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(columns) }}
{% endmacro %}
