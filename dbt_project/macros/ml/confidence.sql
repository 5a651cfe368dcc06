{#- 1 - relative width of an interval: its half width over its middle. 1 where the bounds meet, 0 where the lower is 0. -#}
{% macro confidence(lower, upper) -%}
    case
        when {{ upper }} + {{ lower }} > 0 then 1 - ({{ upper }} - {{ lower }}) / ({{ upper }} + {{ lower }})
        else 1
    end
{%- endmacro %}
