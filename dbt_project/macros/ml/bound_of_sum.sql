{#- A bound of a sum over customers: what is off for all of them at once adds up, what is off for each by itself does so
    in squares. `together` are sums of the former, `squares` the sum of squares of the latter. Where no backtest told of
    the level, and below where that would be less, it is `outermost`, the sum of their bounds. (Above it is none: nine in
    ten of those who rarely buy spend nothing, and together they spend something.) -#}
{% macro bound_of_sum(side, total, outermost, together, squares) -%}
    {%- set off = 'sqrt(' ~ squares ~ ' + power(' ~ together | join(', 2) + power(') ~ ', 2))' -%}
    {{ 'greatest' if side == 'lower' else 'coalesce' }}(
        {{ total }} {{ '-' if side == 'lower' else '+' }} {{ off }}, {{ outermost }}
    )
{%- endmacro %}
