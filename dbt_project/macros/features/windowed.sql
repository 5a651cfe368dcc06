{#- One aggregate over the last 7, 30 and 90 days before the snapshot: `<name>_7d`, `<name>_30d`, `<name>_90d`.
    The rows come from known_rows(..., days=windows()[-1]), so the longest window needs no bound of its own.
    `where` narrows the rows further, `type` is the type of the result, `over` gives other windows than those of all
    features, ascending. -#}
{% macro windowed(aggregate, name, clock, type='bigint', where=none, over=none) -%}
    {%- for days in over or windows() %}
    {%- set bounds = [] if loop.last else [clock ~ " >= snapshot_date - interval '" ~ days ~ "' day"] %}
    {%- set bounds = bounds + ([where] if where else []) %}
    cast(
        {{ aggregate }}{% if bounds %} filter (where {{ bounds | join(' and ') }}){% endif %} as {{ type }}
    ) as {{ name }}_{{ days }}d{{ ',' if not loop.last }}
    {%- endfor %}
{%- endmacro %}
