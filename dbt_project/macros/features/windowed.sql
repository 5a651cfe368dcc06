{#- One aggregate over the last 7, 30 and 90 days before the snapshot: `<name>_7d`, `<name>_30d`, `<name>_90d`.
    The rows come from known_rows(..., days=90); `where` narrows them further. -#}
{% macro windowed(aggregate, name, clock, where=none) -%}
    {%- for days in windows() %}
    {{ aggregate }} filter (
        where {{ clock }} >= snapshot_date - interval '{{ days }}' day{{ ' and ' ~ where if where }}
    ) as {{ name }}_{{ days }}d{{ ',' if not loop.last }}
    {%- endfor %}
{%- endmacro %}
