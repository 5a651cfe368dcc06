with measured as (
    select
        model_name,
        model_version,
        algorithm,
        is_champion,
        {{ json_rows('performance_json', [
            {'name': 'period', 'type': 'date'},
            {'name': 'protocol', 'type': 'varchar'},
            {'name': 'horizon', 'type': 'integer'},
            {'name': 'group_name', 'type': 'varchar'},
            {'name': 'group_value', 'type': 'varchar'},
            {'name': 'n', 'type': 'double'},
            {'name': 'base_rate', 'type': 'double'},
            {'name': 'auc', 'type': 'double'},
            {'name': 'pr_auc', 'type': 'double'},
            {'name': 'brier', 'type': 'double'},
            {'name': 'log_loss', 'type': 'double'},
            {'name': 'ece', 'type': 'double'},
            {'name': 'lift_10', 'type': 'double'},
            {'name': 'mae', 'type': 'double'},
            {'name': 'bias', 'type': 'double'},
            {'name': 'gini', 'type': 'double'},
            {'name': 'bounds_coverage', 'type': 'double'},
            {'name': 'silhouette', 'type': 'double'},
            {'name': 'stability', 'type': 'double'},
            {'name': 'agreement_with_last', 'type': 'double'},
            {'name': 'noise_share', 'type': 'double'},
            {'name': 'log_likelihood', 'type': 'double'},
            {'name': 'integrated_brier', 'type': 'double'},
            {'name': 'limit_days', 'type': 'integer'},
            {'name': 'share_before_median', 'type': 'double'},
            {'name': 'category_accuracy', 'type': 'double'},
            {'name': 'category_log_loss', 'type': 'double'},
            {'name': 'category_ece', 'type': 'double'},
        ]) }}
    from {{ ref('model_registry') }}
)

select
    *,
    {{ auc_bound('lower') }} as auc_lower,
    {{ auc_bound('upper') }} as auc_upper
from measured
