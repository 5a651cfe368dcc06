{#- 1 - relative width of an interval: its half width, over that and the estimate. 1 where the bounds meet, 1/2 where they
    are as far apart as twice the estimate. -#}
{% macro confidence(estimate, lower, upper) -%}
    case
        when {{ upper }} > {{ lower }} then 1 - ({{ upper }} - {{ lower }}) / ({{ upper }} - {{ lower }} + 2 * {{ estimate }})
        else 1
    end
{%- endmacro %}
