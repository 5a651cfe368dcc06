{#- One bound, `lower` or `upper`, of the Wilson score interval (95 %) of a share: part of whole. Null without a whole, and
    where the part is no part of it (platforms attribute conversions to ads that nobody clicked). -#}
{% macro share_bound(part, whole, side) -%}
    {%- set z, n, k = 1.959964, 'cast(' ~ whole ~ ' as double)', 'cast(' ~ part ~ ' as double)' -%}
    {%- set spread = z ~ ' * sqrt(' ~ k ~ ' * (' ~ n ~ ' - ' ~ k ~ ') / ' ~ n ~ ' + ' ~ z * z / 4 ~ ')' -%}
    case
        -- Exactly, which the arithmetic of floats is not.
        when {{ whole }} > 0 and {{ part }} = {{ '0' if side == 'lower' else whole }}
            then cast({{ 0 if side == 'lower' else 1 }} as double)
        when {{ whole }} > 0 and {{ part }} between 0 and {{ whole }}
            then ({{ k }} + {{ z * z / 2 }} {{ '-' if side == 'lower' else '+' }} {{ spread }}) / ({{ n }} + {{ z * z }})
    end
{%- endmacro %}
