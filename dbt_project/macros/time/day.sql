{#- A date literal that compares with timestamps on both engines. -#}
{% macro day(date) -%}
    cast('{{ date }}' as timestamp)
{%- endmacro %}
