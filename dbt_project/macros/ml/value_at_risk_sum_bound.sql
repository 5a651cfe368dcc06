{#- A bound of value at risk summed over customers, who hold value_at_risk with its bounds, level_miss, and what they are
    off by churn and by value to each side. -#}
{% macro value_at_risk_sum_bound(side) -%}
    {{ bound_of_sum(
        side,
        'sum(value_at_risk)',
        outermost='sum(value_at_risk_' ~ side ~ ')',
        together=['sum(off_by_churn_' ~ side ~ ')', 'max(level_miss) * sum(value_at_risk)'],
        squares='sum(power(off_by_value_' ~ side ~ ', 2))',
    ) }}
{%- endmacro %}
