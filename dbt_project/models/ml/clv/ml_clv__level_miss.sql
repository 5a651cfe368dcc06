with measured as (
    select
        model_version,
        {{ json_rows('performance_json', [
            {'name': 'group_name', 'type': 'varchar'},
            {'name': 'bias', 'type': 'double'},
        ]) }}
    from {{ ref('ml_clv__fit') }}
)

select
    model_version,
    max(abs(bias)) as level_miss
from measured
where group_name = 'all'
group by model_version
