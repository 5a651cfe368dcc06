-- How good scores on record were once outcomes were known, by the day that was scored.
select
    model_name,
    model_version,
    forecast,
    horizon,
    scored_on,
    judged_on,
    n,
    auc,
    auc_promised,
    brier,
    brier_promised,
    ece,
    bias,
    mae,
    mae_promised
from governance.model_live_performance
where ($model is null or model_name = $model)
order by model_name, forecast, scored_on
