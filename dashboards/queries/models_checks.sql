-- Checks of the last run that had any, by kind and outcome.
select check_type, status, n_checks, run_id, evaluated_at
from governance.check_counts
order by check_type, status
