{#- What is added to points lost in the codes of scorecard_code, so that none is negative. -#}
{% macro lost_offset() -%}
    {{ return(256) }}
{%- endmacro %}
