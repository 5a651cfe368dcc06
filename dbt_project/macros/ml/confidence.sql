{#- 1 - relative width of an interval: 1 less its half width over that and the estimate. 1 where the bounds meet, 1/2 where
    they are as far apart as twice the estimate. As a quotient, which stays above 0 for estimates however small. -#}
{% macro confidence(estimate, lower, upper) -%}
    case
        when {{ upper }} > {{ lower }} then 2 * {{ estimate }} / ({{ upper }} - {{ lower }} + 2 * {{ estimate }})
        else 1
    end
{%- endmacro %}
