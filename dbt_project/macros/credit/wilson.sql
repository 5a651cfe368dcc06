{#- A bound of the 95 % interval of a share (Wilson 1927): `side` is -1 for the lower one, 1 for the upper. Never beyond the
    share itself, where rounding would put the lower bound of 0 above it. -#}
{% macro wilson(hits, n, side) -%}
    case
        when {{ n }} > 0 then {{ 'least(1, greatest' if side > 0 else 'greatest(0, least' }}(
            cast({{ hits }} as double) / {{ n }},
            (
                cast({{ hits }} as double) / {{ n }} + 1.9208 / {{ n }}
                + {{ side }} * 1.96 * sqrt(
                    cast({{ hits }} as double) / {{ n }} * (1 - cast({{ hits }} as double) / {{ n }}) / {{ n }}
                    + 0.9604 / {{ n }} / {{ n }}
                )
            ) / (1 + 3.8416 / {{ n }})
        ))
    end
{%- endmacro %}
