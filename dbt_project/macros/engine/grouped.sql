{#- A number as text with a comma before each three digits: 1,234.5. Null for what is no number of at most 15 digits, as
    are NaN and the infinities. `decimals` is how many are shown; a zero has no sign. -#}
{% macro grouped(number, decimals) -%}
    {{ return(adapter.dispatch('grouped', 'clientele')('case when abs(' ~ number ~ ') < 1e15 then round(' ~ number ~ ', ' ~ decimals ~ ') + 0.0 end', decimals)) }}
{%- endmacro %}

{% macro default__grouped(number, decimals) -%}
    format('{:,.{{ decimals }}f}', {{ number }})
{%- endmacro %}

{% macro spark__grouped(number, decimals) -%}
    format_number({{ number }}, {{ decimals }})
{%- endmacro %}
