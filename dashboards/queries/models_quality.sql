-- How good each champion was when it was last measured, forecasts of most customers first.
select model_name, horizon, period, n, auc, ece, gini, bias, bounds_coverage, silhouette
from governance.model_performance
where is_champion and group_name = 'all'
qualify row_number() over (partition by model_name, horizon order by period desc) = 1
order by max(case when silhouette is null then n end) over (partition by model_name) desc nulls last, model_name, horizon
