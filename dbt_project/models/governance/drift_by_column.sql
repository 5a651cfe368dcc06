with results as (select * from {{ ref('drift_results') }}),

-- A day that was looked at again shows what was found last: all rows of a run were found at one moment.
latest as (
    select
        *,
        max(evaluated_at) over (partition by snapshot_date, subject) as last_evaluated_at
    from results
),

ranked as (
    select
        *,
        value / threshold as of_threshold,
        row_number() over (
            partition by snapshot_date, subject, column_name, reference
            order by value / threshold desc, measure asc
        ) as place
    from latest
    where
        evaluated_at = last_evaluated_at
        and column_name is not null and value is not null and threshold > 0
),

-- Inputs of a model drift where they are unlike both of their references: the nearer one tells. One that could not be
-- measured by what missed tells nothing, which the status knows.
nearest as (
    select
        *,
        row_number() over (
            partition by snapshot_date, subject, column_name
            order by coalesce(status in ('warn', 'fail'), false) desc, of_threshold asc, reference asc
        ) as place_of_reference
    from ranked
    where place = 1
)

select
    snapshot_date,
    -- Not called subject: that is what tickets of persons have.
    subject as compared_table,
    subject_kind as compared_kind,
    column_name,
    measure,
    value,
    threshold,
    of_threshold,
    of_threshold >= 1 as is_drifted,
    reference,
    reference_date,
    model_name,
    model_version,
    n_reference,
    n_current
from nearest
where place_of_reference = 1
