{#- One bound, `lower` or `upper`, of the mean of a count that is chance alone (Poisson, 95 %, Byar's approximation):
    10 gives 4.8 and 18.4. -#}
{% macro count_bound(count, side) -%}
    {%- set k = 'cast(' ~ count ~ ' as double)' if side == 'lower' else '(cast(' ~ count ~ ' as double) + 1)' -%}
    case
        when {{ count }} {{ '> 0' if side == 'lower' else '>= 0' }}
            then {{ k }} * power(1 - 1 / (9 * {{ k }}) {{ '-' if side == 'lower' else '+' }} 1.959964 / (3 * sqrt({{ k }})), 3)
        when {{ count }} = 0 then cast(0 as double)
    end
{%- endmacro %}
