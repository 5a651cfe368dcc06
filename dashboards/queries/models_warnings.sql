-- Checks of the last run that did not pass.
select check_type, status, asset_name, check_name, value, threshold, message, evaluated_at
from governance.check_results
where
    run_id in (select run_id from governance.check_counts)
    and status in ('warn', 'fail')
order by status, check_type, asset_name, check_name
