-- How far columns lie from what the champion learnt from, as a multiple of the threshold of each measure.
select
    snapshot_date,
    subject,
    column_name,
    max(value / nullif(threshold, 0)) as of_threshold,
    max_by(measure, value / nullif(threshold, 0)) as measure,
    max_by(value, value / nullif(threshold, 0)) as value,
    max_by(threshold, value / nullif(threshold, 0)) as threshold
from governance.drift_results
where
    column_name is not null
    and value is not null
    and subject_kind in ('features', 'scores')
    and snapshot_date > (select max(snapshot_date) - 60 from governance.drift_results)
group by snapshot_date, subject, column_name
order by of_threshold desc, subject, column_name
