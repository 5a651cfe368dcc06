-- How well the newest versions told defaults from the others, on the same backtest, with intervals.
select algorithm, model_version, is_champion, metric, value, value_lower, value_upper, period, n_rows, n_defaults, protocol
from marts.credit_challengers
where population = 'all' and compared_with = 'none' and metric = 'gini'
qualify fit_number = max(fit_number) over (partition by algorithm)
order by is_champion desc, value desc
