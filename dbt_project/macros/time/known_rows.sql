{#- The point-in-time join: the versions of `relation` that each snapshot of this run knew, once per snapshot,
    with `snapshot_date`; only the last `days` before it if given. A snapshot for all customers needs no join: who
    existed is settled where the feature joins the spine (a lifetime keeps the others too, as they may register
    later), and its bounds are literals that skip row groups. Snapshots for a sample are joined to their customers. -#}
{% macro known_rows(relation, clock, days=none) -%}
    {%- set customer_spine = ref('int_core__customer_spine') -%}
    {%- set dates = snapshots_to_build() -%}
    {%- set sampled = sampled_snapshots(dates) -%}
    {%- for date in dates if date not in sampled %}
    select
        *,
        cast('{{ date }}' as date) as snapshot_date
    from {{ relation }}
    where
        {{ known_at(day(date), clock) }}
        {% if days %}and {{ clock }} >= {{ day(date) }} - interval '{{ days }}' day{% endif %}
    {{ 'union all' if not loop.last or sampled }}
    {%- endfor -%}
    {%- if sampled %}
    select
        versions.*,
        spine.snapshot_date
    from {{ relation }} as versions
    inner join {{ customer_spine }} as spine
        on
            versions.customer_id = spine.customer_id
            and {{ known_at('spine.snapshot_at', clock, 'versions') }}
            {% if days %}and versions.{{ clock }} >= spine.snapshot_at - interval '{{ days }}' day{% endif %}
    where {{ in_dates('spine.snapshot_date', sampled) }}
    {%- endif %}
{%- endmacro %}
