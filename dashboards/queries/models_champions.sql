-- The versions that score, and when they were fitted.
select model_name, model_version, algorithm, status, fitted_for, horizon_days, n_rows, learnt_from, learnt_to, fit_reason
from governance.model_registry
where is_champion
order by model_name
