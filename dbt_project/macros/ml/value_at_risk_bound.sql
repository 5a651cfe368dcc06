{#- One bound, `lower` or `upper`, of a probability times a value, each with bounds of its own (columns of those names and
    _lower, _upper): both are off by themselves, so that what the product is off by adds up as squares, to first order and
    to each side by itself. Never below the product of both lower bounds, nor above the value's upper one. -#}
{% macro value_at_risk_bound(side, probability='churn_probability', amount='clv_365d') -%}
    {%- set p, p_bound, v, v_bound = probability, probability ~ '_' ~ side, amount, amount ~ '_' ~ side -%}
    {%- set off = 'sqrt(power(' ~ v ~ ' * (' ~ p ~ ' - ' ~ p_bound ~ '), 2) + power(' ~ p ~ ' * (' ~ v ~ ' - ' ~ v_bound ~ '), 2))' -%}
    case
        when {{ p }} * {{ v }} * {{ p_bound }} * {{ v_bound }} is not null
            {%- if side == 'lower' %}
            then greatest({{ p }} * {{ v }} - {{ off }}, {{ p_bound }} * {{ v_bound }}, 0)
            {%- else %}
            then least({{ p }} * {{ v }} + {{ off }}, {{ v_bound }})
            {%- endif %}
    end
{%- endmacro %}
