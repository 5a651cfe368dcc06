-- The publication that this file is, by the name of its folder; it may have been published again, by a rollback.
select version, published_at, snapshot_date, models_json
from governance.publications
where version = $version
order by action = 'publish' desc, published_at desc
limit 1
