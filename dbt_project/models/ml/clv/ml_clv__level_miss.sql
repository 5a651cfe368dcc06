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
    -- Bias is a share of what came; as a share of what was foretold it is larger below and smaller above.
    max(abs(1 / (1 + bias) - 1)) as level_miss
from measured
where group_name = 'all' and bias > -1
group by model_version
