-- What the published columns mean.
select table_name, column_name, description
from governance.column_docs
