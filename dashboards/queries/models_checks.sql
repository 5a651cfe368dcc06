-- Checks of the last run that had any, by kind and outcome.
select check_type, status, count(*) as n_checks
from governance.check_results
where run_id = (select max_by(run_id, evaluated_at) from governance.check_results)
group by check_type, status
order by check_type, status
