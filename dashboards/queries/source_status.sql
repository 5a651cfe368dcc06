-- Which sources were ever loaded, and how fresh they are.
select entity, domain, is_loaded, rows_landed, rows_corrected, rows_refused, newest_event_at, landed_at, description
from governance.source_status
order by is_loaded desc, domain, entity
