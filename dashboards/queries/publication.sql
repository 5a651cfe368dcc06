-- The publication that this file is.
select version, action, published_at, snapshot_date, models_json, n_warnings, code_version
from governance.publications
order by published_at desc
limit 1
