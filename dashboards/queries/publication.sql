-- The publication that this file is, by the name of its folder.
select version, action, published_at, snapshot_date, models_json, n_warnings, code_version
from governance.publications
order by version = $version desc, action = 'publish' desc, published_at desc
limit 1
