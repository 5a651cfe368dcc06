{#- Every entity of the raw contract, and what has come of it so far. -#}
{%- set entities = [] %}
{%- if execute %}
    {%- for source in graph.sources.values() | sort(attribute='unique_id')
        if source.config.meta.key is defined %}
        {%- do entities.append(source) %}
    {%- endfor %}
{%- endif %}
with contract as (
    {%- for source in entities %}
    select
        '{{ source.name }}' as entity,
        '{{ source.source_name }}' as domain,
        '{{ source.description | replace("'", "''") | trim }}' as description
    {{ 'union all' if not loop.last }}
    {%- else %}
    select
        cast(null as varchar) as entity,
        cast(null as varchar) as domain,
        cast(null as varchar) as description
    {%- endfor %}
),

landings as (
    select
        entity,
        max(batch) as last_batch,
        cast(sum(rows_landed) as bigint) as rows_landed,
        cast(sum(rows_corrected) as bigint) as rows_corrected,
        cast(sum(rows_refused) as bigint) as rows_refused,
        max(max_clock_at) as newest_event_at,
        max(landed_at) as landed_at
    from {{ ref('landings') }}
    group by entity
)

select
    contract.entity,
    contract.domain,
    contract.description,
    coalesce(landings.rows_landed, 0) > 0 as is_loaded,
    coalesce(landings.rows_landed, 0) as rows_landed,
    coalesce(landings.rows_corrected, 0) as rows_corrected,
    coalesce(landings.rows_refused, 0) as rows_refused,
    landings.last_batch,
    landings.newest_event_at,
    landings.landed_at
from contract
left join landings on contract.entity = landings.entity
