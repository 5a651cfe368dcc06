{#- Replaced the plain way: what this run builds is known only once this model is there. -#}
{{ config(
    materialized='incremental',
    unique_key='snapshot_date',
    incremental_strategy='insert_overwrite' if target.type == 'spark' else 'delete+insert'
) }}

{%- set plan = plan_snapshots() %}

{% for snapshot in plan %}
select
    cast('{{ snapshot.date }}' as date) as snapshot_date,
    {{ day(snapshot.date) }} as snapshot_at,
    cast({{ snapshot.lake_batch }} as bigint) as lake_batch,
    {{ snapshot.is_full }} as is_full,
    {{ snapshot.is_current }} as is_current,
    {{ snapshot.is_asked }} as is_asked
{{ 'union all' if not loop.last }}
{% endfor %}
