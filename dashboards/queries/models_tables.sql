-- Rows of the published tables.
select schema_name as table_schema, table_name, estimated_size as n_rows, column_count as n_columns
from duckdb_tables()
where schema_name in ('marts', 'governance')
order by table_schema desc, table_name
