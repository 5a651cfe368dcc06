with importance as (
    select
        model_name,
        model_version,
        algorithm,
        is_champion,
        {{ json_rows('importance_json', [
            {'name': 'feature', 'type': 'varchar'},
            {'name': 'importance', 'type': 'double'},
        ]) }}
    from {{ ref('model_registry') }}
)

select
    *,
    rank() over (partition by model_name, model_version order by importance desc) as importance_rank
from importance
