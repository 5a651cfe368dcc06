-- What is shown of published tables as a whole.
select distinct table_name, table_definition
from governance.column_docs
where table_definition <> ''
order by table_name
