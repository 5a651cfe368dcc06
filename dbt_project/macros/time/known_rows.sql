{#- The point-in-time join: the versions of `relation` that each snapshot of this run knew, once per snapshot,
    with `snapshot_date`; only the last `days` before it if given. One snapshot needs no join: its customers
    are picked out where the feature joins the spine, and its bounds are literals that skip row groups. -#}
{% macro known_rows(relation, clock, days=none) -%}
    {%- set customer_spine = ref('int_core__customer_spine') -%}
    {%- set dates = snapshots_to_build() -%}
    {% if dates | length == 1 -%}
    select
        *,
        cast('{{ dates[0] }}' as date) as snapshot_date
    from {{ relation }}
    where
        {{ known_at(day(dates[0]), clock) }}
        {% if days %}and {{ clock }} >= {{ day(dates[0]) }} - interval '{{ days }}' day{% endif %}
    {%- else -%}
    select
        versions.*,
        spine.snapshot_date
    from {{ relation }} as versions
    inner join {{ customer_spine }} as spine
        on
            versions.customer_id = spine.customer_id
            and {{ known_at('spine.snapshot_at', clock, 'versions') }}
            {% if days %}and versions.{{ clock }} >= spine.snapshot_at - interval '{{ days }}' day{% endif %}
    where {{ in_snapshots_to_build('spine.snapshot_date') }}
    {%- endif %}
{%- endmacro %}
