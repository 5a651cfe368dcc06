-- Which versions of the models each published day was told by, in order of publication.
select published_at, version, snapshot_date, models_json
from governance.publications
where action = 'publish'
order by published_at, version
