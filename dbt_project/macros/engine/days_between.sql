{#- Elapsed time between two timestamps in days, with its fraction. -#}
{% macro days_between(earlier, later) -%}
    {{ return(adapter.dispatch('days_between')(earlier, later)) }}
{%- endmacro %}

{% macro default__days_between(earlier, later) -%}
    ((epoch_us(cast({{ later }} as timestamp)) - epoch_us(cast({{ earlier }} as timestamp))) / cast(86400000000 as double))
{%- endmacro %}

{% macro spark__days_between(earlier, later) -%}
    ((unix_micros(cast({{ later }} as timestamp)) - unix_micros(cast({{ earlier }} as timestamp))) / cast(86400000000 as double))
{%- endmacro %}
