-- What readers saw, and since when.
select published_at, action, version, snapshot_date, n_tables, n_rows, bytes, n_warnings, code_version
from governance.publications
order by published_at desc
limit 30
