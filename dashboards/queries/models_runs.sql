-- The steps of the last runs: how long they took, and what failed.
select started_at, job, asset_name, status, seconds, peak_memory_bytes, message
from governance.ops_runs
where asset_kind = 'step'
order by started_at desc
limit 40
