-- How good the champions' forecasts were, by the day that was forecast from.
select
    model_name, model_version, period, horizon, n, base_rate, auc, auc_lower, auc_upper, brier, ece, mae, bias, gini, bounds_coverage, silhouette,
    protocol
from governance.model_performance
where is_champion and group_name = 'all' and ($model is null or model_name = $model)
order by model_name, horizon, period
