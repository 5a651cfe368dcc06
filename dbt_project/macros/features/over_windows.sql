{#- The names that windowed() gives: ['n_orders_7d', 'n_orders_30d', ...]. -#}
{% macro over_windows(names) %}
    {%- set columns = [] -%}
    {%- for name in names -%}
        {%- for days in windows() -%}
            {%- do columns.append(name ~ '_' ~ days ~ 'd') -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(columns) }}
{% endmacro %}
