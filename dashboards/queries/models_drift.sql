-- How far columns lie from their reference, as a multiple of the threshold.
select
    snapshot_date,
    compared_table,
    column_name,
    of_threshold,
    is_drifted,
    measure,
    value,
    threshold,
    model_name,
    model_version
from governance.drift_by_column
where
    compared_kind in ('features', 'scores')
    and snapshot_date > (select max(snapshot_date) - 60 from governance.drift_by_column)
order by of_threshold desc, compared_table, column_name
