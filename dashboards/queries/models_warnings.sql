-- Checks of the last run that did not pass.
select check_type, status, asset_name, check_name, value, threshold, message, evaluated_at
from governance.check_results
where
    run_id = (select max_by(run_id, evaluated_at) from governance.check_results)
    and status in ('warn', 'fail')
order by status, check_type, asset_name, check_name
